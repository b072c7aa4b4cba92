import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { perform } from '../../src/engine/perform.ts'
import { readOne } from '../../src/engine/read.ts'
import type { ImportOptions } from '../../src/engine/types.ts'
import { undo } from '../../src/engine/undo.ts'
import type { Row } from '../../src/kernel/field.ts'
import type { Problem } from '../../src/kernel/problem.ts'
import { owner, viewer } from '../support/database.ts'
import { eventCount } from '../support/engine.ts'
import { document, importHouse, jsonl } from '../support/imports.ts'

/** A house with saved sources of these precedences, whose files are brought by hand. */
async function sourcedHouse(t: TestContext, precedences: { [source: string]: number } = {}) {
  const house = await importHouse(t)
  const { engine, send } = house
  for (const [name, precedence] of Object.entries(precedences))
    await perform(engine, {
      actor: owner,
      resource: 'import_source',
      action: 'create',
      input: { name, resource: 'product', kind: 'folder', location: `/srv/${name}`, precedence },
    })
  let files = 0
  const bring = (source: string | null, documents: Row[], options: ImportOptions = {}, dryRun = false) =>
    send(
      `${++files}.jsonl`,
      `${jsonl(...documents)}${'\n'.repeat(files)}`,
      { mode: 'merge', ...options, ...(source ? { source } : {}) },
      dryRun,
    )
  const act = (action: string, target: string, input: Row = {}) =>
    perform(engine, { actor: owner, resource: 'product', action, targets: [target], input })
  const show = (id: string) => readOne(engine, owner, 'product', id)
  const live = async () => (await house.catalog()).map((product) => String(product.product_id)).sort()
  return { ...house, bring, act, show, live }
}

function said({ record }: { record: Row }): string[] {
  return (record.warnings as Row[]).map(({ label, path, code }) => `${label} ${path} ${code}`)
}

test('a locked field is left alone, said in the plan, counted, and free again when unlocked', async (t) => {
  const { bring, act, show, pool } = await sourcedHouse(t)
  await bring(null, [document('A', { category: 'Family', supplier_name: 'Old' }), document('B')])
  await act('lock', 'A', { fields: ['category', 'product_name', 'category'] })
  assert.deepEqual((await show('A')).locked_fields, ['category', 'product_name'])
  const before = await eventCount(pool)
  const file = [
    { product_id: 'A', category: 'Cruise', supplier_name: 'New' },
    { product_id: 'B', category: 'Cruise' },
  ]
  const sent = await bring(null, file)
  const { category, supplier_name, version } = await show('A')
  assert.deepEqual([category, supplier_name, version], ['Family', 'New', 3])
  assert.deepEqual([sent.counts.updated, sent.counts.kept, await eventCount(pool)], [2, 1, before + 2])
  assert.deepEqual(said(sent), ['A category field.locked'])
  assert.match(JSON.stringify(sent.record.warnings), /the record keeps Family, the file says Cruise/)
  const again = await bring(null, file)
  assert.deepEqual([again.counts.unchanged, again.counts.kept, again.change], [2, 1, null])
  await act('unlock', 'A', { fields: ['category'] })
  assert.equal((await bring(null, file)).counts.updated, 1)
  assert.deepEqual(
    [(await show('A')).category, (await show('A')).locked_fields],
    ['Cruise', ['product_name']],
  )
  await act('unlock', 'A')
  assert.equal((await show('A')).locked_fields, null)
})

test('lock and unlock are changes: with events, undoable, guarded, and only for fields there are', async (t) => {
  const { engine, bring, act, show, pool } = await sourcedHouse(t)
  await bring(null, [document('A')])
  const before = await eventCount(pool)
  const { change } = await act('lock', 'A', { fields: ['category'] })
  assert.equal((await act('lock', 'A', { fields: ['category'] })).change, null)
  const { rows } = await pool.query('select action, before, after from event order by position desc limit 1')
  assert.deepEqual(rows[0], {
    action: 'lock',
    before: { locked_fields: null },
    after: { locked_fields: ['category'] },
  })
  await undo(engine, { actor: owner, change: change! })
  assert.deepEqual([(await show('A')).locked_fields, await eventCount(pool)], [null, before + 2])
  for (const field of ['colour', 'id', 'version'])
    await assert.rejects(act('lock', 'A', { fields: [field] }), /cannot be locked/, field)
  const request = {
    actor: viewer,
    resource: 'product',
    action: 'lock',
    targets: ['A'],
    input: { fields: ['active'] },
  }
  await assert.rejects(perform(engine, request), (error: Problem) => error.status === 403)
})

test('a plan that was made before the lock holds the record', async (t) => {
  const { bring, act, show, imports } = await sourcedHouse(t)
  await bring(null, [document('A', { category: 'Family' })])
  const plan = await bring(null, [{ product_id: 'A', category: 'Cruise' }], {}, true)
  assert.deepEqual([plan.state, plan.counts.updated], ['planned', 1])
  await act('lock', 'A', { fields: ['category'] })
  const { counts } = await imports.apply(plan.id, { actor: owner })
  assert.deepEqual(
    [(counts as Row).held, (counts as Row).updated, (await show('A')).category],
    [1, 0, 'Family'],
  )
})

test('a locked archive date keeps a record where it is', async (t) => {
  const { bring, act, show, live } = await sourcedHouse(t)
  await bring(null, [document('A'), document('B')])
  await act('lock', 'A', { fields: ['archived_at'] })
  const { counts } = await bring(null, [document('B')], { mode: 'snapshot' })
  assert.deepEqual([counts.removed, await live()], [0, ['A', 'B']])
  await act('archive', 'A')
  const sent = await bring(null, [document('A', { category: 'Cruise' })])
  assert.deepEqual(
    [said(sent), sent.counts.revived, await live()],
    [['A archived_at field.locked'], 0, ['B']],
  )
  assert.equal((await show('A')).category, 'Cruise')
})

test('a source does not overwrite what a higher one wrote, but fills in what nobody did', async (t) => {
  const { bring, show, act } = await sourcedHouse(t, { agency: 1, supplier: 5, twin: 5 })
  await bring('supplier', [document('A', { category: 'Family' })])
  const low = await bring('agency', [{ product_id: 'A', category: 'Cruise', booking_policy: '24 hours' }])
  assert.deepEqual(said(low), ['A category field.outranked'])
  assert.deepEqual([low.counts.updated, low.counts.kept], [1, 1])
  const filled = await show('A')
  assert.deepEqual(
    [filled.category, filled.booking_policy, filled.brought_by, filled.field_sources],
    ['Family', '24 hours', 'supplier', { booking_policy: 'agency' }],
  )
  const cases: [string, Row, string | null, Row | null][] = [
    [
      'a twin of equal rank writes last',
      { category: 'Twin' },
      'twin',
      { booking_policy: 'agency', category: 'twin' },
    ],
    [
      'and is then above the lower one',
      { category: 'Agency' },
      'agency',
      { booking_policy: 'agency', category: 'twin' },
    ],
    ['a higher one takes a field', { booking_policy: '48 hours' }, 'supplier', { category: 'twin' }],
    ['a file without a source claims nothing', { category: 'Hand' }, null, { category: 'twin' }],
  ]
  for (const [name, fields, source, claims] of cases) {
    await bring(source, [{ product_id: 'A', ...fields }])
    assert.deepEqual((await show('A')).field_sources, claims, name)
  }
  assert.equal((await show('A')).category, 'Hand')
  await act('update', 'A', { category: 'Person' })
  assert.equal((await bring('agency', [{ product_id: 'A', category: 'Agency' }])).counts.updated, 0)
})

test('undo takes the claims back too', async (t) => {
  const { engine, bring, show } = await sourcedHouse(t, { agency: 1, supplier: 5 })
  await bring('agency', [document('A', { category: 'Family' })])
  const { change } = await bring('supplier', [{ product_id: 'A', category: 'Cruise' }])
  assert.deepEqual((await show('A')).field_sources, { category: 'supplier' })
  await undo(engine, { actor: owner, change: change! })
  const { category, field_sources } = await show('A')
  assert.deepEqual([category, field_sources], ['Family', null])
})

test('a snapshot of a source archives what that source brought, and nobody else', async (t) => {
  const { bring, act, live, show } = await sourcedHouse(t, { a: 1, b: 1 })
  await bring(null, [document('Hand')])
  await bring('a', [document('A1'), document('A2'), document('A3')])
  await bring('b', [document('B1'), document('A3')])
  const { counts } = await bring('a', [document('A1')], { mode: 'snapshot' })
  assert.deepEqual([counts.removed, await live()], [2, ['A1', 'B1', 'Hand']])
  await bring('b', [document('A2')])
  assert.deepEqual([(await show('A2')).brought_by, await live()], ['b', ['A1', 'A2', 'B1', 'Hand']])
  assert.equal((await bring('a', [document('A1')], { mode: 'snapshot' })).counts.removed, 0)
  await act('archive', 'A2')
  await bring(null, [document('A2')])
  assert.equal((await show('A2')).brought_by, null)
})

test('a snapshot that would archive too much of its source says how much, and how to allow it', async (t) => {
  const { bring, live, send } = await sourcedHouse(t, { a: 1 })
  const many = (count: number) => Array.from({ length: count }, (_, index) => document(`A${index}`))
  await bring(
    null,
    Array.from({ length: 30 }, (_, index) => document(`H${index}`)),
  )
  await bring('a', many(20))
  const snapshot = (count: number, more: ImportOptions = {}) =>
    bring('a', many(count), { mode: 'snapshot', ...more })
  await assert.rejects(snapshot(13), (error: Problem) => {
    assert.deepEqual([error.status, error.code], [422, 'snapshot.removals'])
    assert.match(error.message, /archive 7 of 20 products that a brought \(35\.0 %\); at most 10\.0 %/)
    return /set max_removal_share of the source a to 0\.35/.test(error.message)
  })
  await assert.rejects(
    send('none.json', '[]', { mode: 'snapshot' }),
    /empty; as a snapshot it would archive all 50/,
  )
  assert.equal((await live()).length, 50)
  assert.equal((await snapshot(15)).counts.removed, 5)
  assert.equal((await snapshot(5, { maxRemovalShare: 0.7 })).counts.removed, 10)
})
