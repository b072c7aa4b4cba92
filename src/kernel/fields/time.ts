import type { Field, FieldFlags } from '../field.ts'
import { operators } from '../field.ts'
import { describe, refuse } from './text.ts'

const TIME = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}(:\d{2}(\.\d{1,6})?)?(Z|[+-]\d{2}:\d{2})$/

/** A point in time, RFC 3339, kept in UTC, always with six decimals, so that times compare as text. */
export function time(flags: FieldFlags = {}): Field<string> {
  return {
    ...flags,
    kind: 'time',
    column: 'timestamptz',
    operators: operators.ordered,
    schema: { type: 'string', format: 'date-time' },
    read(value, reading) {
      if (typeof value !== 'string' || !TIME.test(value) || Number.isNaN(Date.parse(value)))
        return refuse(
          reading,
          'time',
          `must be a time like 2026-01-31T09:30:00Z, got ${describe(value)}`,
          value,
        )
      return value.endsWith('Z') && value.length === '2026-01-31T09:30:00.000000Z'.length
        ? value
        : new Date(value).toISOString().replace('Z', '000Z')
    },
  }
}
