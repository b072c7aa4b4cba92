import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { assertProblem, eventCount } from '../../src/doors/http/testing.ts'
import { perform } from '../../src/engine/perform.ts'
import { systemActor } from '../../src/kernel/actor.ts'
import type { Row } from '../../src/kernel/field.ts'
import { accessHouse } from './house.ts'

async function requestHouse(t: TestContext) {
  const house = await accessHouse(t)
  await house.person('ana', 'staff')
  await house.person('max', 'manager')
  await house.person('ada', 'admin')
  const ask = async (body: Row, token = 'ana') =>
    house.as(token)('POST', '/api/access_requests', { body: { reason: 'stock taking', ...body } })
  const decide = (id: string, verb: string, token: string, body: Row = {}) =>
    house.as(token)('POST', `/api/access_requests/${id}/${verb}`, { body })
  return { ...house, ask, decide }
}

test('somebody else who may give it approves; the grant is made in the same change, and lapses', async (t) => {
  const { ask, decide, as, send, keeper, pool } = await requestHouse(t)
  await send('POST', '/api/toys', { body: { code: 'ball' } })
  const asked = await ask({ permission: 'toy:read' })
  assert.equal(asked.status, 201, asked.text)
  const request = asked.body
  assert.equal(request.state, 'pending')
  const hours = (Date.parse(request.until) - Date.now()) / 3_600_000
  assert.ok(hours > 23.9 && hours <= 24, `${hours} hours`)
  assertProblem(await decide(request.id, 'approve', 'ana'), 403, 'one does not approve at all')
  assertProblem(await decide(request.id, 'approve', 'ada'), 403, 'who does not hold it cannot give it')
  assert.equal((await send('GET', `/api/access_requests/${request.id}`)).body.state, 'pending')
  const approved = await decide(request.id, 'approve', 'olga', { resolution_notes: 'fine' })
  assert.equal(approved.status, 200, approved.text)
  assert.deepEqual(
    [approved.body.state, approved.body.decided_by, approved.body.resolution_notes],
    ['approved', 'test:olga', 'fine'],
  )
  const { rows } = await pool.query(
    'select resource, action, cause from event where change = $1 order by position',
    [approved.headers['serai-change']],
  )
  assert.deepEqual(rows, [
    { resource: 'access_request', action: 'approve', cause: null },
    { resource: 'grant', action: 'create', cause: `access_request:${request.id}` },
  ])
  await keeper.look()
  assert.equal((await as('ana')('GET', '/api/toys')).body.items.length, 1)
  const { items } = (await send('GET', '/api/grants?filter=permission=="toy:read"&sort=-created_at')).body
  assert.deepEqual([items[0].until, items[0].by], [request.until, 'test:olga'])
  assertProblem(await decide(request.id, 'approve', 'olga'), 409, 'decided already')
  assertProblem(await decide(request.id, 'reject', 'olga'), 409, 'decided already')
})

test('nobody decides on what they ask for themselves, also not through a client of theirs', async (t) => {
  const { ask, decide, give, person, actors, pool, send } = await requestHouse(t)
  const bob = await person('bob', 'admin')
  await give({ user: bob, permission: 'toy:read', delegable: true })
  const own = (await ask({ permission: 'toy:lend' }, 'bob')).body
  assertProblem(await decide(own.id, 'approve', 'bob'), 403, 'oneself')
  assertProblem(await decide(own.id, 'reject', 'bob'), 403, 'oneself')
  const { body } = await send('POST', '/api/clients', { body: { name: 'bot', owner: bob } })
  actors.bot = { id: `client:${body.id}`, name: 'bot', client: body.id, roles: [] }
  await give({ client: 'bot', permission: 'access_request:*' })
  await give({ client: 'bot', permission: 'access_request:read' })
  assertProblem(await decide(own.id, 'approve', 'bot'), 403, 'a client of the one who asks')
  const of = (await ask({ permission: 'toy:read' }, 'bot')).body
  assertProblem(await decide(of.id, 'approve', 'bob'), 403, 'for a client of one’s own')
  const { rows } = await pool.query(`select count(*) as count from "grant" where reason like 'asked for%'`)
  assert.equal(rows[0].count, 0)
})

test('of 50 who approve at the same moment one does, and one grant is made', async (t) => {
  const { ask, decide, pool } = await requestHouse(t)
  const request = (await ask({ permission: 'toy:read' })).body
  const before = await eventCount(pool)
  const answers = await Promise.all(Array.from({ length: 50 }, () => decide(request.id, 'approve', 'olga')))
  const statuses = answers.map(({ status }) => status)
  assert.equal(statuses.filter((status) => status === 200).length, 1, String(statuses))
  assert.ok(
    statuses.every((status) => status === 200 || status === 409),
    String(statuses),
  )
  assert.equal(await eventCount(pool), before + 2)
})

test('what is asked for must make sense, is asked once, withdrawn by oneself, and lapses', async (t) => {
  const { ask, decide, send, pool, engine } = await requestHouse(t)
  const days = (count: number) => new Date(Date.now() + count * 86_400_000).toISOString()
  const cases: [Row, number][] = [
    [{ permission: 'toy:reed' }, 422],
    [{ permission: 'toy:read', rule: 'wait > 1' }, 422],
    [{ permission: 'toy:read', until: days(31) }, 422],
    [{ permission: 'toy:read', until: days(-1) }, 422],
    [{ permission: 'toy:read', reason: '' }, 422],
    [{ permission: 'toy:read', state: 'approved' }, 422],
    [{ permission: 'toy:read', until: days(29) }, 201],
    [{ permission: 'toy:read' }, 409],
  ]
  for (const [body, expected] of cases) assert.equal((await ask(body)).status, expected, JSON.stringify(body))
  assertProblem(await ask({ permission: 'toy:read' }, 'olga'), 403, 'neither a person nor a client')
  const [request] = (await send('GET', '/api/access_requests')).body.items
  assertProblem(await decide(request.id, 'withdraw', 'max'), 403, 'another’s')
  assert.equal((await decide(request.id, 'withdraw', 'ana')).body.state, 'withdrawn')
  const again = (await ask({ permission: 'toy:read' })).body
  await pool.query(`update access_request set expires_at = now() - interval '1 second' where id = $1`, [
    again.id,
  ])
  assertProblem(await decide(again.id, 'approve', 'olga'), 409, 'too late')
  const lapse = () =>
    perform(engine, { actor: systemActor('lapse'), resource: 'access_request', action: 'lapse', input: {} })
  await lapse()
  assert.equal((await send('GET', `/api/access_requests/${again.id}`)).body.state, 'expired')
  assert.equal((await lapse()).change, null)
})
