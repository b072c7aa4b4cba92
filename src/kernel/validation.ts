import type { Fault } from './fault.ts'
import type { Fields, Row } from './field.ts'
import type { Gift, Grant, Reach } from './grants/grant.ts'
import type { StoredGrant } from './grants/source.ts'

export const SEVERITIES = ['error', 'warning'] as const
export const RULE_MODES = ['active', 'shadow', 'off'] as const

/** A rule that a person wrote: what must be true of every live record of a resource when it is written. */
export type ValidationRule = {
  id: string
  name: string
  resource: string
  /** condition in CEL: the records that it is for; all when null. */
  when: string | null
  /** condition in CEL that must be true. */
  expression: string
  /** an error refuses the record, a warning goes with it. */
  severity: (typeof SEVERITIES)[number]
  /** for people, with values: `{{product_name}} costs {{price_from}}`. */
  message: string | null
  /** the field that it is about. */
  field: string | null
  /** a rule in shadow refuses nothing; what it would have refused is counted. */
  mode: (typeof RULE_MODES)[number]
}

/** A rule that was understood. `judge` says what is wrong with a record, null when nothing is. */
export type CompiledRule = { judge(record: Row, before: Row | null): Fault | null }

/** What there is to say of a whole record. `shadows` are ids of rules in shadow that would have refused it. */
export type Findings = {
  faults: readonly Fault[]
  warnings: readonly Fault[]
  shadows: readonly string[]
}

/** Everything that must hold of a record: its declared checks and the rules that people wrote. Pure; `before` is null when new. */
export type Inspect = (row: Row, before: Row | null) => Findings

/** What a check or an action may know of another resource. */
export type Declared = {
  readonly name: string
  readonly plural: string
  readonly fields: Fields
  readonly key: readonly string[]
}

/** A grant as somebody words it, before it is kept. */
export type GrantWords = Pick<StoredGrant, 'permission' | 'rule' | 'record' | 'fields' | 'from' | 'until'>

/** What a check or an action may ask about the house: what is declared, and what conditions mean. */
export type Model = {
  /** the resource of this name; throws a 404 Problem that names the nearest. */
  resource(name: string): Declared
  /** throws a Problem whose faults point into the rule's fields. */
  rule(rule: ValidationRule): CompiledRule
  /** the gift that these words mean; throws a Problem whose faults point into them. */
  gift(words: GrantWords): Gift
  /** a kept grant as the decision takes it; null when nothing is left of it. */
  grant(stored: StoredGrant): Grant | null
  /** how far grants go, by what is declared. */
  readonly reach: Reach
  /** what is wrong with the parameters of a list (`filter`, `sort`, `fields`, `facets`, `q`, `archived`), by their names. */
  question(resource: string, parameters: { [name: string]: string }): Fault[]
}

type Query = <Result extends Row = Row>(text: string, values?: unknown[]) => Promise<Result[]>

/** Where the rules of people are kept. */
export type RuleSource = {
  /** The rules of a resource that are not off, and the stamp under which they stand (see the table `rule_stamp`). */
  load(query: Query, resource: string): Promise<{ stamp: string; rules: ValidationRule[] }>
  /** Adds to the numbers of records that rules in shadow would have refused, by the rule's id. */
  count(query: Query, refused: ReadonlyMap<string, number>): Promise<void>
}
