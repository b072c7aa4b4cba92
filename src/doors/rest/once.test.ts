import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { createImports } from '../../work/imports.ts'
import { assertProblem, eventCount, openDoor, type Sent } from '../http/testing.ts'
import { toy, toyTable } from '../http/toy.testing.ts'

const house = (t: TestContext) =>
  openDoor(t, { resources: [toy], tables: toyTable, imports: (context) => createImports(context) })
type Door = Awaited<ReturnType<typeof house>>

const FILE = Buffer.from(`${JSON.stringify({ code: 'ball', weight: 3 })}\n`)
const withKey = (key: string) => ({ headers: { 'idempotency-key': key } })

function upload({ send }: Door, key?: string): Promise<Sent> {
  const headers = { 'content-type': 'application/octet-stream', ...(key ? withKey(key).headers : {}) }
  return send('POST', '/api/imports?resource=toy&name=toys.jsonl', { body: FILE, headers })
}

const told = ({ status, headers, body }: Sent) => [
  status,
  body,
  headers['serai-change'],
  headers['idempotent-replayed'],
]

test('an undo with a key is done once: later, meanwhile, and after it was undone', async (t) => {
  const { send, pool } = await house(t)
  await send('POST', '/api/toys', { body: { code: 'ball', weight: 1 } })
  const changed = await send('PATCH', '/api/toys/ball', { body: { weight: 2 } })
  const url = `/api/changes/${changed.headers['serai-change']}/undo`
  const rehearsed = await send('POST', `${url}?dry_run=true`, withKey('k'))
  assert.deepEqual(
    [rehearsed.body.restored, await eventCount(pool)],
    [1, 2],
    'a rehearsal does not use the key up',
  )
  const answers = await Promise.all([1, 2, 3, 4].map(() => send('POST', url, withKey('k'))))
  const [first, ...others] = answers.toSorted((a) => (a.headers['idempotent-replayed'] ? 1 : -1))
  assert.deepEqual([first.body.restored, first.headers['idempotent-replayed']], [1, undefined])
  for (const other of others)
    assert.deepEqual(told(other), [200, first.body, first.headers['serai-change'], 'true'])
  assert.equal(await eventCount(pool), 3)
  await send('POST', `/api/changes/${first.body.change}/undo`)
  assert.deepEqual((await send('POST', url, withKey('k'))).body, first.body)
  assert.equal((await send('GET', '/api/toys/ball')).body.weight, 2, 'the redo stays')
  const other = await send('POST', `/api/changes/${first.body.change}/undo`, withKey('k'))
  assertProblem(other, 422, 'the same key for another change')
})

test('an upload with a key is one import, even when that was taken back meanwhile', async (t) => {
  const door = await house(t)
  const first = await upload(door, 'up')
  await door.send('POST', `/api/imports/${first.body.id}/cancel`)
  const again = await upload(door, 'up')
  assert.deepEqual([again.status, again.body.id, again.body.state], [200, first.body.id, 'cancelled'])
  const fresh = await upload(door)
  assert.notEqual(fresh.body.id, first.body.id)
})

test('the verbs of an import with a key answer again what they did, whatever became of it', async (t) => {
  const door = await house(t)
  const { send, pool } = door
  const { id } = (await upload(door)).body
  const verb = (name: string, key: string) => send('POST', `/api/imports/${id}/${name}`, withKey(key))
  const applied = await verb('apply', 'a')
  assert.deepEqual([applied.body.state, applied.headers['serai-change']], ['applied', applied.body.change])
  const answers = await Promise.all([1, 2, 3].map(() => verb('undo', 'u')))
  const events = await eventCount(pool)
  assert.equal(events, 2)
  assert.deepEqual(
    answers.map(({ status, body }) => [status, body.restored, body.change]),
    answers.map(() => [200, 1, answers[0].body.change]),
  )
  const late = await verb('apply', 'a')
  assert.deepEqual(
    [late.status, late.body.state, late.headers['serai-change'], late.headers['idempotent-replayed']],
    [200, 'undone', applied.body.change, 'true'],
  )
  assertProblem(await verb('apply', 'u'), 422, 'the key of the undo')
  assertProblem(await verb('undo', 'v'), 409, 'a second undo under another key')
  assert.equal(await eventCount(pool), events)
})

test('of many who take an import back without a key, one does', async (t) => {
  const door = await house(t)
  const { id } = (await upload(door)).body
  await door.send('POST', `/api/imports/${id}/apply`)
  const answers = await Promise.all([1, 2, 3].map(() => door.send('POST', `/api/imports/${id}/undo`)))
  assert.deepEqual(answers.map(({ status }) => status).toSorted(), [200, 409, 409])
  assert.equal((await door.send('GET', `/api/imports/${id}`)).body.undo_change !== null, true)
})

test('a cancel with a key is answered again', async (t) => {
  const door = await house(t)
  const { id } = (await upload(door)).body
  const cancel = () => door.send('POST', `/api/imports/${id}/cancel`, withKey('c'))
  const [first, second] = [await cancel(), await cancel()]
  assert.deepEqual([second.status, second.body], [200, first.body])
  assert.equal(second.headers['idempotent-replayed'], 'true')
})
