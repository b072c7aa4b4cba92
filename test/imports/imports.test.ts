import assert from 'node:assert/strict'
import { readFile } from 'node:fs/promises'
import { test } from 'node:test'
import { perform } from '../../src/engine/perform.ts'
import { readOne } from '../../src/engine/read.ts'
import type { Row } from '../../src/kernel/field.ts'
import type { Problem } from '../../src/kernel/problem.ts'
import type { Counts } from '../../src/kernel/proposal.ts'
import { owner } from '../support/database.ts'
import { eventCount } from '../support/engine.ts'
import { document, importHouse, jsonl } from '../support/imports.ts'

/** P2: rows in = the sum of the verdicts. */
function accounted(counts: Counts): boolean {
  return (
    counts.read ===
    counts.created + counts.updated + counts.unchanged + counts.superseded + counts.held + counts.rejected
  )
}

const sum = ({ created, updated, unchanged, superseded, held, rejected }: Counts) => [
  created,
  updated,
  unchanged,
  superseded,
  held,
  rejected,
]

test('the twelve products of the predecessor ingest unchanged; the same file again is the same import and writes nothing', async (t) => {
  const { pool, backups, send, catalog } = await importHouse(t)
  const file = await readFile('samples/catalog/first-twelve.json', 'utf8')
  const first = await send('first-twelve.json', file)
  assert.deepEqual([first.state, ...sum(first.counts)], ['applied', 12, 0, 0, 0, 0, 0])
  const events = await eventCount(pool)
  const again = await send('first-twelve.json', file)
  assert.deepEqual([again.id, again.again, ...sum(again.counts)], [first.id, true, 0, 0, 12, 0, 0, 0])
  assert.deepEqual([await eventCount(pool), backups.length], [events, 1])
  const given = JSON.parse(file) as Row[]
  const kept = await catalog()
  for (const [index, product] of given.entries())
    for (const [name, value] of Object.entries(product))
      assert.deepEqual(kept[index][name], value, `${product.product_id}.${name}`)
})

const formats = ['products.csv', 'products.xlsx', 'products.jsonl']

test('the sample catalog is the same catalog in every format, and an export of it changes nothing', async (t) => {
  const { send, catalog } = await importHouse(t)
  assert.equal(
    (await send('products.jsonl', await readFile('samples/catalog/products.jsonl'))).counts.created,
    61,
  )
  for (const name of formats) {
    const { counts } = await send(`copy-${name}`, await readFile(`samples/catalog/${name}`), {
      encoding: undefined,
    } as never)
    assert.deepEqual([counts.unchanged, counts.read], [61, 61], name)
  }
  const exported = jsonl(...(await catalog()))
  assert.equal((await send('export.jsonl', exported)).counts.unchanged, 61)
})

test('an atomic file with one bad row writes nothing and takes no backup; every fault is told', async (t) => {
  const { pool, backups, imports, send } = await importHouse(t)
  const bad = [
    document('A'),
    document('B', { pricing: [{ tier_name: 'x', price_aed: -5, currency: 'AED' }], duration_hours: 0 }),
    document('C', { product_name: null }),
  ]
  const { state, counts, id } = await send('bad.jsonl', jsonl(...bad))
  assert.deepEqual([state, counts.created, counts.rejected], ['planned', 1, 2])
  assert.deepEqual([await eventCount(pool), backups.length], [0, 0])
  const { items } = await imports.rows(id, { actor: owner, verdict: 'rejected', limit: 10 })
  assert.deepEqual(
    items.map((row) => [row.key, row.address, row.errors.map((fault) => `${fault.path}: ${fault.detail}`)]),
    [
      [
        'B',
        { line: 2 },
        ['pricing[0].price_aed: must be >= 0, got -5', 'duration_hours: must be > 0, got 0'],
      ],
      ['C', { line: 3 }, ['product_name: is required']],
    ],
  )
  await assert.rejects(
    imports.apply(id, { actor: owner }),
    (error: Problem) => error.code === 'import.rejected',
  )
})

test('skip applies the good rows; the rejects file comes in the same format and imports cleanly once mended', async (t) => {
  const { imports, send, catalog } = await importHouse(t)
  const { counts, id } = await send('mixed.jsonl', jsonl(document('A'), document('B', { active: 'maybe' })), {
    onError: 'skip',
  })
  assert.deepEqual([counts.created, counts.rejected, accounted(counts)], [1, 1, true])
  const rejects = await imports.rejects(id, { actor: owner })
  let text = ''
  for await (const chunk of rejects.body) text += Buffer.from(chunk).toString()
  assert.equal(rejects.fileName, 'mixed.rejects.jsonl')
  assert.match(text, /line 2, active: must be true or false, got the text \\"maybe\\"/)
  const mended = await send(rejects.fileName, text.replace('"maybe"', 'false'))
  assert.deepEqual(
    [mended.counts.created, mended.counts.rejected, (mended.record.warnings as unknown[]).length],
    [1, 0, 0],
  )
  assert.equal((await catalog()).length, 2)
})

test('replace sets absent fields to their default, merge keeps them and null clears, create refuses known keys', async (t) => {
  const { send, catalog } = await importHouse(t)
  await send(
    'one.json',
    JSON.stringify(document('A', { category: 'Family', supplier_name: 'S', duration_hours: 2 })),
  )
  await send('two.json', JSON.stringify({ product_id: 'A', category: 'Cruise', supplier_name: null }), {
    mode: 'merge',
  })
  const [merged] = await catalog()
  assert.deepEqual([merged.category, merged.supplier_name, merged.duration_hours], ['Cruise', null, 2])
  await send('three.json', JSON.stringify(document('A')))
  const [replaced] = await catalog()
  assert.deepEqual([replaced.category, replaced.duration_hours, replaced.active], [null, null, true])
  const create = await send('four.json', JSON.stringify([document('A'), document('B')]), { mode: 'create' })
  assert.deepEqual([create.state, create.counts.created, create.counts.rejected], ['planned', 1, 1])
})

test('merge refuses to clear a required field and asks a new record to be whole', async (t) => {
  const { send } = await importHouse(t)
  await send('one.json', JSON.stringify(document('A')))
  const { counts } = await send(
    'two.json',
    JSON.stringify([
      { product_id: 'A', product_name: null },
      { product_id: 'B', category: 'x' },
    ]),
    { mode: 'merge' },
  )
  assert.equal(counts.rejected, 2)
})

test('the last of several rows with one key wins; the others are superseded and named', async (t) => {
  const { send, catalog } = await importHouse(t)
  const { counts, record } = await send(
    'twice.jsonl',
    jsonl(document('A', { category: 'first' }), document('B'), document('A', { category: 'last' })),
  )
  assert.deepEqual([counts.created, counts.superseded, accounted(counts)], [2, 1, true])
  assert.deepEqual(
    (await catalog()).map((product) => product.category),
    [null, 'last'],
  )
  assert.match(JSON.stringify(record.warnings), /replaced by a later row with the same key \(line 3\)/)
})

test('unknown members are kept in extra with a warning, come back on export, and are faults when strict', async (t) => {
  const { send, catalog } = await importHouse(t)
  const odd = jsonl(document('A', { meeting_point: 'Gate 3', categry: 'Family' }))
  const { record } = await send('odd.jsonl', odd)
  assert.match(JSON.stringify(record.warnings), /categry.*did you mean category/)
  assert.deepEqual((await catalog())[0].meeting_point, 'Gate 3')
  assert.equal((await send('odd.jsonl', odd, { strict: true })).counts.rejected, 1)
})

test('a plan is executed as it was shown; rows that moved meanwhile are held', async (t) => {
  const { engine, imports, send } = await importHouse(t)
  await send('base.jsonl', jsonl(document('A'), document('B')))
  const planned = await send(
    'change.jsonl',
    jsonl(document('A', { category: 'x' }), document('B', { category: 'x' })),
    {},
    true,
  )
  assert.deepEqual([planned.state, planned.counts.updated], ['planned', 2])
  await perform(engine, {
    actor: owner,
    resource: 'product',
    action: 'update',
    targets: ['B'],
    input: { supplier_name: 'by hand' },
  })
  const applied = await imports.apply(planned.id, { actor: owner })
  const counts = applied.counts as Counts
  assert.deepEqual([counts.updated, counts.held, accounted(counts)], [1, 1, true])
  assert.deepEqual(
    [
      (await readOne(engine, owner, 'product', 'B')).category,
      (await readOne(engine, owner, 'product', 'A')).category,
    ],
    [null, 'x'],
  )
})

test('undo of an import restores the catalog byte for byte, keeps what was touched since, and the file can come again', async (t) => {
  const { engine, imports, send, catalog } = await importHouse(t)
  await send('base.jsonl', jsonl(document('A', { category: 'old' }), document('B')))
  const before = JSON.stringify(await catalog())
  const change = jsonl(document('A', { category: 'new' }), document('C'))
  const { id } = await send('change.jsonl', change)
  const dry = await imports.undo(id, { actor: owner, dryRun: true })
  assert.deepEqual([dry.restored, dry.kept.length, dry.change], [2, 0, null])
  await imports.undo(id, { actor: owner })
  assert.equal(JSON.stringify(await catalog()), before)
  const again = await send('change.jsonl', change)
  assert.notEqual(again.id, id)
  assert.deepEqual(
    [again.counts.created + again.counts.updated, again.counts.revived, accounted(again.counts)],
    [2, 1, true],
  )
  await perform(engine, {
    actor: owner,
    resource: 'product',
    action: 'update',
    targets: ['A'],
    input: { category: 'by hand' },
  })
  const second = await imports.undo(again.id, { actor: owner })
  assert.deepEqual(
    [second.restored, second.kept.map((kept) => [kept.key, kept.field])],
    [1, [['A', 'category']]],
  )
})

test('the same bytes after somebody changed a record are judged anew, as a new import', async (t) => {
  const { engine, send } = await importHouse(t)
  const file = jsonl(document('A', { category: 'file' }))
  const first = await send('a.jsonl', file)
  await perform(engine, {
    actor: owner,
    resource: 'product',
    action: 'update',
    targets: ['A'],
    input: { category: 'by hand' },
  })
  const second = await send('a.jsonl', file)
  assert.notEqual(second.id, first.id)
  assert.deepEqual([second.counts.updated, (await send('a.jsonl', file)).id], [1, second.id])
})

test('a mapping made by hand is remembered for the next file with the same header', async (t) => {
  const { send } = await importHouse(t)
  const file = (name: string) => `Ref,What,Tier,AED,Incl\nA,${name},Adult,10,Tea\n`
  const columns = { Ref: 'product_id', What: 'product_name', AED: 'price', Incl: 'inclusions' }
  await assert.rejects(send('first.csv', file('First')), /no column for product_id/)
  assert.equal((await send('first.csv', file('First'), { columns })).counts.created, 1)
  assert.equal((await send('second.csv', file('Second'))).counts.updated, 1)
})

test('a snapshot archives what the file does not name, but not more than was allowed', async (t) => {
  const { send, catalog } = await importHouse(t)
  await send('base.jsonl', jsonl(...Array.from({ length: 40 }, (_, index) => document(`P${index}`))))
  const smaller = (count: number) =>
    jsonl(...Array.from({ length: count }, (_, index) => document(`P${index}`)))
  const small = await send('small.jsonl', smaller(37), { mode: 'snapshot' })
  assert.deepEqual([small.counts.removed, small.counts.unchanged, (await catalog()).length], [3, 37, 37])
  await assert.rejects(send('tiny.jsonl', smaller(10), { mode: 'snapshot' }), /would archive 27 of 37/)
  assert.equal((await catalog()).length, 37)
  assert.equal(
    (await send('tiny.jsonl', smaller(10), { mode: 'snapshot', maxRemovalShare: 0.8 })).counts.removed,
    27,
  )
})

test('two processes with the same file at the same moment: the catalog is that of one, and both accounts close', async (t) => {
  const { pool, send } = await importHouse(t)
  const file = jsonl(...Array.from({ length: 200 }, (_, index) => document(`P${index}`)))
  const both = await Promise.all([send('same.jsonl', file), send('same.jsonl', file)])
  assert.equal(await eventCount(pool), 200)
  assert.equal(both[0].counts.created + both[1].counts.created, 200)
  assert.deepEqual(
    both.map(({ counts }) => [counts.read, accounted(counts)]),
    [
      [200, true],
      [200, true],
    ],
  )
})

const unreadable: [string, string | Buffer, RegExp][] = [
  ['empty.json', '', /empty/],
  ['broken.json', '[\n  {"product_id": "A"\n  "x": 1}]', /broken\.json at line 3, column 3/],
  ['page.xlsx', '<!DOCTYPE html><html></html>', /HTML/i],
  ['picture.csv', Buffer.from('\x89PNG\r\n\x1a\n0000', 'latin1'), /PNG|picture|image/i],
]

test('a file that cannot be read fails with its reason, and nothing is written', async (t) => {
  const { pool, send } = await importHouse(t)
  for (const [name, content, reason] of unreadable) await assert.rejects(send(name, content), reason, name)
  assert.equal(await eventCount(pool), 0)
})
