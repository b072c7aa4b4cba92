import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import type { Actor } from './actor.ts'
import {
  all,
  any,
  compare,
  everybody,
  fieldsOf,
  isNobody,
  matches,
  nobody,
  not,
  owns,
  type Rule,
  residue,
  role,
} from './rule.ts'

const maha: Actor = { id: 'maha', name: 'Maha', roles: ['manager'] }

const cases: [string, Rule, Rule][] = [
  ['a role that is held', role('manager'), everybody],
  ['a role that is not', role('owner'), nobody],
  ['one of two that decides', any(owns('keeper'), role('manager')), everybody],
  ['one of two that does not', any(owns('keeper'), role('owner')), compare('keeper', '=', 'maha')],
  ['both', all(role('manager'), owns('keeper')), compare('keeper', '=', 'maha')],
  ['both, one in vain', all(role('owner'), owns('keeper')), nobody],
  ['not a role', not(role('manager')), nobody],
  ['not a comparison', not(compare('a', '=', 1)), not(compare('a', '=', 1))],
  ['nothing', all(), everybody],
]
for (const [name, rule, left] of cases)
  test(`what is left of ${name}`, () => assert.deepEqual(residue(rule, maha), left))

const { rule } = fc.letrec<{ rule: Rule }>((tie) => ({
  rule: fc.oneof(
    { maxDepth: 4 },
    fc.constantFrom<Rule>(
      role('manager'),
      role('owner'),
      owns('keeper'),
      owns('other'),
      compare('n', '<', 2),
    ),
    fc.array(tie('rule'), { maxLength: 3 }).map((rules) => all(...rules)),
    fc.array(tie('rule'), { maxLength: 3 }).map((rules) => any(...rules)),
    tie('rule').map(not),
  ),
}))
const row = fc.record({
  keeper: fc.constantFrom('maha', 'olga', null),
  other: fc.constantFrom('maha', null),
  n: fc.constantFrom(1, 2, null),
})

test('what is left decides every row as the rule does, and asks for no actor', () => {
  fc.assert(
    fc.property(rule, row, (each, at) => {
      const left = residue(each, maha)
      assert.equal(matches(left, at, { id: '', name: '', roles: [] }), matches(each, at, maha))
      if (isNobody(left)) assert.equal(matches(each, at, maha), false)
      assert.ok(fieldsOf(left).every((field) => fieldsOf(each).includes(field)))
    }),
    { numRuns: 2_000 },
  )
})
