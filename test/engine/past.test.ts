import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import pg from 'pg'
import { exportDocuments } from '../../src/engine/export.ts'
import { listEvents } from '../../src/engine/history.ts'
import { perform } from '../../src/engine/perform.ts'
import { parseQuery } from '../../src/engine/query.ts'
import { read, readOne } from '../../src/engine/read.ts'
import { undo } from '../../src/engine/undo.ts'
import type { Row } from '../../src/kernel/field.ts'
import { owner, testEngine } from '../support/database.ts'
import { booking, bookingTable } from '../words/booking.ts'

async function house(t: TestContext) {
  const { engine, pool, connection } = await testEngine(t, [booking])
  await pool.query(bookingTable)
  const act = (resource: string, action: string, input: unknown = {}, targets: string[] = []) =>
    perform(engine, { actor: owner, resource, action, input, targets })
  const person = new pg.Client(connection)
  person.on('error', () => undefined) // the database is dropped under it at the end
  await person.connect()
  t.after(() => person.end())

  /** Everything that can be seen of both resources, now or then. */
  async function view(asOf?: string): Promise<unknown> {
    const past = asOf ? { as_of: asOf } : {}
    const seen: unknown[] = []
    for (const resource of ['product', 'booking']) {
      const query = parseQuery(engine, resource, {
        ...past,
        archived: 'with',
        count: 'true',
        sort: 'created_at',
      })
      seen.push(await read(engine, owner, resource, query))
      const exported: Row[] = []
      for await (const chunk of exportDocuments(engine, owner, resource, parseQuery(engine, resource, past)))
        exported.push(...chunk)
      seen.push(exported)
    }
    const faceted = { ...past, q: 'safari', facets: 'category,active' }
    seen.push(await read(engine, owner, 'product', parseQuery(engine, 'product', faceted)))
    const { answer } = await perform(engine, {
      actor: owner,
      resource: 'product',
      action: 'stats',
      ...(asOf ? { asOf } : {}),
    })
    const { size_bytes: _, ...stats } = answer as Row
    return JSON.parse(JSON.stringify([...seen, stats]))
  }

  async function now(): Promise<string> {
    const { rows } = await pool.query<{ now: string }>('select clock_timestamp() as now')
    return rows[0].now
  }
  return { engine, pool, person, act, view, now }
}

const product = (product_id: string, more: Row = {}): Row => ({
  product_id,
  product_name: `Safari ${product_id}`,
  pricing: [{ tier_name: 'Adult', price: { amount: 14_900, currency: 'AED' } }],
  inclusions: ['Guide'],
  category: 'Adventure',
  ...more,
})
const stay = (external_code: string, start: string, end: string): Row => ({
  property: 'flat-7',
  guest_name: 'Amal',
  stay: { start, end },
  source: 'Airbnb',
  external_code,
})

test('as_of: records, lists, facets, search, exports and stats as they stood after each of many kinds of change', async (t) => {
  const { engine, person, act, view, now } = await house(t)
  let emptied = ''
  const steps: [string, () => Promise<unknown>][] = [
    ['nothing yet', async () => undefined],
    ['created', () => act('product', 'create', [product('a'), product('b', { category: 'Family' })])],
    ['a booking', () => act('booking', 'create', stay('HM1', '2026-03-01', '2026-03-05'))],
    ['updated', () => act('product', 'update', { category: 'Luxury', product_name: 'Yacht' }, ['a'])],
    [
      'moved',
      () =>
        act('booking', 'update', { stay: { start: '2026-04-01', end: '2026-04-02' } }, ['flat-7~Airbnb~HM1']),
    ],
    ['a state', () => act('booking', 'confirm', {}, ['flat-7~Airbnb~HM1'])],
    [
      'a price',
      () =>
        act(
          'product',
          'update',
          { pricing: [{ tier_name: 'Child', price: { amount: 100, currency: 'AED' } }] },
          ['b'],
        ),
    ],
    ['archived', () => act('product', 'archive', {}, ['b'])],
    [
      'emptied',
      async () => {
        emptied = (await act('product', 'nuke')).change!
      },
    ],
    ['and back', () => undo(engine, { actor: owner, change: emptied })],
    [
      'through psql',
      () =>
        person.query(
          `update product set category = 'By hand', pricing = '[]', active = false where product_id = 'a'`,
        ),
    ],
    ['a booking through psql', () => person.query(`update booking set stay = '[2026-05-01,2026-05-03)'`)],
    [
      'made through psql',
      () =>
        person.query(
          `insert into product (id, product_id, product_name, pricing, inclusions, active) values (gen_random_uuid(), 'c', 'Safari c', '[]', '[]', false)`,
        ),
    ],
    ['deleted through psql', () => person.query(`delete from product where product_id = 'a'`)],
    ['truncated', () => person.query('truncate booking')],
  ]
  const seen: { name: string; time: string; view: unknown }[] = []
  for (const [name, step] of steps) {
    await step()
    seen.push({ name, view: await view(), time: await now() })
  }
  for (const { name, time, view: expected } of seen) assert.deepEqual(await view(time), expected, name)
  assert.equal(
    new Set(seen.map((each) => JSON.stringify(each.view))).size,
    seen.length,
    'every step was visible',
  )
})

test('as_of: one record by key, and what it refers to; a record that was not there yet is a 404', async (t) => {
  const { engine, act, now } = await house(t)
  const before = await now()
  await act('product', 'create', product('a'))
  const made = await now()
  await act('product', 'update', { category: 'Luxury' }, ['a'])
  const one = (asOf: string) => readOne(engine, owner, 'product', 'a', { asOf })
  const then = await one(made)
  assert.deepEqual([then.category, then.version], ['Adventure', 1])
  await assert.rejects(one(before), { status: 404 })
})

test('as_of that is no time, lies ahead, or is asked of what keeps no history is refused', async (t) => {
  const { engine } = await house(t)
  assert.throws(() => parseQuery(engine, 'product', { as_of: 'yesterday' }), /as_of must be a time like/)
  const ahead = new Date(Date.now() + 60_000).toISOString()
  const list = (resource: string, as_of: string) =>
    read(engine, owner, resource, parseQuery(engine, resource, { as_of }))
  await assert.rejects(list('product', ahead), /still to come/)
  await assert.rejects(list('import', '2026-01-01T00:00:00Z'), /keep no history/)
  await assert.rejects(
    perform(engine, { actor: owner, resource: 'product', action: 'nuke', asOf: '2026-01-01T00:00:00Z' }),
    /as_of is for reading/,
  )
})

test('what is written past Serai leaves its event: actor, one change a transaction, only what changed, the next version', async (t) => {
  const { engine, pool, person, act } = await house(t)
  await act('product', 'create', [product('a'), product('b')])
  const { rows: before } = await pool.query('select count(*) as count from event')
  await person.query('begin')
  await person.query(`update product set category = 'X' where product_id = 'a'`)
  await person.query(`update product set category = category where product_id = 'b'`)
  await person.query(
    `insert into booking (id, property, guest_name, stay, source, external_code, state) values (gen_random_uuid(), 'p', 'g', '[2026-01-01,2026-01-03)', 's', 'e', 'booked')`,
  )
  await person.query('commit')
  const { items } = await listEvents(engine, owner, { limit: 10 })
  const [booked, changed] = items
  assert.equal(items.length - before[0].count, 2, 'a write that changes nothing leaves nothing')
  assert.equal(booked.change, changed.change)
  assert.match(changed.actor, /^sql:\w+$/)
  assert.deepEqual(
    [changed.action, changed.key, changed.before, changed.after, changed.version],
    ['update', 'a', { category: 'Adventure' }, { category: 'X' }, 2],
  )
  assert.deepEqual(
    [booked.action, booked.key, booked.before, booked.after.stay],
    ['create', 'p / s / e', null, { start: '2026-01-01', end: '2026-01-03' }],
  )
  assert.deepEqual((await readOne(engine, owner, 'product', 'a')).version, 2)
  const { kept, restored } = await undo(engine, { actor: owner, change: changed.change })
  assert.deepEqual([restored, kept], [2, []])
  assert.equal((await readOne(engine, owner, 'product', 'a')).category, 'Adventure')
})

test('a secret column never enters the log, whoever writes it', async (t) => {
  const { pool, person, act } = await house(t)
  await act('token', 'create', { name: 'till', role: 'staff' })
  await person.query(`update token set hash = 'stolen', name = 'till 2'`)
  const { rows } = await pool.query<{ text: string }>(
    `select string_agg(event::text, ' ') as text from event where resource = 'token'`,
  )
  assert.doesNotMatch(rows[0].text, /stolen|hash/)
  assert.match(rows[0].text, /till 2/)
})

test('what was deleted through psql comes back by undo, and goes again by redo', async (t) => {
  const { engine, person, act, view } = await house(t)
  await act('product', 'create', [product('a'), product('b')])
  const whole = await view()
  await person.query('delete from product')
  const [deleted] = (await listEvents(engine, owner, { limit: 1 })).items
  const back = await undo(engine, { actor: owner, change: deleted.change })
  assert.deepEqual([back.restored, back.kept], [2, []])
  const exported = (seen: unknown) => (seen as unknown[])[1]
  assert.deepEqual(exported(await view()), exported(whole), 'an export is the one before')
  const redo = await undo(engine, { actor: owner, change: back.change! })
  assert.deepEqual([redo.restored, redo.kept], [2, []])
  assert.deepEqual(exported(await view()), [])
})
