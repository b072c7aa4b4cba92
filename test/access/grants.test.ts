import assert from 'node:assert/strict'
import { test } from 'node:test'
import { assertProblem, eventCount } from '../../src/doors/http/testing.ts'
import { accessHouse } from './house.ts'

const TOYS = [
  { code: 'kite', colour: 'red', weight: 1, keeper: 'user:x', secret_place: 'attic' },
  { code: 'ball', colour: 'blue', weight: 5, secret_place: 'cellar' },
]

async function houseWithToys(t: Parameters<typeof accessHouse>[0]) {
  const house = await accessHouse(t)
  const made = await house.send('POST', '/api/toys', { body: TOYS })
  assert.equal(made.status, 201, made.text)
  return house
}

test('what the declarations ship is there once, whoever starts and however often', async (t) => {
  const { pool, keeper } = await accessHouse(t)
  const before = await eventCount(pool)
  const count = async () => (await pool.query('select count(*) as count from "grant"')).rows[0].count
  const shipped = await count()
  assert.ok(shipped > 50, `${shipped} grants`)
  await Promise.all([keeper.open(), keeper.open(), keeper.open()])
  assert.equal(await count(), shipped)
  assert.equal(await eventCount(pool), before, 'a second start writes nothing')
})

test('an owner takes a shipped right away, and it stays away', async (t) => {
  const { send, as, person, pool, keeper } = await houseWithToys(t)
  await person('mia', 'manager')
  assert.equal((await as('mia')('GET', '/api/toys/kite')).status, 200)
  const { body } = await send('GET', '/api/grants?filter=permission=="toy:read"&limit=100')
  const row = body.items.find((each: { label: string }) => each.label.startsWith('manager'))
  assert.equal((await send('POST', `/api/grants/${row.id}/revoke`, { body: {} })).status, 200)
  await keeper.look()
  assertProblem(await as('mia')('GET', '/api/toys/kite'), 404, 'revoked')
  await keeper.open()
  assertProblem(await as('mia')('GET', '/api/toys/kite'), 404, 'still revoked after the next start')
  const { rows } = await pool.query(
    `select before, after from event where resource = 'grant' and action = 'revoke'`,
  )
  assert.equal(rows.length, 1)
  assert.equal(rows[0].before.revoked_at, null)
})

test('a right to one person: all records, some, one, some fields; and nothing else', async (t) => {
  const { as, person, give, send } = await houseWithToys(t)
  const ana = await person('ana')
  const codes = async () =>
    (await as('ana')('GET', '/api/toys?sort=code')).body.items?.map((each: { code: string }) => each.code)
  assert.deepEqual(await codes(), [], 'only what is hers')
  const rule = await give({ user: ana, permission: 'toy:read', rule: 'weight > 2' })
  assert.equal(rule.status, 201, rule.text)
  assert.deepEqual(await codes(), ['ball'])
  assertProblem(await as('ana')('GET', '/api/toys/kite'), 404, 'not among hers')
  assertProblem(
    await as('ana')('PATCH', '/api/toys/ball', { body: { colour: 'red' } }),
    403,
    'may not update',
  )
  assertProblem(await as('ana')('PATCH', '/api/toys/kite', { body: { colour: 'red' } }), 403, 'nor this')
  const kite = (await send('GET', '/api/toys/kite')).body.id
  await give({ user: ana, permission: 'toy:read', record: kite })
  assert.deepEqual(await codes(), ['ball', 'kite'])
  await give({ user: ana, permission: 'toy:update', rule: 'code == "ball"', fields: ['colour'] })
  assert.equal((await as('ana')('PATCH', '/api/toys/ball', { body: { colour: 'red' } })).status, 200)
  assertProblem(await as('ana')('PATCH', '/api/toys/ball', { body: { weight: 7 } }), 403, 'not this field')
  assertProblem(await as('ana')('PATCH', '/api/toys/ball', { body: { weight: null } }), 403, 'nor to nothing')
  assertProblem(
    await as('ana')('PATCH', '/api/toys/kite', { body: { colour: 'red' } }),
    403,
    'not this record',
  )
  assertProblem(await as('ana')('DELETE', '/api/toys/ball'), 403, 'not this verb')
  await give({ user: ana, effect: 'deny', permission: '*:*' })
  assertProblem(await as('ana')('GET', '/api/toys'), 403, 'deny beats every allow')
})

test('me is whoever holds the grant', async (t) => {
  const { as, person, give, send, actors } = await houseWithToys(t)
  await person('ana', 'rider')
  const given = await give({ role: 'rider', permission: 'toy:lend', rule: 'keeper == me' })
  assert.equal(given.status, 201, given.text)
  await send('POST', '/api/toys', { body: { code: 'hers', keeper: actors.ana.id } })
  await send('POST', '/api/toys', { body: { code: 'his', keeper: 'user:bob' } })
  await give({ role: 'rider', permission: 'toy:read' })
  assert.equal((await as('ana')('POST', '/api/toys/hers/lend', { body: {} })).status, 200)
  assertProblem(await as('ana')('POST', '/api/toys/his/lend', { body: {} }), 403, 'not hers')
})

test('hidden fields are not shown, filtered, sorted, counted, searched, told or exported', async (t) => {
  const { as, person, give } = await houseWithToys(t)
  const ana = await person('ana')
  await give({ user: ana, permission: 'toy:read', fields: ['code', 'colour'] })
  await give({ user: ana, permission: 'toy:history' })
  await give({ user: ana, permission: 'toy:export' })
  const get = as('ana')
  const { body } = await get('GET', '/api/toys/kite')
  assert.deepEqual(Object.keys(body).sort(), ['code', 'colour', 'id', 'version'])
  const list = (await get('GET', '/api/toys')).body.items
  assert.equal(list.length, 2)
  for (const item of list) assert.deepEqual(Object.keys(item).sort(), ['code', 'colour', 'id', 'version'])
  for (const query of [
    'filter=weight>2',
    'filter=weight==null||true',
    'filter=!(weight<3)',
    'weight=5',
    'sort=weight',
    'sort=-created_at',
    'facets=state',
    'expand=friend',
  ])
    assertProblem(await get('GET', `/api/toys?${encodeURI(query)}`), 400, query)
  assert.equal((await get('GET', '/api/toys?filter=colour=="red"&sort=-code&facets=colour')).status, 200)
  const { items } = (await get('GET', '/api/toys/kite/history')).body
  assert.deepEqual(Object.keys(items[0].after).sort(), ['code', 'colour'])
  const log = (await get('GET', '/api/events?resource=toy')).body.items
  assert.ok(log.every((event: { after: object }) => !('weight' in event.after)))
  const { text } = await get('GET', '/api/toys/export?format=jsonl')
  assert.ok(text.includes('"code":"ball"') && !/"weight":\s*5/.test(text), text)
  await give({ user: ana, effect: 'deny', permission: 'toy:read', fields: ['weight', 'colour'] })
  assert.deepEqual(Object.keys((await get('GET', '/api/toys/kite')).body).sort(), ['code', 'id', 'version'])
  const described = (await get('GET', '/api/describe')).body.resources.find(
    (each: { name: string }) => each.name === 'toy',
  )
  const names = described.fields.map((each: { name: string }) => each.name)
  assert.ok(names.includes('code') && !names.includes('weight') && !names.includes('colour'))
})

test('one gives only what one holds, to people below, as long and as wide', async (t) => {
  const { as, person, give, send } = await houseWithToys(t)
  const ids: { [name: string]: string } = {}
  for (const role of ['admin', 'manager', 'staff', 'viewer']) ids[role] = await person(role, role)
  ids.admin2 = await person('admin2', 'admin')
  const cases: [string, object, number][] = [
    ['manager', { user: ids.staff, permission: 'toy:read' }, 403],
    ['staff', { user: ids.staff, permission: '*:*' }, 403],
    ['admin', { user: ids.staff, permission: '*:*' }, 403],
    ['admin', { user: ids.staff, permission: 'toy:read' }, 403],
    ['admin', { user: ids.admin, permission: 'user:read' }, 403],
    ['admin', { user: ids.admin2, permission: 'grant:read' }, 403],
    ['admin', { role: 'admin', permission: 'grant:read' }, 403],
    ['admin', { role: 'owner', permission: 'grant:read' }, 403],
    ['admin', { role: 'manager', permission: 'grant:read' }, 201],
    ['admin', { user: ids.staff, permission: 'grant:read', until: '2031-01-01T00:00:00Z' }, 201],
    ['olga', { user: ids.staff, permission: 'toy:read' }, 201],
    ['olga', { user: ids.staff, permission: 'toy:read' }, 409],
    ['olga', { user: ids.staff, permission: 'toy:reed' }, 422],
    ['olga', { user: ids.staff, permission: 'toi:read' }, 422],
    ['olga', { user: ids.staff, permission: 'toy' }, 422],
    ['olga', { user: ids.staff, permission: 'toy:read', rule: 'wait > 2' }, 422],
    ['olga', { user: ids.staff, permission: '*:read', rule: 'weight > 2' }, 422],
    ['olga', { user: ids.staff, permission: 'toy:read', fields: ['weigth'] }, 422],
    ['olga', { user: ids.staff, role: 'staff', permission: 'toy:read' }, 422],
    ['olga', { permission: 'toy:read' }, 422],
    ['olga', { user: 'nobody@example.com', permission: 'toy:read' }, 422],
    ['olga', { role: 'system', permission: 'toy:read' }, 422],
    ['olga', { user: ids.staff, permission: 'toy:update', until: '2020-01-01T00:00:00Z' }, 422],
    ['olga', { user: ids.staff, permission: 'toy:update', by: 'x' }, 422],
    ['olga', { user: 'viewer@example.com', permission: 'toy:read' }, 201],
  ]
  for (const [token, body, expected] of cases) {
    const sent = await give(body as never, token)
    assert.equal(sent.status, expected, `${token} ${JSON.stringify(body)}: ${sent.text}`)
  }
  const held = await give({ user: ids.admin, permission: 'toy:read', rule: 'weight > 2', delegable: true })
  assert.equal(held.status, 201)
  assert.equal((await give({ user: ids.manager, permission: 'toy:read' }, 'admin')).status, 403, 'wider')
  const same = { user: ids.manager, permission: 'toy:read', rule: 'weight > 2' }
  assert.equal((await give(same, 'admin')).status, 201, 'as wide')
  assertProblem(
    await as('admin')('POST', `/api/grants/${held.body.id}/revoke`, { body: {} }),
    403,
    'what is given to oneself',
  )
  const denial = await give({ user: ids.admin, effect: 'deny', permission: 'toy:read' })
  assertProblem(
    await as('admin')('POST', `/api/grants/${denial.body.id}/revoke`, { body: {} }),
    403,
    'a denial to oneself',
  )
  assertProblem(
    await send('POST', `/api/changes/${denial.headers['serai-change']}/undo`, { body: undefined }),
    403,
    'undone past what guards it',
  )
})

test('the grant that makes owners stays', async (t) => {
  const { send } = await accessHouse(t)
  const { body } = await send('GET', '/api/grants?filter=permission=="*:*"')
  assertProblem(await send('POST', `/api/grants/${body.items[0].id}/revoke`, { body: {} }), 409, 'revoked')
})

test('a grant begins and ends by the clock, also while nothing changes', async (t) => {
  const { as, person, give } = await houseWithToys(t)
  const ana = await person('ana')
  const at = (milliseconds: number) => new Date(Date.now() + milliseconds).toISOString()
  const sent = await give({ user: ana, permission: 'toy:read', from: at(300), until: at(900) })
  assert.equal(sent.status, 201, sent.text)
  const count = async () => (await as('ana')('GET', '/api/toys')).body.items.length
  assert.equal(await count(), 0)
  await new Promise((resolve) => setTimeout(resolve, 450))
  assert.equal(await count(), 2)
  await new Promise((resolve) => setTimeout(resolve, 600))
  assert.equal(await count(), 0)
})

test('GraphQL hides the same: a hidden field is nothing there, and no question may look at it', async (t) => {
  const { as, person, give } = await houseWithToys(t)
  const ana = await person('ana')
  await give({ user: ana, permission: 'toy:read', fields: ['code', 'colour'] })
  const ask = async (query: string) => (await as('ana')('POST', '/api/graphql', { body: { query } })).body
  const shown = await ask('{ toys { nodes { code colour weight } } }')
  assert.deepEqual(
    shown.data.toys.nodes.map(({ weight }: { weight: unknown }) => weight),
    [null, null],
    JSON.stringify(shown),
  )
  const filtered = await ask('{ toys(filter: "weight > 2") { nodes { code } } }')
  assert.equal(filtered.errors[0].extensions.status, 400, JSON.stringify(filtered))
})
