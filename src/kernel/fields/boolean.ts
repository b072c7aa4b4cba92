import type { Field, FieldFlags } from '../field.ts'
import { operators } from '../field.ts'
import { describe, refuse } from './text.ts'

const WORDS: Record<string, boolean> = {
  true: true, yes: true, y: true, '1': true, نعم: true,
  false: false, no: false, n: false, '0': false, لا: false,
} // biome-ignore format: two rows, one per meaning

/** True or false. Column files may say yes, no, 1, 0. */
export function boolean(flags: FieldFlags = {}): Field<boolean> {
  return {
    ...flags,
    kind: 'boolean',
    column: 'boolean',
    operators: operators.equality,
    schema: { type: 'boolean' },
    read(value, reading) {
      if (typeof value === 'boolean') return value
      const word =
        reading.lenient && (typeof value === 'string' || typeof value === 'number')
          ? WORDS[String(value).trim().toLowerCase()]
          : undefined
      if (word !== undefined) return word
      const allowed = reading.lenient ? 'yes, no, true, false, 1 or 0' : 'true or false'
      return refuse(reading, 'type', `must be ${allowed}, got ${describe(value)}`, value)
    },
  }
}
