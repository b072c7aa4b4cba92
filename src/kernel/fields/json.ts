import type { Field, FieldFlags, JsonSchema } from '../field.ts'
import { operators } from '../field.ts'
import { describe, refuse } from './text.ts'

const BYTES_MAX = 5_000_000
const DEPTH_MAX = 64

export type JsonOptions = FieldFlags & {
  /** collects the members of a document that no field names, so that a round trip loses nothing. */
  rest?: boolean
}

/** A JSON object of any shape, at most 5 MB and 64 levels deep. */
export function json(options: JsonOptions = {}): Field<object> {
  const { rest = false, ...flags } = options
  return {
    ...flags,
    kind: 'json',
    column: 'jsonb',
    operators: operators.none,
    schema: { type: 'object', additionalProperties: true } satisfies JsonSchema,
    rest,
    read(value, reading) {
      const given = reading.lenient && typeof value === 'string' ? parse(value) : value
      if (typeof given !== 'object' || given === null || Array.isArray(given))
        return refuse(reading, 'type', `must be a JSON object, got ${describe(value)}`, value)
      if (deeper(given, DEPTH_MAX))
        return refuse(reading, 'depth', `is nested deeper than ${DEPTH_MAX} levels`)
      const text = JSON.stringify(given)
      if (text.length > BYTES_MAX) return refuse(reading, 'size', `is larger than ${BYTES_MAX} characters`)
      if (text.includes('\\u0000')) return refuse(reading, 'characters', 'contains U+0000; remove it')
      if (text.includes('\\ud'))
        return refuse(reading, 'characters', 'contains half of a surrogate pair; remove it')
      return given
    },
  }
}

function parse(value: string): unknown {
  try {
    return JSON.parse(value)
  } catch (error) {
    // The text itself goes into the fault that follows.
    if (error instanceof SyntaxError) return value
    throw error
  }
}

function deeper(value: unknown, levels: number): boolean {
  if (typeof value !== 'object' || value === null) return false
  return levels === 0 || Object.values(value).some((member) => deeper(member, levels - 1))
}
