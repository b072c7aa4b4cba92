import type { Field } from '../kernel/field.ts'
import { f } from '../kernel/fields/index.ts'
import type { Money } from '../kernel/fields/money.ts'
import { nearest } from '../kernel/nearest.ts'
import { badRequest } from '../kernel/problem.ts'
import { reading } from '../kernel/record.ts'
import { type Resource, shownFields } from '../kernel/resource.ts'
import { all, any, type Comparison, compare, not, owns, type Rule, self } from '../kernel/rule.ts'
import { ExpressionError } from './expression/error.ts'
import { type Expr, parseExpression, type Tree } from './expression/parse.ts'

/** Most comparisons of one filter. */
export const COMPARISONS_MAX = 100

type Call = { function: string; target?: Expr; args: Expr[] }

const OPERATORS: { [operator: string]: Comparison } = {
  '_==_': '=',
  '_!=_': '!=',
  '_<_': '<',
  '_<=_': '<=',
  '_>_': '>',
  '_>=_': '>=',
}
const MIRRORED: { [operator: string]: Comparison } = { '<': '>', '<=': '>=', '>': '<', '>=': '<=' }
const METHODS: { [method: string]: Comparison } = { contains: 'contains', startsWith: 'starts_with' }
const SUPPORTED = '== != < <= > >= in && || ! contains() startsWith() overlaps()'

/**
 * A condition in CEL as a rule, the subset that SQL can express: comparisons of a field with a value joined by `&&`, `||`
 * and `!`, `x in [..]`, `"value" in list`, `contains`, `startsWith` and `overlaps`. Anything else is a 400 that points at
 * the character. `me` is whoever asks: `keeper == me`. As in CEL, `x != 1` holds where x is missing; every other comparison with a missing value is false.
 */
export function parseFilter(resource: Resource, source: string): Rule {
  try {
    const context: Context = { resource, tree: parseExpression(source), comparisons: 0 }
    return toRule(context.tree.root, context)
  } catch (error) {
    if (!(error instanceof ExpressionError)) throw error
    throw badRequest('filter', error.describe('The filter'), [error.fault('filter', 'The filter')])
  }
}

type Context = { resource: Resource; tree: Tree; comparisons: number }

function toRule(expr: Expr, context: Context): Rule {
  const kind = expr.exprKind
  if (kind.case === 'callExpr') return callToRule(expr, kind.value as Call, context)
  if (kind.case === 'identExpr' || kind.case === 'selectExpr')
    return comparison(expr, expr, '=', true, context)
  if (kind.case === 'constExpr' && kind.value.constantKind.case === 'boolValue')
    return kind.value.constantKind.value ? all() : any()
  if (kind.case === 'comprehensionExpr')
    throw context.tree.wrong(
      expr,
      'unsupported',
      `${context.tree.loop(expr)?.macro ?? 'a loop'}() cannot be used in a filter; for a list of texts write "value" in list`,
    )
  throw context.tree.wrong(expr, 'syntax', 'a condition is expected here, such as category == "Family"')
}

function callToRule(expr: Expr, call: Call, context: Context): Rule {
  const { function: name, target, args } = call
  if (name === '_&&_') return all(...args.map((each) => toRule(each, context)))
  if (name === '_||_') return any(...args.map((each) => toRule(each, context)))
  if (name === '!_') return not(toRule(args[0], context))
  if (OPERATORS[name]) return binary(expr, OPERATORS[name], args, context)
  if (name === '@in' || name === '_in_') return membership(expr, args, context)
  if (target && name === 'overlaps' && args.length === 2)
    return comparison(expr, target, 'overlaps', span(args, context), context)
  if (target && METHODS[name] && args.length === 1)
    return comparison(expr, target, METHODS[name], constant(args[0], context), context)
  throw context.tree.wrong(expr, 'unsupported', unsupported(name))
}

const INSTEAD: { [name: string]: string } = {
  matches: 'write contains("word") or startsWith("word")',
  endsWith: 'write contains("word") or startsWith("word")',
  has: 'write field != null',
  size: 'sizes are not indexed; export and count, or write a validation rule',
  lowerAscii: 'search with q=, which knows no case',
  upperAscii: 'search with q=, which knows no case',
}

function unsupported(name: string): string {
  const shown = /^\w+$/.test(name) ? `${name}()` : `"${name.replaceAll('_', '')}"`
  return `${shown} cannot be used in a filter; ${INSTEAD[name] ?? `there are ${SUPPORTED}`}`
}

function binary(expr: Expr, operator: Comparison, [left, right]: Expr[], context: Context): Rule {
  const whose = isMe(right, context) ? left : isMe(left, context) ? right : undefined
  if (whose) return ownership(expr, whose, operator, context)
  if (isField(left, context)) return comparison(expr, left, operator, constant(right, context), context)
  if (isField(right, context))
    return comparison(expr, right, MIRRORED[operator] ?? operator, constant(left, context), context)
  const call = [left, right].find((each) => each.exprKind.case === 'callExpr')
  if (call) throw context.tree.wrong(call, 'unsupported', unsupported((call.exprKind.value as Call).function))
  throw context.tree.wrong(expr, 'syntax', 'one side must be a field')
}

/** `keeper == me`: the field holds whoever asks. */
function ownership(expr: Expr, target: Expr, operator: Comparison, context: Context): Rule {
  const { resource, tree } = context
  const name = fieldName(target, context)
  const { kind } = filterField(resource, name, (reason) => tree.wrong(target, 'name', reason))
  if (kind !== 'text' && kind !== 'ref')
    throw tree.wrong(target, 'kind', `"${name}" is ${kind} and cannot hold who asks`)
  // A reference holds the record of a person, a text the name under which the log has whoever acts.
  const mine = kind === 'ref' ? self(name) : owns(name)
  if (operator === '=') return mine
  if (operator === '!=') return not(mine)
  throw tree.wrong(expr, 'kind', 'me can only be compared with == and !=')
}

function membership(expr: Expr, [left, right]: Expr[], context: Context): Rule {
  if (isField(right, context)) return comparison(expr, right, 'contains', constant(left, context), context)
  if (right.exprKind.case !== 'listExpr')
    throw context.tree.wrong(right, 'syntax', 'a list or a list field is expected after "in"')
  const values = right.exprKind.value.elements.map((each) => constant(each, context))
  return comparison(expr, left, 'in', values, context)
}

function span([start, end]: Expr[], context: Context): unknown {
  return { start: constant(start, context), end: constant(end, context) }
}

function isField(expr: Expr, context: Context): boolean {
  return (
    (expr.exprKind.case === 'identExpr' && !isToday(expr, context) && !isMe(expr, context)) ||
    expr.exprKind.case === 'selectExpr'
  )
}

/** `me` is whoever asks, where no field has this name. */
function isMe(expr: Expr, { resource }: Context): boolean {
  return expr.exprKind.case === 'identExpr' && expr.exprKind.value.name === 'me' && !resource.fields.me
}

/** `today` is the date of the question, where no field has this name. */
function isToday(expr: Expr, { resource }: Context): boolean {
  return expr.exprKind.case === 'identExpr' && expr.exprKind.value.name === 'today' && !resource.fields.today
}

function comparison(expr: Expr, target: Expr, operator: Comparison, value: unknown, context: Context): Rule {
  const { resource, tree } = context
  if (++context.comparisons > COMPARISONS_MAX)
    throw tree.wrong(expr, 'size', `it has more than ${COMPARISONS_MAX} comparisons`)
  const name = fieldName(target, context)
  const field = filterField(resource, name, (reason) => tree.wrong(target, 'name', reason))
  const wrong = (reason: string) => tree.wrong(expr, 'kind', reason)
  // In CEL whatever is missing differs from every value.
  if (operator === '!=' && value !== null) return not(fieldRule(name, field, '=', value, wrong))
  return fieldRule(name, field, operator, value, wrong)
}

/** The field of a comparison; `price_from.amount` is the same as `price_from`. */
function fieldName(target: Expr, { tree, resource }: Context): string {
  const kind = target.exprKind
  if (kind.case === 'identExpr') return kind.value.name
  const inner = kind.case === 'selectExpr' ? kind.value.operand?.exprKind : undefined
  if (kind.case !== 'selectExpr' || inner?.case !== 'identExpr')
    throw tree.wrong(target, 'syntax', 'a field is expected here')
  const { name } = inner.value
  if (kind.value.field === 'amount' && resource.fields[name]?.kind === 'money') return name
  throw tree.wrong(
    target,
    'unsupported',
    `members of a field cannot be used in a filter; compare ${name} itself`,
  )
}

/** The field of this name when it may be filtered. */
export function filterField(resource: Resource, name: string, wrong: (reason: string) => Error): Field {
  const fields = Object.fromEntries(shownFields(resource))
  const field = Object.hasOwn(fields, name) ? fields[name] : undefined
  if (field) return field
  const meant = nearest(name, Object.keys(fields))
  throw wrong(`there is no field "${name}"${meant ? `; did you mean ${meant}?` : ''}`)
}

/** A comparison of a field with a value, both checked against the field's kind. */
export function fieldRule(
  name: string,
  field: Field,
  operator: Comparison,
  value: unknown,
  wrong: (reason: string) => Error,
): Rule {
  const nullable = value === null && (operator === '=' || operator === '!=')
  if (!nullable && !field.operators.includes(operator)) {
    const can = field.operators.length
      ? `can only be compared with ${field.operators.join(' ')}`
      : 'cannot be filtered'
    throw wrong(`"${name}" is ${field.kind} and ${can}`)
  }
  if (nullable) return compare(name, operator, null)
  const values = (operator === 'in' ? (value as unknown[]) : [value]).map((each) =>
    filterValue(name, field, operator, each, wrong),
  )
  return compare(name, operator, operator === 'in' ? values : values[0])
}

// Text patterns and money amounts are compared as they are; everything else must be a value of the field.
function filterValue(
  name: string,
  field: Field,
  operator: Comparison,
  value: unknown,
  wrong: (reason: string) => Error,
): unknown {
  if (field.kind === 'money' && typeof value === 'number') return { ...moneyOf(field), amount: value }
  const reader = operator === 'contains' || operator === 'starts_with' ? partOf(field) : asked(field)
  const at = reading({ path: name, lenient: true })
  const read = reader.read(value, at)
  if (read === undefined) throw wrong(`"${name}" ${at.faults[0]?.detail ?? 'has no such value'}`)
  return read
}

function moneyOf(field: Field): Money {
  return field.fromColumn ? (field.fromColumn(0) as Money) : { amount: 0, currency: '' }
}

const TEXT = f.text()

/** Any text may be asked for, also one that a field would not take. */
function asked(field: Field): Field {
  return field.kind === 'text' ? TEXT : field
}

/** What a value that a field contains must be: a day of a period, an item of a list, a part of a text. */
function partOf(field: Field): Field {
  if (field.kind === 'period') return f.date()
  return field.kind === 'list' && typeof field.item?.kind === 'string' ? (field.item as Field) : TEXT
}

function constant(expr: Expr, context: Context): unknown {
  const kind = expr.exprKind
  if (kind.case === 'callExpr' && (kind.value as Call).function === '-_')
    return -Number(constant((kind.value as Call).args[0], context))
  if (isToday(expr, context)) return new Date().toISOString().slice(0, 10)
  if (kind.case !== 'constExpr')
    throw context.tree.wrong(
      expr,
      'syntax',
      'a value is expected here: a text, a number, true, false, null or today',
    )
  const { constantKind } = kind.value
  switch (constantKind.case) {
    case 'int64Value':
    case 'uint64Value':
    case 'doubleValue':
      return Number(constantKind.value)
    case 'stringValue':
    case 'boolValue':
      return constantKind.value
    case 'nullValue':
      return null
    default:
      throw context.tree.wrong(expr, 'kind', 'this value cannot be compared')
  }
}
