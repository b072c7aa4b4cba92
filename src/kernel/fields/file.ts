import type { Field, FieldFlags } from '../field.ts'
import { operators } from '../field.ts'
import { text } from './text.ts'

/** The key of an object in the object store. */
export function file(flags: FieldFlags = {}): Field<string> {
  const key = text({
    ...flags,
    line: true,
    max: 300,
    pattern: /^[a-z0-9][a-z0-9/._-]*$/,
    patternHint: 'the key of a stored file',
  })
  return { ...key, kind: 'file', operators: operators.equality }
}
