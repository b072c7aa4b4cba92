import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Row } from '../../kernel/field.ts'
import { f } from '../../kernel/fields/index.ts'
import { resource } from '../../kernel/resource.ts'
import { everybody } from '../../kernel/rule.ts'
import { compileCondition, compileExpression } from './compile.ts'
import { ExpressionError } from './error.ts'
import { BudgetError, EvaluationError } from './value.ts'

const tour = resource('tour', {
  fields: {
    name: f.text(),
    hours: f.number({ optional: true }),
    active: f.boolean({ optional: true }),
    opens: f.date({ optional: true }),
    starts_at: f.time({ optional: true }),
    cost: f.money({ optional: true }),
    stay: f.period({ optional: true }),
    tags: f.list(f.text(), { optional: true }),
    pricing: f.list({ tier: f.text(), price: f.money(), until: f.date({ optional: true }) }),
    extra: f.json({ optional: true }),
  },
  key: ['name'],
  access: { read: everybody },
})
const aed = (amount: number) => ({ amount, currency: 'AED' })
const record: Row = {
  name: 'Ain Dubai',
  hours: 2.5,
  active: true,
  opens: '2026-02-01',
  starts_at: '2026-02-01T08:00:00.000000Z',
  cost: aed(14_900),
  stay: { start: '2026-02-01', end: '2026-02-05' },
  tags: ['family', 'view'],
  pricing: [
    { tier: 'Adult', price: aed(14_900), until: null },
    { tier: 'Child', price: aed(9_900), until: '2025-12-31' },
  ],
  extra: { 'x y': 1, toString: 'own' },
}

const values: [source: string, value: unknown][] = [
  ['name.startsWith("Ain") && name.endsWith("Dubai") && name.contains(" ")', true],
  ['name.matches("^Ain [A-Z]")', true],
  ['name.lowerAscii() == "ain dubai" && name.size() == 9', true],
  ['size("مسجد😀") == 5', true],
  ['hours * 2 == 5.0 && hours * 2 == 5', true],
  ['7 / 2 == 3 && -7 % 3 == -1', true],
  ['hours > 2 ? "long" : "short"', 'long'],
  ['cost >= 14900 && cost.amount % 100 == 0 && cost.currency == "AED"', true],
  ['pricing.all(tier, tier.price > 0)', true],
  ['pricing.exists(tier, tier.until != null && tier.until < today)', true],
  ['pricing.filter(tier, tier.tier == "Adult").size()', 1n],
  ['pricing.map(tier, tier.price.amount)', [14_900, 9_900]],
  ['pricing.map(tier, tier.tier == "Child", tier.price.amount)[0]', 9_900],
  ['pricing.exists_one(tier, tier.tier == "Adult")', true],
  ['pricing.all(a, pricing.filter(b, b.tier == a.tier).size() == 1)', true],
  ['"family" in tags && !("beach" in tags) && tags.contains("view")', true],
  ['opens >= "2026-01-31" && starts_at == "2026-02-01T12:00:00+04:00"', true],
  ['stay.contains("2026-02-04") && !stay.contains("2026-02-05")', true],
  ['stay.overlaps("2026-02-04", "2026-03-01") && stay.start == "2026-02-01"', true],
  ['has(record.hours) && record.name == name', true],
  ['before == null || before.hours <= hours', true],
  ['extra["x y"] == 1 && extra.toString == "own"', true],
  ['extra.constructor == null && extra.__proto__ == null', true],
  ['string(cost) + ", " + string(tags)', '149 AED, family, view'],
  ['double("2.5") == hours && int(2.9) == 2', true],
  ['[1, 2] + [3] == [1, 2, 3] && {"a": 1} == {"a": 1.0}', true],
]

test('an expression over a record has the value that CEL gives it', () => {
  for (const [source, value] of values) assert.deepEqual(evaluate(source), value, source)
})

const nothing: Row = { name: 'x', pricing: [] }
const missing: [source: string, value: boolean][] = [
  ['hours < 5', false],
  ['!(hours < 5)', true],
  ['hours == null && hours != 5', true],
  ['active', false],
  ['!active', true],
  ['cost.amount > 5', false],
  ['cost >= 0', false],
  ['"x" in tags', false],
  ['has(record.hours)', false],
  ['stay.contains("2026-02-04")', false],
  ['tags == null || tags.all(tag, tag != "")', true],
  ['tags.all(tag, tag != "") || tags == null', true],
]

test('a comparison with a value that is missing is false, and so is a condition that is missing', () => {
  for (const [source, value] of missing) assert.equal(evaluate(source, nothing), value, source)
})

const failing: [source: string, says: RegExp][] = [
  ['tags.all(tag, tag != "")', /a list is expected, not nothing; test for null before/],
  ['size(tags) > 1', /size\(\) is asked of nothing/],
  ['pricing[0].price > 1', /there is no item 0/],
  ['1 / 0 == 1', /divides by zero/],
  ['9223372036854775807 + 1 > 0', /too large/],
  ['int(name) > 1', /x is not a number/],
]

test('what comes to no value is an error, never a pass', () => {
  for (const [source, says] of failing)
    assert.throws(
      () => evaluate(source, nothing),
      (error) => error instanceof EvaluationError && says.test(error.message),
      source,
    )
})

const refused: [source: string, character: number, says: RegExp][] = [
  ['nam == "x"', 1, /there is no field "nam"; did you mean name/],
  ['pricing.all(t, t.prise > 1)', 17, /no member "prise"; did you mean price/],
  ['pricing.price > 1', 8, /a list has no member "price"; write .exists/],
  ['name > 5', 6, /a text cannot be compared with a number/],
  ['hours.contains("x")', 6, /contains\(\) takes .* not a number/],
  ['name.contain("x")', 5, /did you mean contains\(\)/],
  ['cost * 2 > 1', 6, /write .amount/],
  ['opens == "2026-02-30"', 10, /not a day of the calendar/],
  ['active && name', 11, /true or false is expected here, not a text/],
  ['tags > tags', 6, /a list has no order/],
  ['name.matches("(")', 5, /not one of RE2/],
  [`name.matches("${'a'.repeat(501)}")`, 5, /501 characters; at most 500/],
  ['name.all(c, c == "x")', 5, /goes through a list, not a text/],
  ['tags.all(a, tags.all(b, tags.all(c, a == c)))', 29, /nested more than 2 deep/],
  ['name == b"x"', 9, /bytes cannot be used/],
  ['1 in [1, 2] && "a" in [1]', 20, /a text is never in a list/],
]

test('an expression that cannot be right is refused before any record, with the character', () => {
  for (const [source, character, says] of refused)
    assert.throws(
      () => compileExpression(tour, source),
      (error) => {
        assert.ok(error instanceof ExpressionError, `${source}: ${error}`)
        assert.match(error.reason, says, source)
        assert.equal((error.offset ?? -1) + 1, character, `${source}: ${error.reason}`)
        return true
      },
    )
  assert.throws(() => compileCondition(tour, 'hours + 1'), /a condition is expected/)
})

const many: Row = {
  ...record,
  name: 'a'.repeat(100_000),
  tags: Array.from({ length: 1_000 }, (_, index) => `tag ${index}`),
}
const expensive = [
  'tags.all(a, tags.exists(b, a == b + "!") || true)',
  'tags.filter(a, tags.filter(b, a == b).size() > 5).size() > 0',
  'tags.map(a, tags.map(b, a + b)).size() > 0',
  'tags.all(a, name.matches("(a|aa)+$") || name.contains(a))',
  'tags.all(a, (name + name + name + name).size() > 0)',
  'tags.all(a, tags + tags != tags + [a])',
]

test('an expression that takes too long for a record ends with a clear error', () => {
  for (const source of expensive) {
    const started = performance.now()
    assert.throws(() => evaluate(source, many), BudgetError, source)
    const took = performance.now() - started
    assert.ok(took < 1_000, `${source} took ${took} ms`)
  }
})

test('a regular expression that stalls others takes linear time', () => {
  const started = performance.now()
  assert.equal(evaluate('name.matches("^(a+)+$")', { ...record, name: `${'a'.repeat(50_000)}!` }), false)
  assert.ok(performance.now() - started < 2_000)
})

function evaluate(source: string, row: Row = record): unknown {
  const { type } = compileExpression(tour, source)
  const scope = { record: row, before: null, today: '2026-01-15' }
  return type.kind === 'boolean'
    ? compileCondition(tour, source).test(scope)
    : compileExpression(tour, source).evaluate(scope)
}
