import type { Actor } from './actor.ts'
import type { Row } from './field.ts'

/**
 * A filter over a row and the actor. One tree, two readings: `matches` below in memory, `src/store/where.ts` in SQL.
 * A comparison with null is false, except `= null` and `!= null`, which ask whether there is a value.
 */
export type Rule =
  | { op: 'all'; rules: readonly Rule[] }
  | { op: 'any'; rules: readonly Rule[] }
  | { op: 'not'; rule: Rule }
  | { op: 'role'; roles: readonly string[] }
  | { op: 'owns'; field: string }
  | { op: 'self'; field: string }
  | { op: 'compare'; field: string; operator: Comparison; value: unknown }

export type Comparison = '=' | '!=' | '<' | '<=' | '>' | '>=' | 'in' | 'contains' | 'starts_with' | 'overlaps'

/** Every one of them. `all()` is everybody. */
export const all = (...rules: Rule[]): Rule => ({ op: 'all', rules })
/** At least one of them. `any()` is nobody. */
export const any = (...rules: Rule[]): Rule => ({ op: 'any', rules })
export const not = (rule: Rule): Rule => ({ op: 'not', rule })
/** The actor has one of the roles. `owner` has every role but `system`'s. */
export const role = (...roles: string[]): Rule => ({ op: 'role', roles })
/** The field holds the actor's id. */
export const owns = (field: string): Rule => ({ op: 'owns', field })
/** The field holds the id of the user who acts; false when no person does. */
export const self = (field: string): Rule => ({ op: 'self', field })
export const compare = (field: string, operator: Comparison, value: unknown): Rule => ({
  op: 'compare',
  field,
  operator,
  value,
})
export const everybody: Rule = all()
export const nobody: Rule = any()

/** True when the rule lets the actor at the row. */
export function matches(rule: Rule, row: Row, actor: Actor): boolean {
  switch (rule.op) {
    case 'all':
      return rule.rules.every((each) => matches(each, row, actor))
    case 'any':
      return rule.rules.some((each) => matches(each, row, actor))
    case 'not':
      return !matches(rule.rule, row, actor)
    case 'role':
      return hasRole(actor, rule.roles)
    case 'owns':
      return row[rule.field] === actor.id
    case 'self':
      return actor.user !== undefined && row[rule.field] === actor.user
    case 'compare':
      return compares(row[rule.field], rule.operator, rule.value)
  }
}

/**
 * What is left of a rule when the actor is known: a condition on the row alone, without roles and owners. `everybody` when
 * there is none, `nobody` when no row will do.
 */
export function residue(rule: Rule, actor: Actor): Rule {
  switch (rule.op) {
    case 'all':
    case 'any':
      return joined(
        rule.op,
        rule.rules.map((each) => residue(each, actor)),
      )
    case 'not':
      return negated(residue(rule.rule, actor))
    case 'role':
      return hasRole(actor, rule.roles) ? everybody : nobody
    case 'owns':
      return compare(rule.field, '=', actor.id)
    case 'self':
      return actor.user === undefined ? nobody : compare(rule.field, '=', actor.user)
    case 'compare':
      return rule
  }
}

/** What is left of a rule for whoever holds exactly these roles: a rule on the row and on who owns it. */
export function residueOf(rule: Rule, roles: readonly string[]): Rule {
  switch (rule.op) {
    case 'all':
    case 'any':
      return joined(
        rule.op,
        rule.rules.map((each) => residueOf(each, roles)),
      )
    case 'not':
      return negated(residueOf(rule.rule, roles))
    case 'role':
      return hasRole({ roles }, rule.roles) ? everybody : nobody
    default:
      return rule
  }
}

/** The roles that a rule names. */
export function rolesOf(rule: Rule): string[] {
  if (rule.op === 'all' || rule.op === 'any') return [...new Set(rule.rules.flatMap(rolesOf))]
  if (rule.op === 'not') return rolesOf(rule.rule)
  return rule.op === 'role' ? [...rule.roles] : []
}

/** The fields that a rule asks for the actor. */
export function whoseFields(rule: Rule): string[] {
  if (rule.op === 'all' || rule.op === 'any') return rule.rules.flatMap(whoseFields)
  if (rule.op === 'not') return whoseFields(rule.rule)
  return rule.op === 'owns' || rule.op === 'self' ? [rule.field] : []
}

/** One that decides alone is the answer; those that decide nothing are left out. */
function joined(op: 'all' | 'any', left: readonly Rule[]): Rule {
  const [deciding, idle] = op === 'all' ? [nobody, everybody] : [everybody, nobody]
  if (left.some((each) => isSame(each, deciding))) return deciding
  const open = left.filter((each) => !isSame(each, idle))
  return open.length === 1 ? open[0] : { op, rules: open }
}

function negated(rule: Rule): Rule {
  if (isSame(rule, everybody)) return nobody
  return isSame(rule, nobody) ? everybody : not(rule)
}

function isSame(rule: Rule, constant: Rule): boolean {
  return rule.op === constant.op && 'rules' in rule && rule.rules.length === 0
}

/** True when the rule lets everybody at every row. */
export function isEverybody(rule: Rule): boolean {
  return isSame(rule, everybody)
}

/** True when the rule lets nobody at any row. */
export function isNobody(rule: Rule): boolean {
  return isSame(rule, nobody)
}

/** The fields that a rule looks at. */
export function fieldsOf(rule: Rule): string[] {
  if (rule.op === 'all' || rule.op === 'any') return rule.rules.flatMap(fieldsOf)
  if (rule.op === 'not') return fieldsOf(rule.rule)
  return rule.op === 'role' ? [] : [rule.field]
}

/** True when the actor holds one of the roles; the owner holds all but `system`. */
export function hasRole(actor: Pick<Actor, 'roles'>, roles: readonly string[]): boolean {
  return roles.some(
    (each) => actor.roles.includes(each) || (each !== 'system' && actor.roles.includes('owner')),
  )
}

function compares(left: unknown, operator: Comparison, right: unknown): boolean {
  if (right === null) return operator === '=' ? left == null : operator === '!=' ? left != null : false
  if (left == null) return false
  switch (operator) {
    case '=':
      return ordered(left, right) === 0
    case '!=':
      return ordered(left, right) !== 0
    case '<':
      return ordered(left, right) < 0
    case '<=':
      return ordered(left, right) <= 0
    case '>':
      return ordered(left, right) > 0
    case '>=':
      return ordered(left, right) >= 0
    case 'in':
      return (right as unknown[]).some((each) => each !== null && ordered(left, each) === 0)
    case 'contains':
      return contains(left, right)
    case 'starts_with':
      return String(left).startsWith(String(right))
    case 'overlaps':
      return overlaps(left as Span, right as Span)
  }
}

type Span = { start: string; end: string }

function contains(left: unknown, right: unknown): boolean {
  if (Array.isArray(left)) return left.some((each) => ordered(each, right) === 0)
  if (typeof left === 'object' && left !== null)
    return (left as Span).start <= String(right) && String(right) < (left as Span).end
  return String(left).includes(String(right))
}

function overlaps(left: Span, right: Span): boolean {
  return left.start < right.end && right.start < left.end
}

// Text is ordered by code point, as PostgreSQL orders it under the collation "C" that the SQL reading asks for.
function ordered(left: unknown, right: unknown): number {
  if (typeof left === 'object' && left !== null && 'amount' in left)
    return ordered(
      left.amount,
      typeof right === 'object' && right !== null && 'amount' in right ? right.amount : right,
    )
  if (typeof left === 'string' && typeof right === 'string') return byCodePoint(left, right)
  const [a, b] = [left as number, right as number]
  return a < b ? -1 : a > b ? 1 : 0
}

/** Order of two texts by code point, as PostgreSQL has it under the collation "C". */
export function byCodePoint(left: string, right: string): number {
  if (left === right) return 0
  const [a, b] = [Array.from(left), Array.from(right)]
  const length = Math.min(a.length, b.length)
  for (let index = 0; index < length; index++)
    if (a[index] !== b[index]) return a[index].codePointAt(0)! < b[index].codePointAt(0)! ? -1 : 1
  return a.length - b.length
}
