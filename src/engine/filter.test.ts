import assert from 'node:assert/strict'
import { test } from 'node:test'
import { f } from '../kernel/fields/index.ts'
import { Problem } from '../kernel/problem.ts'
import { resource } from '../kernel/resource.ts'
import { everybody } from '../kernel/rule.ts'
import { parseFilter } from './filter.ts'

const tour = resource('tour', {
  fields: {
    category: f.text({ optional: true }),
    price_from: f.money({ only: 'AED' }),
    day: f.date({ optional: true }),
    starts_at: f.time({ optional: true }),
    stay: f.period({ optional: true }),
    active: f.boolean(),
    tags: f.list(f.text()),
    hours: f.number({ optional: true }),
    inclusions: f.list({ name: f.text() }),
  },
  key: ['category'],
  access: { read: everybody },
})

const refused: [filter: string, character: number | null, says: RegExp][] = [
  ['categry == "Family"', 1, /there is no field "categry"; did you mean category\?/],
  ['active && categry == "Family"', 11, /did you mean category/],
  ['"😀" == categry', 8, /did you mean category/],
  ['category = "Family"', 10, /write == to compare/],
  ['category == "Family" and active', 22, /write && for "and"/],
  ['category <> "Family"', 10, /write != /],
  ['not active', 5, /write ! for "not"/],
  ['category like "Fam%"', 10, /contains\("word"\)/],
  ['category in ("a", "b")', 10, /square brackets/],
  ['hours between 1 and 2', 7, /a >= 1 && a <= 5/],
  ['category is null', 10, /== null/],
  ['category == “Family”', 10, /straight quotes/],
  ['category ==', 10, /something is missing after "=="/],
  ['category == "Fam', 13, /a text begins here that does not end/],
  ['hours > )', 9, /"\)" does not belong here/],
  ['', null, /it is empty/],
  ['size(tags) > 2', 1, /size\(\) cannot be used in a filter/],
  ['category.matches("^F")', 9, /matches\(\) cannot be used in a filter; write contains/],
  ['tags.exists(tag, tag == "x")', 5, /exists\(\) cannot be used in a filter; .*"value" in list/],
  ['hours + 1 > 2', 7, /"\+" cannot be used in a filter/],
  ['hours > category', 9, /a value is expected here/],
  ['1 == 1', 3, /one side must be a field/],
  ['hours', 1, /must be a number, got true/],
  ['day > "2026-02-30"', 5, /not a day of the calendar/],
  ['starts_at > "yesterday"', 11, /must be a time like/],
  ['stay.contains("Easter")', 5, /must be a date/],
  ['stay.overlaps("2026-01-05", "2026-01-01")', 5, /ends \(2026-01-01\) before/],
  ['active > true', 8, /"active" is boolean and can only be compared with/],
  ['inclusions.name == "x"', 11, /members of a field cannot be used/],
  ['price_from.currency == "AED"', 11, /members of a field cannot be used/],
  ['category == "\\u0000"', 10, /U\+0000/],
  ['category.contains("\\u0000")', 9, /U\+0000/],
]

test('a filter that is wrong says at which character, and what to write instead', () => {
  for (const [filter, character, says] of refused) {
    const problem = problemOf(filter)
    assert.equal(problem.status, 400, filter)
    assert.match(problem.message, says, `${filter}: ${problem.message}`)
    const [, place] = /at character (\d+)/.exec(problem.message) ?? []
    assert.equal(place === undefined ? null : Number(place), character, `${filter}: ${problem.message}`)
    assert.equal(problem.faults[0].path, 'filter')
  }
})

test('the caret stands under the character, also behind an emoji and in a long filter', () => {
  assert.match(problemOf('"😀" == categry').message, /\n {2}"😀" == categry\n {9}\^$/)
  const long = `${'active && '.repeat(20)}categry == "x"`
  const [, shown, caret] = problemOf(long).message.split('\n')
  assert.equal(shown.slice(caret.length - 1, caret.length + 6), 'categry')
  assert.ok(shown.length < 120)
})

const chain = (part: string, times: number, between: string) => Array(times).fill(part).join(between)
const hostile: [what: string, filter: string, says: RegExp][] = [
  ['length', `category == "${'x'.repeat(4_096)}"`, /4110 characters; at most 4096/],
  ['brackets', `${'('.repeat(33)}active${')'.repeat(33)}`, /nested more than 32 deep/],
  ['many brackets', '('.repeat(4_000), /nested more than 32 deep/],
  ['depth', `${'1 + '.repeat(300)}1 == hours`, /nested more than 200 deep/],
  ['parts', chain('active', 400, '&&').concat('&&active==true'.repeat(60)), /more than (1000|100) /],
  ['comparisons', chain('active', 101, ' && '), /more than 100 comparisons/],
  ['list', `hours in [${chain('1', 201, ',')}]`, /201 values; at most 200/],
  ['ternaries', `${'active ? active : '.repeat(200)}active`, /nested more than|cannot be used/],
]

test('a hostile filter meets a limit with a name, at once', () => {
  for (const [what, filter, says] of hostile) {
    const started = performance.now()
    assert.match(problemOf(filter).message, says, what)
    assert.ok(performance.now() - started < 500, `${what} took ${performance.now() - started} ms`)
  }
})

test('a filter at each limit is taken', () => {
  for (const filter of [
    `${'('.repeat(32)}active${')'.repeat(32)}`,
    chain('active', 100, ' && '),
    `hours in [${chain('1', 200, ',')}]`,
    `category == "${'x'.repeat(4_096 - 14)}"`,
  ])
    assert.ok(parseFilter(tour, filter), filter.slice(0, 40))
})

function problemOf(filter: string): Problem {
  try {
    parseFilter(tour, filter)
  } catch (error) {
    if (error instanceof Problem) return error
    throw error
  }
  throw new Error(`was taken: ${filter}`)
}
