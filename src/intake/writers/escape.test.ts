import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { escapeText, isDangerous, unescapeText } from './escape.ts'

const DANGEROUS = [
  '=1+1',
  '+971 4 000 0000',
  '-5',
  '@SUM(A1)',
  '\tx',
  '\rx',
  '＝1',
  '＋1',
  '－1',
  '＠x',
  ' =1',
  '\u00a0=1',
  '  \u00a0 @x',
  '\n=1',
  'Lunch\n-10 %',
  'Lunch\r\n  +x',
  'a\rb\n\u00a0=1',
  'a\n\tb',
  "'=1",
  "''-1",
  "' =1",
  "'a\n=1",
]
const HARMLESS = [
  '',
  'a',
  "'",
  "'a",
  "''",
  '1=1',
  'a-b',
  "it's",
  'a\nb',
  'a\r\nb',
  '5',
  ' a',
  "a '=b",
  '#x',
  '_=',
]

for (const text of DANGEROUS)
  test(`${JSON.stringify(text)} is escaped`, () => {
    assert.equal(escapeText(text, 'spreadsheet'), `'${text}`)
    assert.equal(unescapeText(`'${text}`), text)
  })

for (const text of HARMLESS)
  test(`${JSON.stringify(text)} is left alone`, () => {
    assert.equal(escapeText(text, 'spreadsheet'), text)
    assert.equal(escapeText(text, 'raw'), text)
    assert.equal(unescapeText(text), text)
  })

test('raw only touches what looks escaped already', () => {
  assert.equal(escapeText('=1', 'raw'), '=1')
  assert.equal(escapeText("'=1", 'raw'), "''=1")
})

const TEXTS = fc
  .array(
    fc.oneof(
      fc.constantFrom("'", '=', '+', '-', '@', '\t', '\r', '\n', ' ', '\u00a0', '＝', 'a'),
      fc.string(),
    ),
    { maxLength: 8 },
  )
  .map((parts) => parts.join(''))

test('escaping is exact for every text, whichever the profile', () => {
  fc.assert(
    fc.property(TEXTS, fc.constantFrom('spreadsheet' as const, 'raw' as const), (text, profile) => {
      assert.equal(unescapeText(escapeText(text, profile)), text)
    }),
    { numRuns: 2_000 },
  )
})

test('no escaped text starts with the sign of a formula', () => {
  fc.assert(
    fc.property(TEXTS, (text) =>
      assert.doesNotMatch(
        escapeText(text, 'spreadsheet'),
        /^(?:[^\S\t\r\n]*[=+\-@\t\r＝＋－＠]|\s*[=+\-@＝＋－＠])/,
      ),
    ),
  )
})

test('a long text is judged in little time', () => {
  const long = `${' \n'.repeat(500_000)}x`
  const started = performance.now()
  assert.equal(isDangerous(long), false)
  assert.equal(isDangerous(`${' '.repeat(1_000_000)}x`), false)
  assert.ok(performance.now() - started < 500)
})
