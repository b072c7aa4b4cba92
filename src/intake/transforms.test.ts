import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { applyTransforms, plainDate, plainNumber } from './transforms.ts'
import type { Transform } from './types.ts'

const DATES: [text: string, order: 'dmy' | 'mdy' | 'ymd' | undefined, date: string][] = [
  ['2026-10-01', undefined, '2026-10-01'],
  ['2026/10/01', undefined, '2026-10-01'],
  ['2026/1/5', undefined, '2026-01-05'],
  [' 2026-10-01 ', undefined, '2026-10-01'],
  ['01.10.2026', undefined, '2026-10-01'],
  ['1.2.2026', undefined, '2026-02-01'],
  ['01/10/2026', undefined, '01/10/2026'],
  ['01-10-2026', undefined, '01-10-2026'],
  ['01/10/2026', 'dmy', '2026-10-01'],
  ['01/10/2026', 'mdy', '2026-01-10'],
  ['10.01.2026', 'mdy', '2026-10-01'],
  ['31/12/2026', 'mdy', '2026-31-12'],
  ['2026-10-01', 'dmy', '2026-10-01'],
  ['1 2 2026', 'dmy', '2026-02-01'],
  ['1/2-2026', 'dmy', '1/2-2026'],
  ['01/10/26', 'dmy', '01/10/26'],
  ['1st of October', 'dmy', '1st of October'],
  ['2026-10-01T10:00:00', undefined, '2026-10-01T10:00:00'],
]

for (const [text, order, date] of DATES)
  test(`the date "${text}" ${order ?? 'as it stands'}`, () => assert.equal(plainDate(text, order), date))

const NUMBERS: [text: string, sign: '.' | ',', number: string][] = [
  ['149,00', ',', '149.00'],
  ['1.234,50', ',', '1234.50'],
  ['1.234.567', ',', '1234567'],
  ['1 234,5', ',', '1234.5'],
  ['1\u202f234\u202f567,5', ',', '1234567.5'],
  ["1'234,5", ',', '1234.5'],
  ['-5', ',', '-5'],
  [' +5,5 ', ',', '+5.5'],
  [',5', ',', '.5'],
  ['149.50', ',', '149.50'],
  ['1.23,4', ',', '1.23,4'],
  ['1.234 567,8', ',', '1.234 567,8'],
  ['149.00', '.', '149.00'],
  ['1,234.50', '.', '1234.50'],
  ['1,234,567', '.', '1234567'],
  ['149,00', '.', '149,00'],
  ['12,34', '.', '12,34'],
  ['1e5', '.', '1e5'],
  ['on request', ',', 'on request'],
  ['12O', ',', '12O'],
]

for (const [text, sign, number] of NUMBERS)
  test(`the number "${text}" with "${sign}"`, () => assert.equal(plainNumber(text, sign), number))

test('numbers written with either sign and with thousands are read exactly', () => {
  const amounts = fc.tuple(
    fc.integer({ min: -1_000_000_000, max: 1_000_000_000 }),
    fc.integer({ min: 0, max: 99 }),
  )
  fc.assert(
    fc.property(
      amounts,
      fc.constantFrom(['.', ','] as const, [',', '.'] as const),
      ([whole, cents], [group, sign]) => {
        const fraction = String(cents).padStart(2, '0')
        const written = `${whole.toLocaleString('en').replaceAll(',', group)}${sign}${fraction}`
        assert.equal(plainNumber(written, sign), `${whole}.${fraction}`)
      },
    ),
  )
})

const TRANSFORMS: [text: string, transforms: Transform[], result: string | string[]][] = [
  ['  Abu Dhabi ', [{ kind: 'trim' }], 'Abu Dhabi'],
  [' dxb ', [{ kind: 'trim' }, { kind: 'upper' }], 'DXB'],
  ['Straße', [{ kind: 'upper' }], 'STRASSE'],
  ['DXB', [{ kind: 'lower' }], 'dxb'],
  ['Guide; Water;; Lunch ;', [{ kind: 'split', separator: ';' }], ['Guide', 'Water', 'Lunch']],
  ['a | b', [{ kind: 'split', separator: ' | ' }], ['a', 'b']],
  ['a,b', [{ kind: 'split', separator: ',' }, { kind: 'upper' }], ['A', 'B']],
  ['a', [{ kind: 'split', separator: ',' }], ['a']],
  ['01/10/2026', [{ kind: 'date_order', order: 'dmy' }], '2026-10-01'],
  ['1.234,5', [{ kind: 'decimal', sign: ',' }], '1234.5'],
  ['x', [], 'x'],
]

for (const [text, transforms, result] of TRANSFORMS)
  test(`"${text}" through ${JSON.stringify(transforms)}`, () =>
    assert.deepEqual(applyTransforms(text, transforms), result))
