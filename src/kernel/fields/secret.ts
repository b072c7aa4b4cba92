import type { Field, FieldFlags } from '../field.ts'
import { operators } from '../field.ts'
import { text } from './text.ts'

/** A hash or an encrypted value: stored, never shown, exported, filtered or written to the log. */
export function secret(flags: FieldFlags = {}): Field<string> {
  return { ...text({ ...flags, secret: true }), kind: 'secret', operators: operators.none }
}
