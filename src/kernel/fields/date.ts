import type { Field, FieldFlags } from '../field.ts'
import { operators } from '../field.ts'
import { describe, refuse } from './text.ts'

const DATE = /^(\d{4})-(\d{2})-(\d{2})$/
const DAYS = [31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31]

/** A calendar date `YYYY-MM-DD` (ISO 8601), 0001-01-01 to 9999-12-31. */
export function date(flags: FieldFlags = {}): Field<string> {
  return {
    ...flags,
    kind: 'date',
    column: 'date',
    operators: operators.ordered,
    schema: { type: 'string', format: 'date' },
    read(value, reading) {
      const given = reading.lenient && typeof value === 'string' ? value.trim().replaceAll('/', '-') : value
      if (typeof given !== 'string' || !DATE.test(given))
        return refuse(reading, 'date', `must be a date like 2026-01-31, got ${describe(value)}`, value)
      if (!isCalendarDate(given))
        return refuse(reading, 'date', `is not a day of the calendar: ${given}`, value)
      return given
    },
  }
}

/** True when the text is a real day of the Gregorian calendar. */
export function isCalendarDate(value: string): boolean {
  const match = DATE.exec(value)
  if (!match) return false
  const [year, month, day] = match.slice(1).map(Number)
  return year >= 1 && month >= 1 && month <= 12 && day >= 1 && day <= daysIn(year, month)
}

function daysIn(year: number, month: number): number {
  const leap = year % 4 === 0 && (year % 100 !== 0 || year % 400 === 0)
  return month === 2 && leap ? 29 : DAYS[month - 1]
}
