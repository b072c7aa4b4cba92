import type { Fault } from './fault.ts'

/** Flags that every kind of field understands. */
export type FieldFlags = {
  /** may be absent or null; without it the value is required. */
  optional?: boolean
  /** value of a new record when none is given. */
  default?: unknown
  /** no two records have the same value (the migration holds the index). */
  unique?: boolean
  /** never shown, exported, filtered or logged. */
  secret?: boolean
  /** set when the record is made, never changed afterwards. */
  immutable?: boolean
  /**
   * computed by the database: shown, sorted and filtered, never an input. `true` when the table itself keeps it (a generated
   * column, a trigger); otherwise the fields that the function `{resource}_{field}` of the migration takes, then the day.
   */
  derived?: true | readonly string[]
  /** derived: the same as a pure function, for rules that look at a record before the database has. `today` is a date. */
  derive?(row: Row, today: string): unknown
  /** set by actions of the record itself (its state, when it was archived), never by create or update. */
  managed?: boolean
  /** weight in full-text search; A is the heaviest. */
  search?: 'A' | 'B' | 'C' | 'D'
  /** counted under `?facets=`. */
  facet?: boolean
  /** other headers and member names in files that mean this field. */
  aliases?: readonly string[]
  /** one sentence for the docs. */
  description?: string
}

/** How a filter may compare a field. */
export type Operator = '=' | '!=' | '<' | '<=' | '>' | '>=' | 'in' | 'contains' | 'starts_with' | 'overlaps'

/** A JSON Schema (2020-12) fragment. */
export type JsonSchema = { [keyword: string]: unknown }

/** What is known while a value is being read: where it stands, how strict to be, and where faults go. */
export type Reading = {
  path: string
  /** true for column files, where everything is text: `yes`, `1`, ` 149.00 `. */
  lenient: boolean
  faults: Fault[]
  warnings: Fault[]
}

/** One member of a document in a file; most fields have one, money has an amount and a currency. */
export type FileMember = {
  name: string
  aliases: readonly string[]
  /** header in column files, when it differs from the member's name. */
  column?: string
}

/**
 * A field is frozen data plus the behaviour of its kind. `Value` is the canonical form: what JSON carries on the wire,
 * what the engine compares and what events hold.
 */
export type Field<Value = unknown> = Readonly<FieldFlags> & {
  readonly kind: string
  /** SQL type of the column. */
  readonly column: string
  readonly operators: readonly Operator[]
  readonly schema: JsonSchema
  /** Reads a value from outside; `undefined` when it is wrong (the reasons are in `reading.faults`). */
  read(value: unknown, reading: Reading): Value | undefined
  /** Members of the field in a file's document; by default one, under the field's own name. */
  members?(name: string): FileMember[]
  /** Canonical value → its members in a file's document, in the order of `members`. */
  spell?(value: Value): unknown[]
  /** Members of a file's document → what `read` takes. `undefined` members are absent. */
  unspell?(values: unknown[], reading: Reading): unknown
  /** Canonical value → what the column takes, when they differ. */
  toColumn?(value: Value): unknown
  /** Column value as PostgreSQL's JSON or driver gives it → canonical value, when they differ. */
  fromColumn?(value: unknown): Value
  /** lists: the field of one item, or the fields of an item that is an object. */
  readonly item?: Field | Fields
  /** json: collects the members of a document that no field names. */
  readonly rest?: boolean
  /** ref: name of the resource it points to. */
  readonly to?: string
  /** choice and state: the allowed values. */
  readonly values?: readonly string[]
}

export type Fields = { readonly [name: string]: Field }

/** A record in canonical form. */
export type Row = { [field: string]: unknown }

const EQUALITY = ['=', '!=', 'in'] as const
const ORDER = ['<', '<=', '>', '>='] as const

/** Operators that kinds share. */
export const operators = {
  equality: EQUALITY,
  ordered: [...EQUALITY, ...ORDER],
  text: [...EQUALITY, ...ORDER, 'contains', 'starts_with'],
  list: ['contains'],
  none: [],
} as const satisfies Record<string, readonly Operator[]>

/** True for a list whose items are objects. */
export function isObjectList(field: Field): field is Field & { item: Fields } {
  return field.item !== undefined && typeof field.item.kind !== 'string'
}
