import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { type CellReading, cellText, isBlank, numberText, readCell, writeCell } from './cells.ts'
import { PRODUCT } from './testing.ts'
import type { Cell, FileColumn } from './types.ts'

const named = (name: string) => PRODUCT.find((column) => column.name === name) as FileColumn
const [TEXT, LIST, PRICE, HOURS, DATE, ACTIVE, EXTRA] = [
  'description',
  'inclusions',
  'price',
  'duration_hours',
  'validity_start',
  'active',
  'extra',
].map(named)

const READ: [cell: Cell, column: FileColumn | undefined, value: unknown, decimal?: '.' | ','][] = [
  [null, TEXT, null],
  ['', TEXT, null],
  [' \u00a0\n', TEXT, null],
  ['""', TEXT, ''],
  ['"  "', TEXT, '  '],
  ['""""', TEXT, '""'],
  ['"', TEXT, '"'],
  ['"a"', TEXT, '"a"'],
  [' a ', TEXT, ' a '],
  [12345, TEXT, '12345'],
  [1e21, TEXT, '1000000000000000000000'],
  [5.5, TEXT, '5.5'],
  ['00123', TEXT, '00123'],
  ['1E5', TEXT, '1E5'],
  ['Guide\nWater', LIST, ['Guide', 'Water']],
  ['Guide\r\n\r\n  Water \n', LIST, ['Guide', 'Water']],
  ['Guide | Water', LIST, ['Guide | Water']],
  ['[]', LIST, []],
  ['["a\\nb"]', LIST, ['a\nb']],
  ['[VIP] entrance', LIST, ['[VIP] entrance']],
  [7, LIST, ['7']],
  ['', LIST, null],
  ['149,00', PRICE, '149.00', ','],
  ['149,00', PRICE, '149,00'],
  ['1,234.5', PRICE, '1234.5', '.'],
  [149.5, PRICE, 149.5],
  [0.1 + 0.2, PRICE, 0.3],
  [-5, PRICE, -5],
  ['2,5', HOURS, '2.5', ','],
  [0.1, HOURS, 0.1],
  ['four', HOURS, 'four', ','],
  ['2,5', TEXT, '2,5', ','],
  ['01.10.2026', DATE, '2026-10-01'],
  ['01/10/2026', DATE, '01/10/2026'],
  ['2026/10/01', DATE, '2026-10-01'],
  [46296, DATE, 46296],
  [true, ACTIVE, true],
  ['yes', ACTIVE, 'yes'],
  [1, ACTIVE, 1],
  ['{"a":1}', EXTRA, { a: 1 }],
  ['{broken', EXTRA, '{broken'],
  ['x', undefined, 'x'],
  [5, undefined, 5],
  ['01.10.2026', undefined, '01.10.2026', ','],
]

for (const [cell, column, value, decimal] of READ)
  test(`${JSON.stringify(cell)} as ${column?.kind ?? 'unknown'}${decimal ? ` with "${decimal}"` : ''}`, () =>
    assert.deepEqual(readCell(cell, { column, transforms: [], decimal }), value))

const WRITE: [value: unknown, column: FileColumn, cell: Cell][] = [
  [null, TEXT, null],
  [undefined, TEXT, null],
  ['', TEXT, '""'],
  [' ', TEXT, '" "'],
  ['a\nb', TEXT, 'a\nb'],
  [149, PRICE, 149],
  [false, ACTIVE, false],
  [null, LIST, null],
  [[], LIST, '[]'],
  [['Guide', 'Water'], LIST, 'Guide\nWater'],
  [['[VIP]'], LIST, '["[VIP]"]'],
  [['a', '[b]'], LIST, 'a\n[b]'],
  [['a\nb'], LIST, '["a\\nb"]'],
  [['a\rb'], LIST, '["a\\rb"]'],
  [[' a'], LIST, '[" a"]'],
  [[''], LIST, '[""]'],
  [[1, 2], LIST, '[1,2]'],
  [{ a: 'ع' }, EXTRA, '{"a":"ع"}'],
]

for (const [value, column, cell] of WRITE)
  test(`writeCell of ${JSON.stringify(value)} as ${column.kind}`, () =>
    assert.deepEqual(writeCell(value, column), cell))

const PLAIN: Omit<CellReading, 'column'> = { transforms: [], decimal: undefined }
const AWKWARD = fc
  .array(
    fc.oneof(fc.constantFrom('"', ' ', '\n', '\r', '[', ']', '{', "'", '\u00a0', '\ufeff'), fc.string()),
    { maxLength: 6 },
  )
  .map((parts) => parts.join(''))

test('every text is read back as it was', () => {
  fc.assert(
    fc.property(AWKWARD, (text) =>
      assert.equal(readCell(writeCell(text, TEXT), { column: TEXT, ...PLAIN }), text),
    ),
  )
})

test('every list is read back as it was', () => {
  const items = fc.oneof(fc.array(AWKWARD), fc.array(fc.oneof(AWKWARD, fc.integer(), fc.constant(null))))
  fc.assert(
    fc.property(items, (list) =>
      assert.deepEqual(readCell(writeCell(list, LIST), { column: LIST, ...PLAIN }), list),
    ),
  )
})

test('every object is read back as it was', () => {
  const objects = fc.dictionary(
    fc.string().filter((name) => name !== '__proto__'),
    fc.jsonValue(),
  )
  fc.assert(
    fc.property(objects, (object) => {
      const value = JSON.parse(JSON.stringify(object))
      assert.deepEqual(readCell(writeCell(value, EXTRA), { column: EXTRA, ...PLAIN }), value)
    }),
  )
})

test('amounts of money in typed cells are those that were written', () => {
  fc.assert(
    fc.property(
      fc.integer({ min: -(10 ** 13), max: 10 ** 13 }),
      fc.constantFrom(1, 100, 1000),
      (minor, unit) => {
        const amount = minor / unit
        assert.equal(readCell(amount, { column: PRICE, ...PLAIN }), amount)
      },
    ),
  )
})

test('numbers as text have no exponent and lose nothing', () => {
  fc.assert(
    fc.property(fc.double({ noDefaultInfinity: true, noNaN: true }), (number) => {
      const text = numberText(number)
      assert.match(text, /^-?\d+(\.\d+)?$/)
      assert.equal(Number(text), number === 0 ? 0 : number)
    }),
  )
})

test('blank is nothing, or nothing but blanks', () => {
  for (const cell of [null, undefined, '', ' ', '\t\u00a0\u3000']) assert.equal(isBlank(cell), true)
  for (const cell of [0, false, '0', '""', '\u200b']) assert.equal(isBlank(cell), false)
  assert.equal(cellText(null), '')
  assert.equal(cellText(false), 'false')
})
