import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { sql } from 'kysely'
import { ruleText } from '../../src/engine/access/text.ts'
import { parseFilter } from '../../src/engine/filter.ts'
import type { Actor } from '../../src/kernel/actor.ts'
import type { Row } from '../../src/kernel/field.ts'
import { f } from '../../src/kernel/fields/index.ts'
import type { Grant } from '../../src/kernel/grants/grant.ts'
import { compileGrants } from '../../src/kernel/grants/program.ts'
import { reachOf } from '../../src/kernel/grants/shipped.ts'
import { resource } from '../../src/kernel/resource.ts'
import { all, any, compare, matches, not, owns, type Rule, role, self } from '../../src/kernel/rule.ts'
import { compile } from '../../src/store/compile.ts'
import { where } from '../../src/store/where.ts'
import { testDatabase } from '../support/database.ts'

const PERSON = '01990000-0000-7000-8000-000000000001'
const OTHER = '01990000-0000-7000-8000-000000000002'
const actor: Actor = { id: `user:${PERSON}`, name: 'Ana', user: PERSON, roles: ['staff'] }

const thing = resource('thing', {
  fields: {
    word: f.text({ optional: true }),
    weight: f.number({ optional: true }),
    cost: f.money({ optional: true, only: 'AED' }),
    tags: f.list(f.text(), { optional: true }),
    stay: f.period({ optional: true }),
    keeper: f.text({ optional: true }),
    person: f.ref('user', { optional: true }),
  },
  key: ['word'],
  access: { read: any(role('staff'), owns('keeper')), write: role('manager') },
})
const reach = reachOf(new Map([['thing', thing]]))

const word = fc.constantFrom('', 'a', 'B', 'it\'s "x"\n\\', 'é', '😀')
const stay = fc.constantFrom(
  { start: '2026-01-01', end: '2026-01-05' },
  { start: '2026-01-04', end: '2026-01-09' },
)
const maybe = <Value>(value: fc.Arbitrary<Value>) => fc.option(value, { nil: null })
const rows = fc.array(
  fc.record({
    word: maybe(word),
    weight: maybe(fc.constantFrom(-1, 0.5, 1, 3)),
    cost: maybe(fc.constantFrom(0, 5).map((amount) => ({ amount, currency: 'AED' }))),
    tags: maybe(fc.array(word, { maxLength: 2 })),
    stay: maybe(stay),
    keeper: maybe(fc.constantFrom(actor.id, 'user:other')),
    person: maybe(fc.constantFrom(PERSON, OTHER)),
  }),
  { minLength: 1, maxLength: 8 },
)
const ORDER = ['=', '!=', '<', '<=', '>', '>='] as const
const leaf: fc.Arbitrary<Rule> = fc.oneof(
  fc
    .tuple(fc.constantFrom(...ORDER), fc.constantFrom(-1, 0.5, 3))
    .map(([op, value]) => compare('weight', op, value)),
  fc.tuple(fc.constantFrom(...ORDER), word).map(([op, value]) => compare('word', op, value)),
  fc
    .tuple(fc.constantFrom(...ORDER), fc.constantFrom(0, 5))
    .map(([op, amount]) => compare('cost', op, { amount, currency: 'AED' })),
  fc.array(word, { maxLength: 2 }).map((values) => compare('word', 'in', values)),
  fc
    .constantFrom('contains' as const, 'starts_with' as const)
    .chain((op) => word.map((value) => compare('word', op, value))),
  word.map((value) => compare('tags', 'contains', value)),
  stay.map((value) => compare('stay', 'overlaps', value)),
  fc.constant(compare('stay', 'contains', '2026-01-04')),
  fc.constantFrom('=' as const, '!=' as const).map((op) => compare('weight', op, null)),
  fc.constantFrom(owns('keeper'), self('person'), all(), any()),
)
const { rule } = fc.letrec<{ rule: Rule }>((tie) => ({
  rule: fc.oneof(
    { maxDepth: 3 },
    leaf,
    fc.array(tie('rule'), { maxLength: 3 }).map((rules) => all(...rules)),
    fc.array(tie('rule'), { maxLength: 3 }).map((rules) => any(...rules)),
    tie('rule').map(not),
  ),
}))
const grant: fc.Arbitrary<Grant> = fc
  .record({
    effect: fc.constantFrom('allow' as const, 'allow' as const, 'deny' as const),
    permission: fc.constantFrom('thing:read', 'thing:*', '*:read', '*:*', 'thing:update', 'other:read'),
    rule: fc.option(rule, { nil: null }),
    from: fc.constantFrom(Number.NEGATIVE_INFINITY, 0, 20),
    until: fc.constantFrom(Number.POSITIVE_INFINITY, 10, 30),
  })
  .map((parts) => ({
    ...parts,
    id: 'g',
    holder: { kind: 'role', id: 'staff' },
    fields: null,
    delegable: false,
    by: 'test',
    reason: 'test',
  }))

const NOW = 15

/** Row by row, grant by grant, without rules being joined or compiled. */
function naively(grants: readonly Grant[], row: Row): boolean {
  const speaking = grants.filter(
    (each) =>
      each.from <= NOW &&
      NOW < each.until &&
      ['thing:read', 'thing:*', '*:read', '*:*'].includes(each.permission) &&
      (each.rule === null || matches(each.rule, row, actor)),
  )
  return (
    speaking.some(({ effect }) => effect === 'allow') && !speaking.some(({ effect }) => effect === 'deny')
  )
}

test('random grants over random rows: SQL, memory and a naive evaluator agree', async (t) => {
  const { pool, beforeEnd } = await testDatabase(t)
  const client = await pool.connect()
  beforeEnd(async () => client.release())
  await client.query(
    'create temp table thing (n int, word text, weight numeric, cost bigint, tags jsonb, stay daterange, keeper text, person uuid)',
  )
  let [yes, no] = [0, 0]
  await fc.assert(
    fc.asyncProperty(rows, fc.array(grant, { maxLength: 6 }), async (given, grants) => {
      await client.query('truncate thing')
      const records = given.map((row, n) => ({
        ...row,
        n,
        cost: row.cost?.amount ?? null,
        stay: row.stay ? `[${row.stay.start},${row.stay.end})` : null,
      }))
      await client.query('insert into thing select * from jsonb_populate_recordset(null::thing, $1)', [
        JSON.stringify(records),
      ])
      await client.query("update thing set tags = null where tags = 'null'")
      const access = compileGrants(grants, reach, NOW).access('thing', 'read')
      const { text, values } = compile(
        sql`select n from thing t where ${where(thing, access.rule, actor)} order by n`,
      )
      const selected = (await client.query<{ n: number }>(text, values)).rows.map(({ n }) => n)
      const decided = given.map((row) => matches(access.rule, row as Row, actor))
      const naive = given.map((row) => naively(grants, row as Row))
      const shown = JSON.stringify([grants.map((each) => [each.effect, each.permission, each.rule]), given])
      assert.deepEqual(decided, naive, shown)
      assert.deepEqual(
        selected,
        naive.flatMap((may, n) => (may ? [n] : [])),
        shown,
      )
      for (const may of naive) may ? yes++ : no++
    }),
    { numRuns: 200 },
  )
  assert.ok(yes > 100 && no > 100, `${yes} allowed, ${no} refused`)
})

test('a rule written as a condition is understood as the same rule', () => {
  fc.assert(
    fc.property(rule, rows, (each, given) => {
      const text = ruleText(thing, each)
      const again = parseFilter(thing, text)
      for (const row of given)
        assert.equal(
          matches(again, row as Row, actor),
          matches(each, row as Row, actor),
          `${text} on ${JSON.stringify(row)}`,
        )
    }),
    { numRuns: 2_000 },
  )
})
