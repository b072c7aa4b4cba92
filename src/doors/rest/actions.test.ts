import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { f } from '../../kernel/fields/index.ts'
import { type Declaration, resource } from '../../kernel/resource.ts'
import { everybody } from '../../kernel/rule.ts'
import { eventCount, openDoor } from '../http/testing.ts'
import { toy, toyTable } from '../http/toy.testing.ts'

async function house(t: TestContext) {
  const door = await openDoor(t, { resources: [toy], tables: toyTable })
  const body = [
    { code: 'ball', weight: 1_500, colour: 'red' },
    { code: 'bat', weight: 500 },
  ]
  assert.equal((await door.send('POST', '/api/toys', { body })).status, 201)
  return door
}

test('a verb on one record, on many, and on one that is not there', async (t) => {
  const { send, pool } = await house(t)
  const lent = await send('POST', '/api/toys/ball/lend')
  assert.deepEqual(
    [lent.status, lent.body.state, String(lent.headers.etag).slice(0, 3)],
    [200, 'lent', '"2-'],
  )
  const again = await send('POST', '/api/toys/ball/lend', { body: {} })
  assert.deepEqual([again.status, /needs it to be here/.test(again.body.detail)], [409, true])
  const painted = await send('POST', '/api/toys/paint', { body: { ids: ['ball', 'bat'], colour: 'blue' } })
  assert.deepEqual(
    painted.body.items.map((item: { code: string; colour: string }) => [item.code, item.colour]),
    [
      ['ball', 'blue'],
      ['bat', 'blue'],
    ],
  )
  const updated = await send('POST', '/api/toys/update', { body: { ids: ['ball', 'bat'], weight: 7 } })
  assert.equal(updated.body.items[1].weight, 7)
  const before = await eventCount(pool)
  assert.equal(
    (await send('POST', '/api/toys/paint', { body: { ids: ['ball', 'no'], colour: 'red' } })).status,
    404,
  )
  assert.equal((await send('POST', '/api/toys/no/lend')).status, 404)
  assert.equal(await eventCount(pool), before)
})

const wrong: [string, string, unknown, number, string][] = [
  ['no ids', '/api/toys/paint', { colour: 'red' }, 422, '/ids'],
  ['ids that are no list', '/api/toys/paint', { ids: 'ball', colour: 'red' }, 422, '/ids'],
  ['ids that are no texts', '/api/toys/paint', { ids: [1], colour: 'red' }, 422, '/ids'],
  ['an empty list of ids', '/api/toys/paint', { ids: [], colour: 'red' }, 422, ''],
  ['too many ids', '/api/toys/paint', { ids: Array(1_001).fill('ball'), colour: 'red' }, 422, ''],
  ['a wrong input', '/api/toys/ball/paint', { colour: 'green' }, 422, '/colour'],
  ['an unknown member', '/api/toys/ball/paint', { colour: 'red', gloss: true }, 422, '/gloss'],
  ['a list', '/api/toys/ball/paint', [{ colour: 'red' }], 422, ''],
  ['null', '/api/toys/ball/paint', 'null', 422, ''],
]
test('a verb that is called wrongly is refused where it is wrong', async (t) => {
  const { send, pool } = await house(t)
  const before = await eventCount(pool)
  for (const [name, url, body, status, pointer] of wrong) {
    const headers = { 'content-type': 'application/json' }
    const answer = await send('POST', url, { body: body as object, headers })
    assert.equal(answer.status, status, name)
    if (pointer)
      assert.deepEqual(
        answer.body.errors.map((each: { pointer: string }) => each.pointer),
        [pointer],
        name,
      )
  }
  assert.equal(await eventCount(pool), before)
})

test('a verb that only reads answers GET too, its input from the parameters', async (t) => {
  const { send } = await house(t)
  assert.deepEqual((await send('GET', '/api/toys/sum')).body, { sum: 2_000 })
  assert.deepEqual((await send('GET', '/api/toys/sum?least=1000')).body, { sum: 1_500 })
  assert.deepEqual((await send('POST', '/api/toys/sum', { body: { least: 1_000 } })).body, { sum: 1_500 })
  const weighed = await send('GET', '/api/toys/ball/weigh?unit=kg')
  assert.deepEqual([weighed.body.weight, weighed.body.unit], [1.5, 'kg'])
  assert.equal((await send('GET', '/api/toys/ball/weigh')).status, 422)
  assert.equal((await send('GET', '/api/toys/ball/weigh?unit=t')).status, 422)
  assert.equal((await send('GET', '/api/toys/sum?most=1')).status, 400)
  assert.equal((await send('GET', '/api/toys/ball/paint?colour=red')).status, 405)
  assert.deepEqual((await send('GET', '/api/toys/sum', { token: 'nobody-token' })).status, 403)
})

test('a failure of ours is a 500 that tells nothing but where to look', async (t) => {
  const { send, pool } = await house(t)
  const before = await eventCount(pool)
  const { status, body, text } = await send('POST', '/api/toys/explode', {
    headers: { 'x-request-id': 'r-1' },
  })
  assert.deepEqual([status, body.type, body.request_id], [500, '/docs/problems#internal', 'r-1'])
  assert.doesNotMatch(text, /hunter2|TypeError|\.ts/)
  assert.equal(await eventCount(pool), before)
})

test('an answer that is shown once comes with the record, and only then', async (t) => {
  const { send } = await house(t)
  const made = await send('POST', '/api/tokens', { body: { name: 'till', role: 'staff' } })
  assert.equal(made.status, 201)
  assert.match(made.body.token, /^srt_/)
  assert.equal(made.body.name, 'till')
  assert.equal('token' in (await send('GET', '/api/tokens/till')).body, false)
  assert.equal('hash' in (await send('GET', '/api/tokens/till')).body, false)
  const revoked = await send('POST', '/api/tokens/till/revoke')
  assert.equal(typeof revoked.body.revoked_at, 'string')
  assert.equal((await send('PATCH', '/api/tokens/till', { body: { role: 'owner' } })).status, 405)
})

const hiding: [string, Partial<Declaration>, RegExp][] = [
  ['a plural of ours', { plural: 'events' }, /is a path of its own/],
  [
    'an action of ours',
    { actions: { export: { description: '', effect: 'write', on: 'records', input: {}, set: () => ({}) } } },
    /hides a path/,
  ],
  [
    'an input named ids',
    {
      actions: {
        move: { description: '', effect: 'write', on: 'records', input: { ids: f.text() }, set: () => ({}) },
      },
    },
    /names the records/,
  ],
]
for (const [name, declaration, reason] of hiding)
  test(`a resource with ${name} does not start`, async (t) => {
    const hidden = resource('thing', {
      fields: { code: f.text() },
      key: ['code'],
      access: { read: everybody },
      ...declaration,
    })
    await assert.rejects(openDoor(t, { resources: [hidden] }), reason)
  })
