import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { type Door, eventCount, openDoor } from '../http/testing.ts'
import { toy, toyTable } from '../http/toy.testing.ts'

async function house(t: TestContext) {
  const door = await openDoor(t, { resources: [toy], tables: toyTable })
  await door.send('POST', '/api/toys', { body: { code: 'ball' } })
  for (const weight of [1, 2, 3]) await door.send('PATCH', '/api/toys/ball', { body: { weight } })
  return door
}

async function pages({ send }: Door, url: string): Promise<{ position: number; id: string }[]> {
  const seen = []
  for (let next: string | undefined = url; next; ) {
    const page = await send('GET', next)
    assert.equal(page.status, 200)
    seen.push(...page.body.items)
    next = /^<([^>]+)>; rel="next"$/.exec(String(page.headers.link ?? ''))?.[1]
    assert.equal(next === undefined, page.body.next === null)
  }
  return seen
}

test('history, events and changes are newest first, in pages', async (t) => {
  const door = await house(t)
  for (const url of [
    '/api/toys/ball/history?limit=3',
    '/api/events?limit=3',
    '/api/events?resource=toys&limit=1',
  ]) {
    const positions = (await pages(door, url)).map(({ position }) => position)
    assert.equal(positions.length, 4)
    assert.deepEqual(
      positions,
      positions.toSorted((a, b) => b - a),
    )
  }
  assert.equal((await pages(door, '/api/events?action=update')).length, 3)
  assert.equal((await pages(door, '/api/events?actor=cli:x')).length, 0)
  const changes = await pages(door, '/api/changes?limit=3')
  assert.equal(changes.length, 4)
  assert.deepEqual((await door.send('GET', `/api/changes/${changes[0].id}`)).body, changes[0])
})

test('an undo is rehearsed, done, and undone', async (t) => {
  const { send, pool } = await house(t)
  const { items } = (await send('GET', '/api/changes?limit=1')).body
  const url = `/api/changes/${items[0].id}/undo`
  const before = await eventCount(pool)
  const rehearsal = await send('POST', `${url}?dry_run=true`)
  assert.deepEqual([rehearsal.status, rehearsal.body.dry_run, rehearsal.body.change], [200, true, null])
  assert.equal(rehearsal.headers['serai-dry-run'], 'true')
  assert.equal(await eventCount(pool), before)
  const undone = await send('POST', `${url}?reason=slip`)
  assert.deepEqual(
    [undone.body.restored, undone.body.kept, undone.headers['serai-change']],
    [1, [], undone.body.change],
  )
  assert.equal((await send('GET', '/api/toys/ball')).body.weight, 2)
  await send('POST', `/api/changes/${undone.body.change}/undo`)
  assert.equal((await send('GET', '/api/toys/ball')).body.weight, 3)
})

test('what somebody changed since is kept, and listed', async (t) => {
  const { send } = await house(t)
  const { items } = (await send('GET', '/api/changes?limit=2')).body
  const { status, body } = await send('POST', `/api/changes/${items[1].id}/undo`)
  assert.deepEqual([status, body.restored, body.kept.length, body.kept[0].field], [200, 0, 1, 'weight'])
  assert.equal((await send('GET', '/api/toys/ball')).body.weight, 3)
})

const wrong: [string, string, number][] = [
  ['GET', '/api/toys/no/history', 404],
  ['GET', '/api/toys/ball/history?before=x', 400],
  ['GET', '/api/toys/ball/history?limit=0', 400],
  ['GET', '/api/events?resource=nothing', 404],
  ['GET', '/api/events?record=x', 400],
  ['GET', '/api/events?change=x', 400],
  ['GET', '/api/events?weather=x', 400],
  ['GET', '/api/changes?before=x', 400],
  ['GET', '/api/changes/x', 404],
  ['GET', '/api/changes/01890000-0000-7000-8000-000000000000', 404],
  ['POST', '/api/changes/x/undo', 404],
  ['POST', '/api/changes/01890000-0000-7000-8000-000000000000/undo', 404],
]
test('questions to the log that make no sense are refused', async (t) => {
  const { send } = await house(t)
  for (const [method, url, status] of wrong)
    assert.equal((await send(method, url)).status, status, `${method} ${url}`)
  const { items } = (await send('GET', '/api/changes?limit=1')).body
  const told = await send('POST', `/api/changes/${items[0].id}/undo`, { body: { dry_run: true } })
  assert.deepEqual([told.status, /takes no body/.test(told.body.detail)], [400, true])
})

test('nobody reads the log of what they may not read, nor takes it back', async (t) => {
  const { send } = await house(t)
  const token = 'nobody-token'
  const { items } = (await send('GET', '/api/changes?limit=1')).body
  assert.equal((await send('GET', '/api/events?resource=token', { token: 'viewer-token' })).status, 403)
  assert.equal(
    (await send('POST', `/api/changes/${items[0].id}/undo`, { token: 'viewer-token' })).status,
    403,
  )
  assert.deepEqual(
    (await send('GET', '/api/describe', { token: 'nobody-token' })).body.resources.map(
      (each: { name: string }) => each.name,
    ),
    ['access_request', 'toy'],
  )
  assert.equal((await send('GET', '/api/toys/ball/history', { token })).status, 404)
})
