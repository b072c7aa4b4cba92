import type { Transform } from './types.ts'

type DateOrder = Extract<Transform, { kind: 'date_order' }>['order']
type DecimalSign = Extract<Transform, { kind: 'decimal' }>['sign']

const YEAR_FIRST = /^\s*(\d{4})[-/.](\d{1,2})[-/.](\d{1,2})\s*$/
const YEAR_LAST = /^\s*(\d{1,2})([-/. ])(\d{1,2})\2(\d{4})\s*$/
// A number with a sign for the fraction, and perhaps one for the thousands, which must then stand at every third digit.
const NUMBER: Record<DecimalSign, RegExp> = {
  '.': /^[+-]?(?:\d+|\d{1,3}(?:([,'\s])\d{3})(?:\1\d{3})*)?(?:\.\d*)?$/,
  ',': /^[+-]?(?:\d+|\d{1,3}(?:([.'\s])\d{3})(?:\1\d{3})*)?(?:,\d*)?$/,
}

/** Applies the transforms of a column to the text of a cell, in order. A split text becomes a list without blank items. */
export function applyTransforms(text: string, transforms: readonly Transform[]): string | string[] {
  return transforms.reduce<string | string[]>(
    (value, transform) =>
      typeof value === 'string'
        ? transformed(value, transform)
        : value.flatMap((item) => transformed(item, transform)),
    text,
  )
}

function transformed(text: string, transform: Transform): string | string[] {
  switch (transform.kind) {
    case 'trim':
      return text.trim()
    case 'upper':
      return text.toUpperCase()
    case 'lower':
      return text.toLowerCase()
    case 'split':
      return text
        .split(transform.separator)
        .map((item) => item.trim())
        .filter((item) => item !== '')
    case 'date_order':
      return plainDate(text, transform.order)
    case 'decimal':
      return plainNumber(text, transform.sign)
  }
}

/**
 * A date as `YYYY-MM-DD` (ISO 8601). With the year first, or with dots (always day first), it says itself what it means; with
 * slashes and the year last only `order` can tell. Anything else stays as it is, for the field to refuse.
 */
export function plainDate(text: string, order?: DateOrder): string {
  const yearFirst = YEAR_FIRST.exec(text)
  if (yearFirst) return iso(yearFirst[1], yearFirst[2], yearFirst[3])
  const yearLast = YEAR_LAST.exec(text)
  if (!yearLast) return text
  const [, first, sign, second, year] = yearLast
  if (order === 'mdy') return iso(year, first, second)
  return order === 'dmy' || sign === '.' ? iso(year, second, first) : text
}

/** A number as text with `.` and without thousands: `1.234,50` → `1234.50` when the sign is `,`. Anything else stays as it is. */
export function plainNumber(text: string, sign: DecimalSign): string {
  const trimmed = text.trim()
  const match = NUMBER[sign].exec(trimmed)
  if (!match) return text
  const digits = match[1] ? trimmed.replaceAll(match[1], '') : trimmed
  return digits.replace(',', '.')
}

function iso(year: string, month: string, day: string): string {
  return `${year}-${month.padStart(2, '0')}-${day.padStart(2, '0')}`
}
