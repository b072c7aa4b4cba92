import type { Actor } from '../actor.ts'
import type { Row } from '../field.ts'
import { all, any, everybody, isEverybody, isNobody, matches, nobody, not, type Rule } from '../rule.ts'
import type { Grant } from './grant.ts'
import { has, intersection, minus, type Names, NONE, only, union } from './names.ts'

/**
 * What somebody may do by one verb of one resource. The answer is a rule, that is, a filter: lists put it into WHERE, one
 * record is held against it, live messages and exports use the same tree.
 */
export type Access = {
  /** the records; `nobody` when there are none. */
  readonly rule: Rule
  /** the fields that are open on every one of these records. */
  readonly always: Names
  /** what was allowed, and which fields of which records were taken away again. */
  readonly allows: readonly Clause[]
  readonly hides: readonly Clause[]
}

/** One grant's part: these fields of these records. */
export type Clause = { readonly rule: Rule; readonly fields: Names }

export const NO_ACCESS: Access = { rule: nobody, always: null, allows: [], hides: [] }

/** A grant's part in an access, within the records that it can reach at all. */
export function clauseOf({ rule, fields }: Pick<Grant, 'rule' | 'fields'>, reach: Rule): Clause {
  return { rule: bothOf(reach, rule ?? everybody), fields: fields && only(fields) }
}

/**
 * The access that allow and deny grants amount to: any of what is allowed and nothing of what is denied. A deny that names
 * fields takes away those fields, not the records.
 */
export function accessOf(allows: readonly Clause[], denies: readonly Clause[]): Access {
  const hides = denies.filter(({ fields }) => fields !== null)
  const refused = denies.filter(({ fields }) => fields === null)
  const rule = exceptOf(anyOf(allows), anyOf(refused))
  return isNobody(rule) ? NO_ACCESS : { rule, always: alwaysOf(allows, hides), allows, hides }
}

/** The fields that are open on this record, which must be one of the access's records. */
export function fieldsOpen({ always, allows, hides }: Access, row: Row, actor: Actor): Names {
  if (always === null) return null
  const here = (clauses: readonly Clause[]) =>
    clauses.filter(({ rule }) => matches(rule, row, actor)).reduce<Names>(joined, NONE)
  return minus(here(allows), here(hides))
}

/** Whether two accesses let the same through; the same object always does. */
export function sameAccess(left: Access, right: Access): boolean {
  return left === right || accessText(left) === accessText(right)
}

function accessText(access: Access): string {
  return JSON.stringify(access, (_key, value) => (value instanceof Set ? [...value].sort() : value))
}

/** Whether a field is open on any of the records at all. */
export function isEverOpen({ allows, hides }: Access, name: string): boolean {
  return (
    allows.some(({ fields }) => has(fields, name)) &&
    !hides.some(({ rule, fields }) => isEverybody(rule) && has(fields, name))
  )
}

/** What no record can be without: what every clause opens, and what is opened on all records. */
function alwaysOf(allows: readonly Clause[], hides: readonly Clause[]): Names {
  const common = allows.reduce<Names>((known, { fields }) => intersection(known, fields), null)
  const everywhere = allows.filter(({ rule }) => isEverybody(rule)).reduce<Names>(joined, NONE)
  return minus(union(common, everywhere), hides.reduce<Names>(joined, NONE))
}

function joined(known: Names, { fields }: Clause): Names {
  return union(known, fields)
}

/** Clauses that say the same are said once, so that the SQL of many roles stays short. */
function anyOf(clauses: readonly Clause[]): Rule {
  const rules = clauses.map(({ rule }) => rule).filter((rule) => !isNobody(rule))
  if (rules.some(isEverybody)) return everybody
  const distinct = [...new Map(rules.map((rule) => [JSON.stringify(rule), rule])).values()]
  return distinct.length === 1 ? distinct[0] : any(...distinct)
}

function bothOf(left: Rule, right: Rule): Rule {
  if (isEverybody(left) || isNobody(right)) return right
  return isEverybody(right) || isNobody(left) ? left : all(left, right)
}

function exceptOf(allowed: Rule, refused: Rule): Rule {
  if (isNobody(refused) || isNobody(allowed)) return allowed
  if (isEverybody(refused)) return nobody
  return bothOf(allowed, not(refused))
}
