import type { Field, FieldFlags } from '../field.ts'
import { operators } from '../field.ts'
import { describe, refuse } from './text.ts'

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i

/** Points to a record of another resource by its id. */
export function ref(to: string, flags: FieldFlags = {}): Field<string> {
  return {
    ...flags,
    kind: 'ref',
    column: 'uuid',
    operators: operators.equality,
    schema: { type: 'string', format: 'uuid' },
    to,
    read(value, reading) {
      if (typeof value === 'string' && UUID.test(value)) return value.toLowerCase()
      return refuse(reading, 'ref', `must be the id of a ${to}, got ${describe(value)}`, value)
    },
  }
}

/** True for the text form of a UUID (RFC 9562). */
export function isUuid(value: unknown): value is string {
  return typeof value === 'string' && UUID.test(value)
}
