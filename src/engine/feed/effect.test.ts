import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import type { Row } from '../../kernel/field.ts'
import { f } from '../../kernel/fields/index.ts'
import { resource } from '../../kernel/resource.ts'
import { all, any, compare, matches, not, owns, type Rule, role } from '../../kernel/rule.ts'
import type { LoggedStep } from '../../store/log.ts'
import { effectOf, type View, verdict } from './effect.ts'
import { pastOf } from './past.ts'

const actor = { id: 'kim', name: 'Kim', roles: ['viewer'] }
const FIELDS = ['a', 'b', 'c'] as const

const value = fc.constantFrom(null, 0, 1, 2)
const row = fc.record({ a: value, b: value, c: value, keeper: fc.constantFrom('kim', 'other', null) })
const leaf: fc.Arbitrary<Rule> = fc.oneof(
  fc
    .tuple(fc.constantFrom(...FIELDS), fc.constantFrom('=', '!=', '<', '>=' as const), value)
    .map(([field, operator, each]) => compare(field, operator as '=', each)),
  fc.constantFrom(owns('keeper'), role('viewer'), role('owner'), all(), any()),
)
const { rule } = fc.letrec<{ rule: Rule }>((tie) => ({
  rule: fc.oneof(
    { maxDepth: 4 },
    leaf,
    fc.array(tie('rule'), { maxLength: 3 }).map((rules) => all(...rules)),
    fc.array(tie('rule'), { maxLength: 3 }).map((rules) => any(...rules)),
    tie('rule').map(not),
  ),
}))
const unknown = fc.subarray([...FIELDS]).map((names) => new Set<string>(names))

test('a verdict over unknown fields is that of every row that they might have been', () => {
  fc.assert(
    fc.property(rule, row, unknown, (each, given, names) => {
      const said = verdict(each, given, actor, names)
      const possible = fillings(given, [...names]).map((filled) => matches(each, filled, actor))
      if (said !== undefined) assert.ok(possible.every((one) => one === said))
      if (names.size === 0) assert.equal(said, matches(each, given, actor))
    }),
    { numRuns: 2_000 },
  )
})

test('whoever applies the effects holds exactly the records that match, after every event', () => {
  const rows = fc.array(fc.oneof(fc.constant(null), row), { minLength: 1, maxLength: 8 })
  fc.assert(
    fc.property(rule, rule, rows, unknown, (readable, wanted, history, names) => {
      // Fields that are unknown before an event are never what the right to read depends on.
      const view: View = { actor, readable: known(readable, names), wanted, unknown: names }
      const sees = (each: Row | null) =>
        each !== null && matches(view.readable, each, actor) && matches(wanted, each, actor)
      let held = false
      let before: Row | null = null
      for (const after of history) {
        // What is laid back has, where it is unknown, the values of later.
        const laidBack = before && after ? { ...before, ...pick(after, names) } : before
        const effect = effectOf(view, laidBack, after)
        if (names.size === 0) {
          assert.equal(effect === 'added', !held && sees(after))
          assert.equal(effect === 'changed', held && sees(after))
          assert.equal(effect === 'removed', held && !sees(after))
        }
        if (effect) held = effect !== 'removed'
        if (effect === 'removed')
          assert.ok(before && matches(view.readable, before, actor), 'no trace of the unreadable')
        assert.equal(held, sees(after))
        before = after
      }
    }),
    { numRuns: 3_000 },
  )
})

const box = resource('box', {
  fields: {
    a: f.number({ optional: true }),
    b: f.number({ optional: true }),
    c: f.number({ optional: true }),
    keeper: f.text({ optional: true }),
  },
  key: ['a'],
  access: { read: role('viewer') },
})

test('laying events back gives every row that there was', () => {
  fc.assert(
    fc.property(fc.array(row, { minLength: 1, maxLength: 10 }), fc.boolean(), (history, deleted) => {
      const rows: Row[] = history.map((each, index) => ({
        ...each,
        id: 'r',
        version: index + 1,
        updated_at: `t${index + 1}`,
      }))
      const steps: LoggedStep[] = rows.map((each, index) =>
        step(index, index === 0 ? null : changed(rows[index - 1], each)),
      )
      if (deleted) steps.push(step(rows.length, { ...history.at(-1) }))
      const { states } = pastOf(box, deleted ? null : rows.at(-1)!, steps)
      assert.deepEqual(states, [null, ...rows, ...(deleted ? [null] : [])])
    }),
  )
})

function step(index: number, before: Row | null): LoggedStep {
  return {
    record: 'r',
    transaction: '1',
    position: index + 1,
    time: `t${index + 1}`,
    version: index + 1,
    before,
  }
}

function changed(before: Row, after: Row): Row {
  return Object.fromEntries(
    [...FIELDS, 'keeper'].filter((name) => before[name] !== after[name]).map((name) => [name, before[name]]),
  )
}

function fillings(given: Row, names: string[]): Row[] {
  const [name, ...rest] = names
  if (name === undefined) return [given]
  return [null, 0, 1, 2].flatMap((each) => fillings({ ...given, [name]: each }, rest))
}

function pick(given: Row, names: ReadonlySet<string>): Row {
  return Object.fromEntries([...names].map((name) => [name, given[name]]))
}

/** The rule without the comparisons of these fields. */
function known(given: Rule, names: ReadonlySet<string>): Rule {
  switch (given.op) {
    case 'compare':
      return names.has(given.field) ? all() : given
    case 'not':
      return not(known(given.rule, names))
    case 'all':
    case 'any':
      return { op: given.op, rules: given.rules.map((each) => known(each, names)) }
    default:
      return given
  }
}
