import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { f } from '../../kernel/fields/index.ts'
import { resource } from '../../kernel/resource.ts'
import { role } from '../../kernel/rule.ts'
import { toy, toyTable } from '../http/toy.testing.ts'
import { type Answered, type GraphqlDoor, openGraphql, statements } from './testing.ts'

const COUNT = 12

/** Toys that each have the one before as their friend; odd ones are red. */
async function house(t: TestContext): Promise<GraphqlDoor> {
  const door = await openGraphql(t)
  const { pool } = door
  await pool.query(
    `insert into toy (id, code, colour, weight, keeper, state)
select ('01890000-0000-7000-8000-' || lpad(i::text, 12, '0'))::uuid, 'toy-' || lpad(i::text, 2, '0'), case when i % 2 = 1 then 'red' else 'blue' end, i, 'test:nobody', 'here'
from generate_series(0, $1::int - 1) i`,
    [COUNT],
  )
  await pool.query(
    `update toy set friend = ('01890000-0000-7000-8000-' || lpad((weight - 1)::text, 12, '0'))::uuid where weight > 0`,
  )
  return door
}

test('a connection pages forward by any cursor, and says whether there is more', async (t) => {
  const { ask } = await house(t)
  const query = `query ($after: String) { toys(sort: "-code", first: 5, after: $after) {
    edges { cursor node { code } } nodes { code } pageInfo { hasNextPage hasPreviousPage startCursor endCursor } } }`
  const seen: string[] = []
  let after: string | null = null
  for (;;) {
    const { data }: Answered = await ask(query, { after })
    const { toys } = data
    assert.deepEqual(
      toys.edges.map(({ node }: { node: object }) => node),
      toys.nodes,
    )
    assert.equal(toys.pageInfo.hasPreviousPage, after !== null)
    assert.deepEqual(
      [toys.pageInfo.startCursor, toys.pageInfo.endCursor],
      [toys.edges[0].cursor, toys.edges.at(-1).cursor],
    )
    seen.push(...toys.nodes.map(({ code }: { code: string }) => code))
    if (!toys.pageInfo.hasNextPage) break
    after = toys.pageInfo.endCursor
  }
  assert.deepEqual(
    seen,
    Array.from({ length: COUNT }, (_, index) => `toy-${String(COUNT - 1 - index).padStart(2, '0')}`),
  )
  const { edges } = (await ask(query, {})).data.toys
  const behindSecond = (await ask(query, { after: edges[1].cursor })).data.toys
  assert.equal(behindSecond.nodes[0].code, edges[2].node.code)
})

test('rows, facets and counts are those of REST', async (t) => {
  const { ask, send } = await house(t)
  const fields =
    'id version created_at updated_at code colour weight keeper archived_at archived_by archive_reason key_released state'
  const graphql = await ask(`{ toys(filter: "weight > 3", sort: ["colour", "-weight"], first: 4) {
    nodes { ${fields} friend { id } } facets { colour { value count } state { value count } } count { value capped } pageInfo { endCursor } } }`)
  const rest = await send(
    'GET',
    `/api/toys?filter=${encodeURIComponent('weight > 3')}&sort=colour,-weight&limit=4&facets=colour,state&count=true`,
  )
  const { nodes, facets, count, pageInfo } = graphql.data.toys
  assert.deepEqual(
    nodes.map((node: { friend: { id: string } }) => ({ ...node, friend: node.friend.id })),
    rest.body.items,
  )
  assert.deepEqual(facets, rest.body.facets)
  assert.deepEqual(count, rest.body.count)
  assert.equal(pageInfo.endCursor, rest.body.next, 'a cursor of one door is understood at the other')
  const one = await ask(`{ toy(id: "toy-03") { ${fields} friend { id } } }`)
  const { friend, ...own } = one.data.toy
  assert.deepEqual({ ...own, friend: friend.id }, (await send('GET', '/api/toys/toy-03')).body)
})

test('what is not asked for is not read: no count, no facets, no records for their ids', async (t) => {
  const door = await house(t)
  const sent = await statements(door, () => door.ask('{ toys { nodes { code friend { id __typename } } } }'))
  assert.equal(sent.length, 1, sent.join('\n'))
})

test('references are batched: one statement a level, whatever the number of rows', async (t) => {
  const door = await house(t)
  let answer: Awaited<ReturnType<typeof door.ask>> | undefined
  const sent = await statements(door, async () => {
    answer = await door.ask(
      '{ toys(sort: "code") { nodes { code friend { ...named friend { code } } } } } fragment named on Toy { code }',
    )
  })
  assert.equal(sent.length, 3, sent.join('\n'))
  assert.deepEqual(answer!.data.toys.nodes.slice(0, 3), [
    { code: 'toy-00', friend: null },
    { code: 'toy-01', friend: { code: 'toy-00', friend: null } },
    { code: 'toy-02', friend: { code: 'toy-01', friend: { code: 'toy-00' } } },
  ])
})

test('a reference to what the actor may not see shows its id alone, as ?expand= does', async (t) => {
  const { ask, send, pool } = await house(t)
  await pool.query(`update toy set keeper = 'somebody' where code = 'toy-04'`)
  const token = 'nobody-token'
  const { data, errors } = await ask(
    '{ toy(id: "toy-05") { code friend { id code } } toys { nodes { code } } }',
    {},
    { token },
  )
  assert.deepEqual(errors, [])
  const expanded = (await send('GET', '/api/toys/toy-05?expand=friend', { token })).body
  assert.deepEqual(data.toy, { code: 'toy-05', friend: { ...expanded.friend, code: null } })
  assert.equal(data.toys.nodes.length, COUNT - 1)
  assert.deepEqual(
    (await ask('{ toy(id: "toy-04") { code } }', {}, { token })).errors[0].extensions.status,
    404,
  )
})

test('archived records are shown when asked for', async (t) => {
  const { ask } = await house(t)
  await ask('mutation { toy_archive(ids: ["toy-00"]) { change } }')
  const count = async (archived: string) =>
    (await ask(`{ toys(archived: ${archived}) { count { value } } }`)).data.toys.count.value
  assert.deepEqual([await count('without'), await count('only'), await count('with')], [COUNT - 1, 1, COUNT])
})

test('fields of every kind are shown as at REST, and taken back in', async (t) => {
  const box = resource('box', {
    plural: 'boxes',
    fields: {
      code: f.text({ min: 1 }),
      cost: f.money({ optional: true }),
      price: f.money({ optional: true, only: 'AED' }),
      stay: f.period({ optional: true }),
      day: f.date({ optional: true }),
      moment: f.time({ optional: true }),
      large: f.number({ optional: true, integer: true }),
      exact: f.number({ optional: true }),
      sealed: f.boolean({ default: false }),
      labels: f.list(f.text(), { optional: true }),
      layers: f.list(
        { name: f.text(), weight: f.number({ optional: true }), toy: f.ref('toy', { optional: true }) },
        { optional: true },
      ),
      more: f.json({ optional: true }),
      toys: f.list(f.ref('toy'), { optional: true }),
    },
    key: ['code'],
    access: { read: role('viewer'), write: role('manager') },
  })
  const boxTable = `create table box (id uuid primary key, version bigint not null default 1, created_at timestamptz not null default now(), updated_at timestamptz not null default now(),
  code text not null unique, cost jsonb, price bigint, stay daterange, day date, moment timestamptz, large bigint, exact numeric, sealed boolean not null, labels jsonb, layers jsonb, more jsonb, toys jsonb);`
  const { ask, send } = await openGraphql(t, { resources: [toy, box], tables: toyTable + boxTable })
  const ball = (await send('POST', '/api/toys', { body: { code: 'ball' } })).body.id
  const input = {
    code: 'one',
    cost: { amount: 14_900, currency: 'KWD' },
    price: { amount: 5, currency: 'AED' },
    stay: { start: '2026-01-01', end: '2026-01-03' },
    day: '2026-01-31',
    moment: '2026-01-31T09:30:00Z',
    large: 9_007_199_254_740_991,
    exact: 0.1,
    sealed: true,
    labels: ['a', 'b'],
    layers: [{ name: 'top', weight: 1.5, toy: ball }],
    more: { any: [1, { thing: null }] },
    toys: [ball],
  }
  const shown = `code cost { amount currency } price { amount currency } stay { start end } day moment large exact sealed labels
    layers { name weight toy { code } } more toys { code }`
  const { data, errors } = await ask(
    `mutation ($input: [BoxInput!]) { box_create(input: $input) { records { ${shown} } } }`,
    { input },
  )
  assert.deepEqual(errors, [])
  const { layers, toys, ...plain } = data.box_create.records[0]
  const rest = (await send('GET', '/api/boxes/one')).body
  for (const [name, value] of Object.entries(plain)) assert.deepEqual(value, rest[name], name)
  assert.deepEqual(
    [layers, toys],
    [[{ name: 'top', weight: 1.5, toy: { code: 'ball' } }], [{ code: 'ball' }]],
  )
  const written = await ask(
    `mutation { box_update(ids: ["one"], input: { cost: null, more: { any: 2 }, layers: [] }) { records { ${shown} } } }`,
  )
  const { cost, more, layers: none } = written.data.box_update.records[0]
  assert.deepEqual([cost, more, none], [null, { any: 2 }, []])
})

test('secrets are nowhere: not in types, not in filters', async (t) => {
  const { ask } = await house(t)
  const { data } = await ask('{ __type(name: "Toy") { fields { name } } }')
  const names = data.__type.fields.map(({ name }: { name: string }) => name)
  assert.deepEqual([names.includes('secret_place'), names.includes('code')], [false, true])
  assert.equal(
    (await ask('{ toys { nodes { secret_place } } }')).errors[0].extensions.code,
    'graphql.invalid',
  )
  const { errors } = await ask('{ toys(filter: "secret_place == \\"attic\\"") { nodes { code } } }')
  assert.equal(errors[0].extensions.status, 400)
})

test('as_of shows records, and what they refer to, as they stood', async (t) => {
  const { ask, pool } = await openGraphql(t)
  const made = await ask('mutation { toy_create(input: [{ code: "ball", weight: 1 }]) { records { id } } }')
  const id = made.data.toy_create.records[0].id
  await ask(`mutation { toy_create(input: { code: "bat", weight: 2, friend: "${id}" }) { change } }`)
  const { rows } = await pool.query<{ now: string }>('select clock_timestamp() as now')
  const asOf = rows[0].now
  const { data } = await ask('mutation { toy_update(ids: ["ball", "bat"], input: { weight: 9 }) { change } }')
  const question =
    'toy(id: "bat", as_of: $at) { weight friend { weight } } toys(as_of: $at) { nodes { weight } }'
  const then = await ask(`query ($at: String) { ${question} }`, { at: asOf })
  assert.deepEqual(then.errors, [])
  assert.deepEqual(then.data.toy, { weight: 2, friend: { weight: 1 } })
  assert.deepEqual(then.data.toys.nodes, [{ weight: 1 }, { weight: 2 }])
  const now = await ask(`query ($at: String) { ${question} }`)
  assert.deepEqual(now.data.toy, { weight: 9, friend: { weight: 9 } })
  const { change } = data.toy_update
  assert.equal((await ask(`mutation { undo(change: "${change}") { restored } }`)).data.undo.restored, 2)
  assert.equal((await ask(`mutation { redo(change: "${change}") { restored } }`)).data.redo.restored, 2)
  assert.equal(
    (await ask(`mutation { redo(change: "${change}") { restored } }`)).errors[0].extensions.status,
    409,
  )
})
