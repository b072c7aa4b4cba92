import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { celEnv, parse, plan } from '@bufbuild/cel'
import fc from 'fast-check'
import { sql } from 'kysely'
import type { PoolClient } from 'pg'
import { compileCondition, type Scope } from '../../src/engine/expression/compile.ts'
import { parseFilter } from '../../src/engine/filter.ts'
import type { Actor } from '../../src/kernel/actor.ts'
import type { Row } from '../../src/kernel/field.ts'
import { f } from '../../src/kernel/fields/index.ts'
import { resource } from '../../src/kernel/resource.ts'
import {
  all,
  any,
  compare,
  everybody,
  matches,
  not,
  owns,
  type Rule,
  role,
  self,
} from '../../src/kernel/rule.ts'
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
    person: f.ref('user', { optional: true }),
  },
  key: ['word'],
  access: { read: everybody },
})
const table =
  'create temp table thing (n int, word text, number numeric, flag boolean, day date, cost bigint, tags jsonb, stay daterange, host text, person uuid)'

const PERSON = '01990000-0000-7000-8000-000000000001'
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
    person: maybe(fc.constantFrom(PERSON, '01990000-0000-7000-8000-000000000002')),
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
  fc.tuple(fc.constant('stay'), fc.constant('contains' as const), day),
  fc.tuple(fc.constant('word'), fc.constant('in' as const), fc.array(word, { maxLength: 3 })),
  fc.tuple(
    fc.constantFrom('word', 'number', 'flag', 'day', 'cost'),
    fc.constantFrom('=' as const, '!=' as const),
    fc.constant(null),
  ),
)
const leaf: fc.Arbitrary<Rule> = fc.oneof(
  comparison.map(([field, operator, value]) => compare(field, operator, value)),
  fc.constantFrom(role('staff'), role('manager'), owns('host'), self('person')),
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
  { id: 'me', name: 'Me', roles: ['staff'], user: PERSON },
  { id: 'you', name: 'You', roles: ['owner'] },
]

type Things = { fill(given: Row[]): Promise<void>; found(tested: Rule, actor: Actor): Promise<number[]> }

/** A table of things on a connection of its own, filled anew for every run of a property. */
async function withThings(t: TestContext, work: (things: Things) => Promise<void>): Promise<void> {
  const { pool } = await testDatabase(t)
  const client = await pool.connect()
  try {
    await client.query(table)
    await work(thingsOn(client))
  } finally {
    client.release()
  }
}

function thingsOn(client: PoolClient): Things {
  return {
    async fill(given) {
      await client.query('truncate thing')
      const records = given.map((row, n) => ({
        ...row,
        n,
        cost: (row.cost as { amount: number } | null)?.amount ?? null,
        stay: row.stay ? `[${(row.stay as Stay).start},${(row.stay as Stay).end})` : null,
      }))
      await client.query('insert into thing select * from jsonb_populate_recordset(null::thing, $1)', [
        JSON.stringify(records),
      ])
      // JSON's null in a column of JSON is a value; ours is none.
      await client.query("update thing set tags = null where tags = 'null'")
    },
    async found(tested, actor) {
      const { text, values } = compile(
        sql`select n from thing t where ${where(thing, tested, actor)} order by n`,
      )
      return (await client.query<{ n: number }>(text, values)).rows.map((row) => row.n)
    },
  }
}
type Stay = { start: string; end: string }

test('a rule lets the same rows through in SQL as in memory', (t) =>
  withThings(t, async ({ fill, found }) => {
    await fc.assert(
      fc.asyncProperty(rows, rule, fc.constantFrom(...actors), async (given, tested, actor) => {
        await fill(given)
        assert.deepEqual(
          await found(tested, actor),
          given.flatMap((row, n) => (matches(tested, row as Row, actor) ? [n] : [])),
        )
      }),
      { numRuns: 300 },
    )
  }))

// Conditions as people write them: every form that a filter takes.
// The reference orders text by UTF-16 units, so U+FFFF and an emoji are not asked of it together.
const word16 = word.filter((each) => each !== '\uffff')
const written = (value: unknown) => JSON.stringify(value)
const SIGNS = ['==', '!=', '<', '<=', '>', '>='] as const
const condition = fc.oneof(
  fc.tuple(fc.constantFrom(...SIGNS), word16).map(([sign, value]) => `word ${sign} ${written(value)}`),
  fc.tuple(fc.constantFrom(...SIGNS), number).map(([sign, value]) => `number ${sign} ${value}`),
  fc.tuple(number, fc.constantFrom(...SIGNS)).map(([value, sign]) => `${value} ${sign} number`),
  fc.tuple(fc.constantFrom(...SIGNS), day).map(([sign, value]) => `day ${sign} ${written(value)}`),
  fc.tuple(fc.constantFrom(...SIGNS), cost).map(([sign, { amount }]) => `cost.amount ${sign} ${amount}`),
  fc.boolean().map((value) => `flag == ${value}`),
  fc.constantFrom('flag', '!flag', 'true', 'false'),
  word16.map((value) => `${written(value)} in tags`),
  word16.map((value) => `word.contains(${written(value)})`),
  word16.map((value) => `word.startsWith(${written(value)})`),
  fc.array(word16, { maxLength: 3 }).map((values) => `word in ${written(values)}`),
  fc.array(number, { maxLength: 3 }).map((values) => `number in ${written(values)}`),
  fc
    .tuple(
      fc.constantFrom('word', 'number', 'flag', 'day', 'cost', 'tags', 'stay'),
      fc.constantFrom('==', '!='),
    )
    .map(([name, sign]) => `${name} ${sign} null`),
)
const { filter } = fc.letrec<{ filter: string }>((tie) => ({
  filter: fc.oneof(
    { maxDepth: 4 },
    condition,
    fc.tuple(tie('filter'), tie('filter')).map(([a, b]) => `(${a}) && (${b})`),
    fc.tuple(tie('filter'), tie('filter')).map(([a, b]) => `(${a}) || (${b})`),
    tie('filter').map((each) => `!(${each})`),
  ),
}))
// What CEL has no word for: the same in SQL and in memory.
const own = fc.oneof(
  fc.tuple(fc.constantFrom(...SIGNS), cost).map(([sign, { amount }]) => `cost ${sign} ${amount}`),
  stay.map(({ start, end }) => `stay.overlaps(${written(start)}, ${written(end)})`),
  day.map((value) => `stay.contains(${written(value)})`),
)
const someone = actors[0]

/** What the reference implementation of CEL says of the row; undefined where it knows no answer. */
function byReference(source: string): (row: Row) => boolean | undefined {
  const evaluate = plan(celEnv(), parse(source))
  return (row) => {
    const value = evaluate(row as never)
    return typeof value === 'boolean' ? value : undefined
  }
}

test('a filter means the same in SQL, as a rule in memory, as an expression, and in CEL', (t) =>
  withThings(t, async ({ fill, found }) => {
    let compared = 0
    let undefinedInCel = 0
    await fc.assert(
      fc.asyncProperty(rows, filter, async (given, source) => {
        await fill(given)
        const tested = parseFilter(thing, source)
        const { test: holds } = compileCondition(thing, source)
        const reference = byReference(source)
        const selected = new Set(await found(tested, someone))
        for (const [n, row] of given.entries()) {
          const where = `${source} on ${JSON.stringify(row)}`
          assert.equal(matches(tested, row as Row, someone), selected.has(n), `rule: ${where}`)
          assert.equal(expressed(holds, row), selected.has(n), `expression: ${where}`)
          const said = row.word === '\uffff' ? undefined : reference(row as Row)
          if (said === undefined) undefinedInCel++
          else {
            compared++
            assert.equal(said, selected.has(n), `CEL: ${where}`)
          }
        }
      }),
      { numRuns: 400 },
    )
    assert.ok(compared > undefinedInCel, `CEL answered ${compared} of ${compared + undefinedInCel}`)
  }))

test('what CEL has no word for means the same in SQL, as a rule and as an expression', (t) =>
  withThings(t, async ({ fill, found }) => {
    await fc.assert(
      fc.asyncProperty(rows, own, fc.boolean(), async (given, part, negated) => {
        await fill(given)
        const source = negated ? `!(${part})` : part
        const tested = parseFilter(thing, source)
        const { test: holds } = compileCondition(thing, source)
        const selected = await found(tested, someone)
        assert.deepEqual(
          given.flatMap((row, n) => (matches(tested, row as Row, someone) ? [n] : [])),
          selected,
        )
        assert.deepEqual(
          given.flatMap((row, n) => (expressed(holds, row) ? [n] : [])),
          selected,
        )
      }),
      { numRuns: 200 },
    )
  }))

function expressed(holds: (scope: Scope) => boolean, row: object): boolean {
  return holds({ record: row as Row, before: null, today: '2026-01-15' })
}
