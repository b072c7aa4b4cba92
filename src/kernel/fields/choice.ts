import type { Field, FieldFlags } from '../field.ts'
import { operators } from '../field.ts'
import { describe, refuse } from './text.ts'

/** One of a fixed list of words. */
export function choice(values: readonly string[], flags: FieldFlags = {}): Field<string> {
  return {
    ...flags,
    kind: 'choice',
    column: 'text',
    operators: operators.equality,
    schema: { enum: [...values] },
    values,
    read(value, reading) {
      const given = reading.lenient && typeof value === 'string' ? value.trim() : value
      if (typeof given === 'string' && values.includes(given)) return given
      return refuse(reading, 'choice', `must be one of ${values.join(', ')}; got ${describe(value)}`, value)
    },
  }
}
