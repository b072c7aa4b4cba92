import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { history, listChanges } from '../../src/engine/history.ts'
import { perform } from '../../src/engine/perform.ts'
import { readOne } from '../../src/engine/read.ts'
import type { Perform } from '../../src/engine/types.ts'
import { undo } from '../../src/engine/undo.ts'
import type { Row } from '../../src/kernel/field.ts'
import { Problem } from '../../src/kernel/problem.ts'
import { nobody, owner, testEngine, viewer } from '../support/database.ts'
import { eventCount } from '../support/engine.ts'

const tier = (amount = 14900, currency = 'AED') => ({ tier_name: 'Adult', price: { amount, currency } })
const safari = (more: Row = {}): Row => ({
  product_id: 'Dubai_Safari',
  product_name: 'Desert Safari',
  pricing: [tier()],
  inclusions: ['Tea'],
  ...more,
})

async function house(t: TestContext) {
  const { engine, pool } = await testEngine(t)
  const act = (request: Partial<Perform>) =>
    perform(engine, { actor: owner, resource: 'product', action: 'create', ...request })
  return { engine, pool, act }
}

/** The status and message of a refusal, and that nothing happened. */
async function refused(
  pool: Parameters<typeof eventCount>[0],
  work: () => Promise<unknown>,
): Promise<Problem> {
  const before = await eventCount(pool)
  const error = await work().then(
    () => assert.fail('it was not refused'),
    (reason) => reason,
  )
  assert.ok(error instanceof Problem, String(error))
  assert.equal(await eventCount(pool), before, 'a refusal leaves no event')
  return error
}

test('create leaves one event with the whole record; update one with the changed fields; the same again none', async (t) => {
  const { engine, pool, act } = await house(t)
  const created = await act({ input: safari() })
  assert.ok(created.change)
  assert.deepEqual(created.records[0].price_from, { amount: 14900, currency: 'AED' })
  const updated = await act({ action: 'update', targets: ['Dubai_Safari'], input: { category: 'Adventure' } })
  assert.equal(updated.records[0].version, 2)
  const same = await act({ action: 'update', targets: ['Dubai_Safari'], input: { category: 'Adventure' } })
  assert.deepEqual([same.change, same.records[0].version], [null, 2])
  const { items } = await history(engine, owner, 'product', 'Dubai_Safari', { limit: 10 })
  assert.deepEqual(
    items.map((event) => [event.action, event.before, event.action === 'create' ? null : event.after]),
    [
      ['update', { category: null }, { category: 'Adventure' }],
      ['create', null, null],
    ],
  )
  assert.equal(await eventCount(pool), 2)
})

const faulty: [string, Row, string, RegExp][] = [
  ['a missing name', { product_name: undefined }, 'product_name', /is required/],
  ['a name of blanks', { product_name: '   ' }, 'product_name', /must not be empty/],
  ['null pricing', { pricing: null }, 'pricing', /is required/],
  ['no tiers while active', { pricing: [] }, 'pricing', /needs at least one tier/],
  ['a negative price', { pricing: [tier(-5)] }, 'pricing[0].price', /must be >= 0, got -0.05/],
  ['half a fils', { pricing: [tier(0.5)] }, 'pricing[0].price', /whole minor units/],
  ['an unknown currency', { pricing: [tier(1, 'AEX')] }, 'pricing[0].price.currency', /not a currency/],
  [
    'an impossible date',
    { pricing: [{ ...tier(), validity_start: '2025-02-30' }] },
    'pricing[0].validity_start',
    /not a day of the calendar/,
  ],
  [
    'an end before the start',
    { pricing: [{ ...tier(), validity_start: '2025-03-01', validity_end: '2025-02-01' }] },
    'pricing[0].validity_end',
    /on or after/,
  ],
  ['zero hours', { duration_hours: 0 }, 'duration_hours', /must be > 0/],
  ['an unknown field', { categry: 'x' }, 'categry', /did you mean category/],
  ['a field of the engine', { version: 9 }, 'version', /not a field|cannot be set/],
  ['a managed field', { archived_at: '2026-01-01T00:00:00Z' }, 'archived_at', /not a field|cannot be set/],
  [
    'a derived field',
    { price_from: { amount: 1, currency: 'AED' } },
    'price_from',
    /not a field|cannot be set/,
  ],
  ['U+0000 in a text', { product_name: 'a\u0000b' }, 'product_name', /U\+0000/],
  ['half a surrogate pair', { product_name: 'a\ud800b' }, 'product_name', /surrogate/],
]

test('each kind of wrong input is a fault at its field, and nothing is written', async (t) => {
  const { pool, act } = await house(t)
  for (const [what, change, path, message] of faulty) {
    const problem = await refused(pool, () => act({ input: safari(change) }))
    assert.equal(problem.status, 422, what)
    assert.equal(problem.faults[0].path, path, what)
    assert.match(problem.faults[0].detail, message, what)
  }
})

test('all faults are told at once', async (t) => {
  const { pool, act } = await house(t)
  const problem = await refused(pool, () =>
    act({
      input: { product_id: 'x', product_name: '', pricing: [tier(-1), tier(1, 'XXX')], inclusions: 'tea' },
    }),
  )
  assert.deepEqual(
    problem.faults.map((fault) => fault.path),
    ['product_name', 'pricing[0].price', 'pricing[1].price.currency', 'inclusions'],
  )
})

test('access is closed: nobody sees a 403, a viewer reads and does not write', async (t) => {
  const { engine, pool, act } = await house(t)
  await act({ input: safari() })
  assert.equal((await refused(pool, () => act({ actor: nobody, input: safari() }))).status, 403)
  assert.equal(
    (
      await refused(pool, () =>
        act({ actor: viewer, action: 'update', targets: ['Dubai_Safari'], input: { category: 'x' } }),
      )
    ).status,
    403,
  )
  assert.equal((await refused(pool, () => readOne(engine, nobody, 'product', 'Dubai_Safari'))).status, 403)
  assert.equal((await readOne(engine, viewer, 'product', 'Dubai_Safari')).product_name, 'Desert Safari')
})

test('a stale version, a missing record and a taken key have their own answers', async (t) => {
  const { pool, act } = await house(t)
  await act({ input: safari() })
  const stale = await refused(pool, () =>
    act({ action: 'update', targets: ['Dubai_Safari'], input: { category: 'x' }, ifVersion: 7 }),
  )
  assert.equal(stale.status, 412)
  assert.equal(
    (await refused(pool, () => act({ action: 'archive', targets: ['Dubai_Nothing'] }))).status,
    404,
  )
  const taken = await refused(pool, () => act({ input: safari() }))
  assert.deepEqual([taken.status, taken.message], [409, 'A product with this product_id exists already.'])
  assert.equal(
    (
      await refused(pool, () =>
        act({ action: 'update', targets: ['Dubai_Safari'], input: { product_id: 'Other' } }),
      )
    ).status,
    422,
  )
})

test('two writers on one record: one wins each round, both land, no version is lost', async (t) => {
  const { act } = await house(t)
  await act({ input: safari() })
  const rounds = 20
  await Promise.all(
    Array.from({ length: rounds }, (_, index) =>
      act({ action: 'update', targets: ['Dubai_Safari'], input: { supplier_name: `s${index}` } }).catch(
        (error: Problem) => assert.equal(error.code, 'busy'),
      ),
    ),
  )
  const { records } = await act({
    action: 'update',
    targets: ['Dubai_Safari'],
    input: { supplier_name: 'last' },
  })
  assert.ok((records[0].version as number) > 2 && (records[0].version as number) <= rounds + 2)
})

test('an idempotency key gives the first answer again, once, also to two at the same moment', async (t) => {
  const { pool, act } = await house(t)
  const both = await Promise.all([act({ input: safari(), key: 'k1' }), act({ input: safari(), key: 'k1' })])
  assert.deepEqual(both.map((each) => each.replayed).sort(), [false, true])
  assert.deepEqual(both[0].records, both[1].records)
  assert.equal(await eventCount(pool), 1)
  assert.equal(
    (await refused(pool, () => act({ input: safari({ category: 'other' }), key: 'k1' }))).code,
    'idempotency_key.reused',
  )
})

test('a dry run meets the real constraints and writes nothing', async (t) => {
  const { pool, act } = await house(t)
  const dry = await act({ input: safari(), dryRun: true })
  assert.deepEqual([dry.change, dry.dryRun, dry.records.length], [null, true, 1])
  assert.equal(await eventCount(pool), 0)
  await act({ input: safari() })
  assert.equal((await refused(pool, () => act({ input: safari(), dryRun: true }))).code, 'unique')
})

test('archive with a reason, restore, and a released key', async (t) => {
  const { engine, pool, act } = await house(t)
  await act({ input: safari() })
  const archived = await act({ action: 'archive', targets: ['Dubai_Safari'], reason: 'season is over' })
  assert.equal(archived.records[0].archive_reason, 'season is over')
  assert.equal(
    (
      await refused(pool, () =>
        act({ action: 'update', targets: ['Dubai_Safari'], input: { category: 'x' } }),
      )
    ).code,
    'archived',
  )
  assert.equal(
    (await refused(pool, () => act({ action: 'archive', targets: ['Dubai_Safari'] }))).code,
    'archived',
  )
  await act({ action: 'restore', targets: ['Dubai_Safari'] })
  await act({ action: 'archive', targets: ['Dubai_Safari'], input: { release_key: true } })
  const again = await act({ input: safari() })
  assert.notEqual(again.records[0].id, archived.records[0].id)
  const [first] = (await listChanges(engine, owner, { limit: 1 })).items
  assert.deepEqual([first.id, first.action, first.events], [again.change, 'create', 1])
})

test('undo puts back what nobody touched, lists the rest, and can itself be undone', async (t) => {
  const { engine, act } = await house(t)
  await act({ input: safari({ category: 'Adventure', supplier_name: 'A' }) })
  const change = (
    await act({
      action: 'update',
      targets: ['Dubai_Safari'],
      input: { category: 'Family', supplier_name: 'B' },
    })
  ).change!
  await act({ action: 'update', targets: ['Dubai_Safari'], input: { supplier_name: 'C' } })
  const dry = await undo(engine, { actor: owner, change, dryRun: true })
  assert.deepEqual(
    [dry.restored, dry.change, dry.kept.map((kept) => kept.field)],
    [1, null, ['supplier_name']],
  )
  const done = await undo(engine, { actor: owner, change })
  const after = await readOne(engine, owner, 'product', 'Dubai_Safari')
  assert.deepEqual([after.category, after.supplier_name], ['Adventure', 'C'])
  await undo(engine, { actor: owner, change: done.change! })
  assert.equal((await readOne(engine, owner, 'product', 'Dubai_Safari')).category, 'Family')
})

test('undo of a create archives the record, redo brings it back; touched ones are kept', async (t) => {
  const { engine, act } = await house(t)
  const made = (await act({ input: [safari(), safari({ product_id: 'Dubai_Dhow' })] })).change!
  await act({ action: 'update', targets: ['Dubai_Dhow'], input: { category: 'Cruise' } })
  const undone = await undo(engine, { actor: owner, change: made })
  assert.deepEqual([undone.restored, undone.kept.map((kept) => kept.key)], [1, ['Dubai_Dhow']])
  assert.ok((await readOne(engine, owner, 'product', 'Dubai_Safari')).archived_at)
  await undo(engine, { actor: owner, change: undone.change! })
  assert.equal((await readOne(engine, owner, 'product', 'Dubai_Safari')).archived_at, null)
})

test('nuke archives everything and frees the ids; one undo brings the catalog back', async (t) => {
  const { engine, act } = await house(t)
  await act({ input: [safari(), safari({ product_id: 'Dubai_Dhow' })] })
  const nuked = await act({ action: 'nuke' })
  assert.deepEqual(nuked.answer, { archived: 2 })
  assert.equal((await act({ action: 'stats' })).answer?.total, 0)
  const undone = await undo(engine, { actor: owner, change: nuked.change! })
  assert.equal(undone.restored, 2)
  assert.equal((await act({ action: 'stats' })).answer?.total, 2)
})
