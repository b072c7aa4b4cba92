import type { Field, FieldFlags } from '../field.ts'
import { operators } from '../field.ts'
import { describe, refuse } from './text.ts'

export type NumberOptions = FieldFlags & {
  integer?: boolean
  min?: number
  /** must be greater than this. */
  above?: number
  max?: number
}

const DECIMAL = /^[+-]?(\d+(\.\d*)?|\.\d+)$/

/** An exact decimal number, or a whole one with `integer`. Fractions are stored as numeric, never as floating point. */
export function number(options: NumberOptions = {}): Field<number> {
  const { integer = false, min, above, max, ...flags } = options
  return {
    ...flags,
    kind: 'number',
    column: integer ? 'bigint' : 'numeric',
    operators: operators.ordered,
    schema: {
      type: integer ? 'integer' : 'number',
      ...(min === undefined ? {} : { minimum: min }),
      ...(above === undefined ? {} : { exclusiveMinimum: above }),
      ...(max === undefined ? {} : { maximum: max }),
    },
    read(value, reading) {
      const given = reading.lenient && typeof value === 'string' ? parseDecimal(value) : value
      if (typeof given !== 'number' || !Number.isFinite(given))
        return refuse(reading, 'type', `must be a number, got ${describe(value)}`, value)
      if (integer && !Number.isSafeInteger(given))
        return refuse(reading, 'integer', `must be a whole number, got ${given}`, value)
      if (above !== undefined && given <= above)
        return refuse(reading, 'min', `must be > ${above}, got ${given}`, value)
      if (min !== undefined && given < min)
        return refuse(reading, 'min', `must be >= ${min}, got ${given}`, value)
      if (max !== undefined && given > max)
        return refuse(reading, 'max', `must be <= ${max}, got ${given}`, value)
      return given === 0 ? 0 : given
    },
  }
}

function parseDecimal(value: string): number | undefined {
  const trimmed = value.trim()
  return DECIMAL.test(trimmed) ? Number(trimmed) : undefined
}
