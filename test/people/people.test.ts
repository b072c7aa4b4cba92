import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { assertProblem, openDoor, type Send } from '../../src/doors/http/testing.ts'
import type { Actor } from '../../src/kernel/actor.ts'

const REASON = 'joined the team'

/** People of every level, each with a token of their own. */
async function openHouse(t: TestContext) {
  const actors: { [token: string]: Actor } = { olga: { id: 'test:olga', name: 'Olga', roles: ['owner'] } }
  const door = await openDoor(t, { authenticate: async (token) => actors[token] ?? null })
  const send: Send = (method, url, options) => door.send(method, url, { token: 'olga', ...options })
  const roles = new Map<string, string>()
  const { body } = await send('GET', '/api/roles?limit=100')
  for (const role of body.items) roles.set(role.name, role.id)

  async function person(name: string, role?: string): Promise<string> {
    const made = await send('POST', '/api/users/invite', { body: { name, email: `${name}@example.com` } })
    assert.equal(made.status, 200, made.text)
    const [{ id }] = made.body.items
    await door.pool.query(`update "user" set status = 'active' where id = $1`, [id])
    if (role) assert.equal((await give(id, role)).status, 201)
    actors[name] = { id: `user:${id}`, user: id, name, roles: role ? [role] : [] }
    return id
  }
  const give = (user: string, role: string, more: object = {}, token = 'olga') =>
    send('POST', '/api/memberships', {
      body: { user, role: roles.get(role), reason: REASON, ...more },
      token,
    })
  return { ...door, send, person, give, roles }
}

test('roles are shipped with their levels, can be changed and not put away', async (t) => {
  const { send } = await openHouse(t)
  const { body } = await send('GET', '/api/roles?limit=100&sort=name')
  assert.deepEqual(
    body.items.map((each: { name: string; level: number }) => [each.name, each.level]),
    [
      ['admin', 4],
      ['cashier', 2],
      ['cleaner', 2],
      ['customer', 1],
      ['everyone', 0],
      ['manager', 3],
      ['operator', 2],
      ['owner', 5],
      ['rider', 2],
      ['staff', 2],
      ['viewer', 1],
    ],
  )
  assert.equal((await send('PATCH', '/api/roles/rider', { body: { description: 'Rides.' } })).status, 200)
  assertProblem(await send('DELETE', '/api/roles/rider'), 422, 'shipped')
  assertProblem(
    await send('PATCH', '/api/roles/owner', { body: { level: 1 } }),
    422,
    'the level of the owner',
  )
  assertProblem(await send('PATCH', '/api/roles/rider', { body: { shipped: false } }), 422, 'mass assignment')
})

test('nobody sets what is not theirs to set: id, status, level, password, role', async (t) => {
  const { send, person } = await openHouse(t)
  const id = await person('ana', 'staff')
  for (const member of [
    'id',
    'status',
    'level',
    'password',
    'login',
    'email',
    'sessions_from',
    'role',
    'roles',
  ]) {
    const body = { [member]: member === 'level' ? 5 : 'x' }
    assertProblem(await send('PATCH', `/api/users/${id}`, { body, token: 'ana' }), 422, member)
    if (member !== 'email')
      assertProblem(
        await send('POST', '/api/users/invite', { body: { name: 'B', email: 'b@example.com', ...body } }),
        422,
        member,
      )
  }
  assert.equal(
    (await send('PATCH', `/api/users/${id}`, { body: { name: 'Ana B' }, token: 'ana' })).status,
    200,
  )
})

test('one sees oneself and who stands below, and administers below only', async (t) => {
  const { send, person, give } = await openHouse(t)
  const ids: { [name: string]: string } = {}
  for (const role of ['owner', 'admin', 'manager', 'staff', 'customer'])
    ids[role] = await person(`${role}-person`, role)
  const seen: [string, string[]][] = [
    ['owner', ['admin', 'customer', 'manager', 'owner', 'staff']],
    ['admin', ['admin', 'customer', 'manager', 'staff']],
    ['manager', ['customer', 'manager', 'staff']],
    ['staff', ['staff']],
    ['customer', ['customer']],
  ]
  for (const [role, expected] of seen) {
    const { body } = await send('GET', '/api/users?sort=login', { token: `${role}-person` })
    assert.deepEqual(
      body.items.map((each: { name: string }) => each.name.replace('-person', '')),
      expected,
      role,
    )
  }
  const refused: [string, string, string][] = [
    ['admin-person', ids.staff, 'admin'],
    ['admin-person', ids.staff, 'owner'],
    ['admin-person', ids.admin, 'staff'],
    ['manager-person', ids.customer, 'staff'],
    ['staff-person', ids.staff, 'manager'],
  ]
  for (const [token, user, role] of refused)
    assertProblem(await give(user, role, {}, token), 403, `${token} gives ${role}`)
  assert.equal((await give(ids.staff, 'manager', {}, 'admin-person')).status, 201)
  assertProblem(await give(ids.staff, 'manager'), 409, 'held already')
  assertProblem(
    await send('POST', `/api/users/${ids.owner}/suspend`, { token: 'admin-person' }),
    404,
    'one sees nobody above',
  )
  assertProblem(
    await send('POST', `/api/users/${ids.admin}/suspend`, { token: 'admin-person' }),
    403,
    'equal',
  )
})

test('the last owner stays, also when two leave at the same moment', async (t) => {
  const { send, person, pool } = await openHouse(t)
  const [first, second] = [await person('first', 'owner'), await person('second', 'owner')]
  const both = await Promise.all([first, second].map((id) => send('POST', `/api/users/${id}/suspend`)))
  assert.deepEqual(both.map(({ status }) => status).sort(), [200, 409])
  const left = both[0].status === 200 ? second : first
  assertProblem(await send('POST', `/api/users/${left}/suspend`), 409, 'suspended')
  assertProblem(await send('DELETE', `/api/users/${left}`), 409, 'archived')
  const { rows } = await pool.query('select id from membership where "user" = $1', [left])
  assertProblem(await send('POST', `/api/memberships/${rows[0].id}/revoke`), 409, 'demoted')
})
