import { fault } from '../fault.ts'
import type { Field, FieldFlags, Reading } from '../field.ts'
import { operators } from '../field.ts'

const CHARACTERS_MAX = 100_000

export type TextOptions = FieldFlags & {
  /** characters, 1..100,000 */
  max?: number
  min?: number
  pattern?: RegExp
  /** what the pattern asks for, for the message: `letters, digits and "-"`. */
  patternHint?: string
  /** one line: no control characters at all (line breaks included). */
  line?: boolean
  /** `upper` folds the letters before anything is compared. */
  fold?: 'upper' | 'lower'
}

/** Unicode text, NFC, trimmed when it is one line. U+0000 and unpaired surrogates are refused. */
export function text(options: TextOptions = {}): Field<string> {
  const { max = CHARACTERS_MAX, min = 0, pattern, patternHint, line = false, fold, ...flags } = options
  return {
    ...flags,
    kind: 'text',
    column: 'text',
    operators: operators.text,
    schema: {
      type: 'string',
      maxLength: max,
      ...(min ? { minLength: min } : {}),
      ...(pattern ? { pattern: pattern.source } : {}),
    },
    read(value, reading) {
      const given =
        reading.lenient && (typeof value === 'number' || typeof value === 'boolean') ? String(value) : value
      if (typeof given !== 'string')
        return refuse(reading, 'type', `must be text, got ${describe(given)}`, given)
      const clean = normalise(given, line, fold)
      const problem = unreadable(clean, line)
      if (problem) return refuse(reading, 'characters', problem, given)
      if (clean.length < min || (min > 0 && clean.trim() === ''))
        return refuse(
          reading,
          'empty',
          min > 1 ? `needs at least ${min} characters` : 'must not be empty',
          given,
        )
      if (clean.length > max)
        return refuse(reading, 'length', `has ${clean.length} characters, at most ${max} are allowed`, given)
      if (pattern && !pattern.test(clean))
        return refuse(reading, 'pattern', `must be ${patternHint ?? `like ${pattern.source}`}`, given)
      return clean
    },
  }
}

/** Adds a fault whose code starts with the field's name. Returns undefined, the value of a failed reading. */
export function refuse(
  reading: Reading,
  rule: string,
  detail: string,
  raw?: unknown,
  suggestion?: string,
): undefined {
  const name =
    reading.path
      .replaceAll(/\[\d+\]/g, '')
      .split('.')
      .at(-1) || 'record'
  reading.faults.push(fault(reading.path, `${name}.${rule}`, detail, raw, suggestion))
  return undefined
}

/** The kind of a JSON value, for messages. */
export function describe(value: unknown): string {
  if (value === null || value === undefined) return 'nothing'
  if (Array.isArray(value)) return 'a list'
  if (typeof value === 'string') return `the text "${value.length > 40 ? `${value.slice(0, 40)}…` : value}"`
  if (typeof value === 'object') return 'an object'
  return `${value}`
}

// Most text is plain ASCII, where normalising changes nothing and costs a copy.
const NOT_ASCII = /[^\x20-\x7e]/

function normalise(given: string, line: boolean, fold: TextOptions['fold']): string {
  const composed = NOT_ASCII.test(given) ? given.normalize('NFC') : given
  const trimmed = line ? composed.trim() : composed
  if (fold === 'upper') return trimmed.toUpperCase()
  return fold === 'lower' ? trimmed.toLowerCase() : trimmed
}

function unreadable(value: string, line: boolean): string | null {
  if (!NOT_ASCII.test(value)) return null
  const zero = value.indexOf('\u0000')
  if (zero >= 0) return `contains U+0000 at character ${zero + 1}; remove it`
  if (!value.isWellFormed())
    return `contains half of a surrogate pair at character ${loneSurrogate(value) + 1}; remove it`
  // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is being refused
  const control = line ? value.search(/[\u0000-\u001f\u007f-\u009f]/) : -1
  return control < 0
    ? null
    : `contains a control character at character ${control + 1}; it must be one line of plain text`
}

function loneSurrogate(value: string): number {
  return value.search(/[\ud800-\udbff](?![\udc00-\udfff])|(?<![\ud800-\udbff])[\udc00-\udfff]/)
}
