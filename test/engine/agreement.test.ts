import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { sql } from 'kysely'
import type { Row } from '../../src/kernel/field.ts'
import { f } from '../../src/kernel/fields/index.ts'
import { resource } from '../../src/kernel/resource.ts'
import { all, any, compare, everybody, matches, not, owns, type Rule, role } from '../../src/kernel/rule.ts'
import { compile } from '../../src/store/compile.ts'
import { where } from '../../src/store/where.ts'
import { testDatabase } from '../support/database.ts'

const thing = resource('thing', {
  fields: {
    word: f.text({ optional: true }),
    number: f.number({ optional: true }),
    flag: f.boolean({ optional: true }),
    day: f.date({ optional: true }),
    cost: f.money({ optional: true, only: 'AED' }),
    tags: f.list(f.text(), { optional: true }),
    stay: f.period({ optional: true }),
    host: f.text({ optional: true }),
  },
  key: ['word'],
  access: { read: everybody },
})
const table =
  'create temp table thing (n int, word text, number numeric, flag boolean, day date, cost bigint, tags jsonb, stay daterange, host text)'

const word = fc.constantFrom('', 'a', 'B', 'b', 'é', 'ß', 'ab', 'مسجد', '😀', '\uffff')
const number = fc.constantFrom(-1, 0, 0.17, 1, 2.5, 100)
const day = fc.constantFrom('2026-01-01', '2026-01-31', '2026-02-01', '2027-01-01')
const cost = fc.integer({ min: 0, max: 3 }).map((amount) => ({ amount, currency: 'AED' }))
const stay = fc
  .tuple(fc.integer({ min: 1, max: 5 }), fc.integer({ min: 6, max: 9 }))
  .map(([from, to]) => ({ start: `2026-01-0${from}`, end: `2026-01-0${to}` }))
const maybe = <Value>(value: fc.Arbitrary<Value>) => fc.option(value, { nil: null })

const rows = fc.array(
  fc.record({
    word: maybe(word),
    number: maybe(number),
    flag: maybe(fc.boolean()),
    day: maybe(day),
    cost: maybe(cost),
    tags: maybe(fc.array(word, { maxLength: 3 })),
    stay: maybe(stay),
    host: maybe(fc.constantFrom('me', 'you')),
  }),
  { minLength: 1, maxLength: 12 },
)

const ORDER = ['=', '!=', '<', '<=', '>', '>='] as const
const comparison = fc.oneof(
  fc.tuple(fc.constant('word'), fc.constantFrom(...ORDER, 'contains' as const, 'starts_with' as const), word),
  fc.tuple(fc.constant('number'), fc.constantFrom(...ORDER), number),
  fc.tuple(fc.constant('flag'), fc.constantFrom('=' as const, '!=' as const), fc.boolean()),
  fc.tuple(fc.constant('day'), fc.constantFrom(...ORDER), day),
  fc.tuple(fc.constant('cost'), fc.constantFrom(...ORDER), cost),
  fc.tuple(fc.constant('tags'), fc.constant('contains' as const), word),
  fc.tuple(fc.constant('stay'), fc.constant('overlaps' as const), stay),
  fc.tuple(fc.constant('word'), fc.constant('in' as const), fc.array(word, { maxLength: 3 })),
  fc.tuple(
    fc.constantFrom('word', 'number', 'flag', 'day', 'cost'),
    fc.constantFrom('=' as const, '!=' as const),
    fc.constant(null),
  ),
)
const leaf: fc.Arbitrary<Rule> = fc.oneof(
  comparison.map(([field, operator, value]) => compare(field, operator, value)),
  fc.constantFrom(role('staff'), role('manager'), owns('host')),
)
const { rule } = fc.letrec<{ rule: Rule }>((tie) => ({
  rule: fc.oneof(
    { maxDepth: 3 },
    leaf,
    fc.array(tie('rule'), { maxLength: 3 }).map((rules) => all(...rules)),
    fc.array(tie('rule'), { maxLength: 3 }).map((rules) => any(...rules)),
    tie('rule').map((each) => not(each)),
  ),
}))

const actors = [
  { id: 'me', name: 'Me', roles: ['staff'] },
  { id: 'you', name: 'You', roles: ['owner'] },
]

test('a rule lets the same rows through in SQL as in memory', async (t) => {
  const { pool } = await testDatabase(t)
  const client = await pool.connect()
  try {
    await client.query(table)
    await fc.assert(
      fc.asyncProperty(rows, rule, fc.constantFrom(...actors), async (given, tested, actor) => {
        await client.query('truncate thing')
        for (const [n, row] of given.entries())
          await client.query('insert into thing values ($1, $2, $3, $4, $5, $6, $7, $8, $9)', [
            n,
            row.word,
            row.number,
            row.flag,
            row.day,
            row.cost?.amount ?? null,
            row.tags ? JSON.stringify(row.tags) : null,
            row.stay ? `[${row.stay.start},${row.stay.end})` : null,
            row.host,
          ])
        const { text, values } = compile(
          sql`select n from thing t where ${where(thing, tested, actor)} order by n`,
        )
        const found = (await client.query<{ n: number }>(text, values)).rows.map((row) => row.n)
        assert.deepEqual(
          found,
          given.flatMap((row, n) => (matches(tested, row as Row, actor) ? [n] : [])),
        )
      }),
      { numRuns: 300 },
    )
  } finally {
    client.release()
  }
})
