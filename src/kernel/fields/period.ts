import type { Field, FieldFlags } from '../field.ts'
import { date } from './date.ts'
import { describe, refuse } from './text.ts'

/** Days from `start` up to but not including `end`. */
export type Period = { start: string; end: string }

/** A half-open period of days. Column files spell it as two columns, `{name}_start` and `{name}_end`. */
export function period(flags: FieldFlags = {}): Field<Period> {
  const day = date()
  return {
    ...flags,
    kind: 'period',
    column: 'daterange',
    operators: ['=', 'overlaps', 'contains'],
    schema: {
      type: 'object',
      required: ['start', 'end'],
      properties: { start: day.schema, end: day.schema },
      additionalProperties: false,
    },
    members: (name) => [
      { name: `${name}_start`, aliases: [] },
      { name: `${name}_end`, aliases: [] },
    ],
    spell: (value) => [value.start, value.end],
    unspell: ([start, end]) => (start == null && end == null ? start : { start, end }),
    read(value, reading) {
      if (typeof value !== 'object' || value === null || Array.isArray(value))
        return refuse(reading, 'type', `must have a start and an end, got ${describe(value)}`, value)
      const given = value as Partial<Period>
      const start = day.read(given.start, { ...reading, path: `${reading.path}.start` })
      const end = day.read(given.end, { ...reading, path: `${reading.path}.end` })
      if (start === undefined || end === undefined) return undefined
      if (start >= end)
        return refuse(reading, 'order', `ends (${end}) before or on the day it starts (${start})`, value)
      return { start, end }
    },
    toColumn: ({ start, end }) => `[${start},${end})`,
    fromColumn: (value) => {
      const [start, end] = String(value).slice(1, -1).split(',')
      return { start, end }
    },
  }
}
