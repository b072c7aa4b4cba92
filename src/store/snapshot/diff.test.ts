import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import fc from 'fast-check'
import type pg from 'pg'
import { testDatabase } from '../../../test/support/database.ts'
import { diffTable } from './diff.ts'
import { withSession } from './session.ts'
import { readTables, type TableShape } from './shape.ts'

type Held = Map<string, string | null>

const keys = fc.oneof(
  fc.constantFrom('a', 'B', 'é', '\\', '\t', '\n', ' ', '"', "'", '😀', '\\N'),
  fc.string({ unit: 'grapheme', maxLength: 4 }),
)
const contents = fc.option(fc.constantFrom('x', 'y', 'z\n', '\\N', ''))
const helds: fc.Arbitrary<Held> = fc
  .array(fc.tuple(keys, contents), { maxLength: 12 })
  .map((pairs) => new Map(pairs))

for (const [what, columns, key] of [
  ['a text key', 'key text primary key, content text', 'key'],
  [
    'a key of two columns',
    'part int default 1, key text, content text, primary key (key, part)',
    'key, part',
  ],
] as const)
  test(`random rows with ${what}: added, removed and changed are those of a comparison in memory`, async (t) => {
    await withTwo(t, async (before, after) => {
      for (const client of [before, after]) await client.query(`create table held (${columns})`)
      const [shape] = await readTables(before, [])
      assert.equal(shape!.key.join(', '), key)
      await fc.assert(
        fc.asyncProperty(helds, helds, async (old, now) => {
          await fill(before, old)
          await fill(after, now)
          assert.deepEqual(await diffTable(before, after, shape!, shape), compare(old, now))
        }),
        { numRuns: 60 },
      )
    })
  })

test('uuid keys, and columns that only one side has', async (t) => {
  await withTwo(t, async (before, after) => {
    await before.query('create table held (id uuid primary key, content text, gone int default 7)')
    await after.query('create table held (content text, fresh int default 9, id uuid primary key)')
    for (const client of [before, after])
      await client.query(
        'insert into held (id, content) select md5(n::text)::uuid, n from generate_series(1, 5000) n',
      )
    await after.query("delete from held where content in ('1', '5000')")
    await after.query("insert into held (id, content) values ('00000000-0000-0000-0000-000000000000', 'new')")
    await after.query("update held set content = 'other' where content in ('17', '18')")
    const [[old], [now]] = [await readTables(before, []), await readTables(after, [])] as [
      TableShape[],
      TableShape[],
    ]
    assert.deepEqual(await diffTable(before, after, now!, old), {
      table: 'held',
      before: 5000,
      after: 4999,
      added: 1,
      removed: 2,
      changed: 2,
    })
    assert.deepEqual(await diffTable(before, after, now!, undefined), {
      table: 'held',
      before: 0,
      after: 4999,
      added: 4999,
      removed: 0,
      changed: 0,
    })
  })
})

test('without a key only the numbers are compared', async (t) => {
  await withTwo(t, async (before, after) => {
    for (const client of [before, after]) await client.query('create table held (content text)')
    await before.query("insert into held select 'x' from generate_series(1, 5)")
    await after.query("insert into held select 'y' from generate_series(1, 2)")
    const [shape] = await readTables(after, [])
    assert.deepEqual(await diffTable(before, after, shape!, shape), {
      table: 'held',
      before: 5,
      after: 2,
      added: 0,
      removed: 3,
      changed: 0,
    })
  })
})

function compare(old: Held, now: Held) {
  const added = [...now.keys()].filter((key) => !old.has(key)).length
  const removed = [...old.keys()].filter((key) => !now.has(key)).length
  const changed = [...now].filter(([key, content]) => old.has(key) && old.get(key) !== content).length
  return { table: 'held', before: old.size, after: now.size, added, removed, changed }
}

async function fill(client: pg.ClientBase, held: Held): Promise<void> {
  await client.query('truncate held')
  await client.query('insert into held (key, content) select * from unnest($1::text[], $2::text[])', [
    [...held.keys()],
    [...held.values()],
  ])
}

async function withTwo(
  t: TestContext,
  work: (before: pg.Client, after: pg.Client) => Promise<void>,
): Promise<void> {
  const [one, two] = [await testDatabase(t, null), await testDatabase(t, null)]
  await withSession(one.connection, (before) => withSession(two.connection, (after) => work(before, after)))
}
