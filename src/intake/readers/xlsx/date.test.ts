import assert from 'node:assert/strict'
import { test } from 'node:test'
import { builtInKind, type DateKind, dateText, formatKind } from './date.ts'

const FORMATS: [format: string, kind: DateKind | undefined][] = [
  ['General', undefined],
  ['0.00', undefined],
  ['#,##0.00 "AED"', undefined],
  ['#,##0 "days"', undefined],
  ['0.00E+00', undefined],
  ['[Red]-0.0;0', undefined],
  ['[$AED] #,##0', undefined],
  ['@', undefined],
  ['\\d0', undefined],
  ['yyyy-mm-dd', 'date'],
  ['DD/MM/YYYY', 'date'],
  ['[$-409]d-mmm-yy;@', 'date'],
  ['mmm', 'date'],
  ['dddd, mmmm dd, yyyy h:mm AM/PM', 'date'],
  ['h:mm', 'time'],
  ['[$-F400]h:mm:ss AM/PM', 'time'],
  ['mm:ss', 'time'],
  ['[h]:mm', 'elapsed'],
  ['[mm]:ss', 'elapsed'],
]
for (const [format, kind] of FORMATS)
  test(`${format} is ${kind ?? 'a number'}`, () => assert.equal(formatKind(format), kind))

const BUILT_IN: [id: number, kind: DateKind | undefined][] = [
  [0, undefined],
  [13, undefined],
  [14, 'date'],
  [18, 'time'],
  [22, 'date'],
  [44, undefined],
  [46, 'elapsed'],
  [49, undefined],
]
for (const [id, kind] of BUILT_IN)
  test(`format ${id} is ${kind ?? 'a number'}`, () => assert.equal(builtInKind(id), kind))

const DATES: [serial: number, kind: DateKind, from1904: boolean, text: string | undefined][] = [
  [46296, 'date', false, '2026-10-01'],
  [44834, 'date', true, '2026-10-01'],
  [1, 'date', false, '1900-01-01'],
  [59, 'date', false, '1900-02-28'],
  [60, 'date', false, undefined],
  [61, 'date', false, '1900-03-01'],
  [0, 'date', false, undefined],
  [0, 'date', true, '1904-01-01'],
  [2_958_465, 'date', false, '9999-12-31'],
  [2_958_466, 'date', false, undefined],
  [2_958_465, 'date', true, undefined],
  [-1, 'date', false, undefined],
  [46296.5, 'date', false, '2026-10-01T12:00:00'],
  [46296 + 14.5 / 24, 'date', false, '2026-10-01T14:30:00'],
  [46296.9999999, 'date', false, '2026-10-02'],
  [46296 + 1 / 86_400, 'date', false, '2026-10-01T00:00:01'],
  [0.75, 'time', false, '18:00:00'],
  [0.75, 'time', true, '18:00:00'],
  [46296.75, 'time', false, '2026-10-01T18:00:00'],
  [1.5, 'elapsed', false, '36:00:00'],
]
for (const [serial, kind, from1904, text] of DATES)
  test(`${serial} as ${kind}${from1904 ? ' since 1904' : ''} is ${text}`, () =>
    assert.equal(dateText(serial, kind, from1904), text))
