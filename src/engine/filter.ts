import { parse as parseCel } from '@bufbuild/cel'
import type { Field } from '../kernel/field.ts'
import { nearest } from '../kernel/nearest.ts'
import { badRequest, type Problem } from '../kernel/problem.ts'
import { reading } from '../kernel/record.ts'
import { type Resource, shownFields } from '../kernel/resource.ts'
import { all, any, type Comparison, compare, not, type Rule } from '../kernel/rule.ts'

/** Longest filter, in characters, and the most comparisons in it. */
export const FILTER_CHARACTERS_MAX = 4_096
const COMPARISONS_MAX = 100

type Expr = ReturnType<typeof parseCel>['expr']
type Call = { function: string; target?: Expr; args: Expr[] }

const OPERATORS: Record<string, Comparison> = {
  '_==_': '=',
  '_!=_': '!=',
  '_<_': '<',
  '_<=_': '<=',
  '_>_': '>',
  '_>=_': '>=',
}
const MIRRORED: Record<Comparison, Comparison> = {
  '=': '=',
  '!=': '!=',
  '<': '>',
  '<=': '>=',
  '>': '<',
  '>=': '<=',
  in: 'in',
  contains: 'contains',
  starts_with: 'starts_with',
  overlaps: 'overlaps',
}
const METHODS: Record<string, Comparison> = { contains: 'contains', startsWith: 'starts_with' }

/**
 * A condition in CEL as a rule: comparisons of a field with a value joined by `&&`, `||` and `!`, `x in [..]`,
 * `"value" in list`, `contains` and `startsWith`. Anything else is refused with the place where it stands.
 */
export function parseFilter(resource: Resource, source: string): Rule {
  if (source.length > FILTER_CHARACTERS_MAX)
    throw badRequest(
      'filter.length',
      `The filter has ${source.length} characters; at most ${FILTER_CHARACTERS_MAX} are allowed.`,
    )
  const parsed = parseOrRefuse(source)
  const positions = parsed.sourceInfo?.positions ?? {}
  const context: Context = {
    resource,
    source,
    comparisons: 0,
    at: (expr) => Number(positions[String(expr.id)] ?? 0),
  }
  return toRule(parsed.expr, context)
}

type Context = { resource: Resource; source: string; comparisons: number; at(expr: Expr): number }

function parseOrRefuse(source: string): ReturnType<typeof parseCel> {
  try {
    return parseCel(source)
  } catch (error) {
    const { rawMessage, location, message } = error as Error & {
      rawMessage?: string
      location?: { start: { offset: number } }
    }
    throw refuse(source, location?.start.offset ?? 0, rawMessage ?? message)
  }
}

function refuse(source: string, offset: number, reason: string): Problem {
  const around = source.slice(Math.max(0, offset - 20), offset + 20)
  return badRequest('filter', `The filter is wrong at character ${offset + 1} (near "${around}"): ${reason}.`)
}

function toRule(expr: Expr, context: Context): Rule {
  const kind = expr.exprKind
  if (kind.case === 'callExpr') return callToRule(expr, kind.value as Call, context)
  if (kind.case === 'identExpr' || kind.case === 'selectExpr')
    return comparison(expr, expr, '=', true, context)
  if (kind.case === 'constExpr' && kind.value.constantKind.case === 'boolValue')
    return kind.value.constantKind.value ? all() : any()
  throw refuse(context.source, context.at(expr), 'a condition is expected here, such as category == "Family"')
}

function callToRule(expr: Expr, call: Call, context: Context): Rule {
  if (call.function === '_&&_') return all(...call.args.map((each) => toRule(each, context)))
  if (call.function === '_||_') return any(...call.args.map((each) => toRule(each, context)))
  if (call.function === '!_') return not(toRule(call.args[0], context))
  const operator = OPERATORS[call.function]
  if (operator) return binary(expr, operator, call.args, context)
  if (call.function === '@in' || call.function === '_in_') return membership(expr, call.args, context)
  const method = METHODS[call.function]
  if (method && call.target)
    return comparison(expr, call.target, method, constant(call.args[0], context), context)
  throw refuse(
    context.source,
    context.at(expr),
    `"${call.function}" cannot be used in a filter; there are == != < <= > >= in && || ! contains() startsWith()`,
  )
}

function binary(expr: Expr, operator: Comparison, [left, right]: Expr[], context: Context): Rule {
  if (isField(left)) return comparison(expr, left, operator, constant(right, context), context)
  if (isField(right)) return comparison(expr, right, MIRRORED[operator], constant(left, context), context)
  throw refuse(context.source, context.at(expr), 'one side must be a field')
}

function membership(expr: Expr, [left, right]: Expr[], context: Context): Rule {
  if (isField(right)) return comparison(expr, right, 'contains', constant(left, context), context)
  if (right.exprKind.case !== 'listExpr')
    throw refuse(context.source, context.at(expr), 'a list or a list field is expected after "in"')
  return comparison(
    expr,
    left,
    'in',
    right.exprKind.value.elements.map((each) => constant(each, context)),
    context,
  )
}

function isField(expr: Expr): boolean {
  return expr.exprKind.case === 'identExpr'
}

function comparison(expr: Expr, target: Expr, operator: Comparison, value: unknown, context: Context): Rule {
  if (++context.comparisons > COMPARISONS_MAX)
    throw badRequest('filter.size', `The filter has more than ${COMPARISONS_MAX} comparisons.`)
  if (target.exprKind.case !== 'identExpr')
    throw refuse(context.source, context.at(target), 'a field is expected here')
  const name = target.exprKind.value.name
  const field = filterField(context.resource, name, (reason) =>
    refuse(context.source, context.at(target), reason),
  )
  return fieldRule(name, field, operator, value, (reason) => refuse(context.source, context.at(expr), reason))
}

/** The field of this name when it may be filtered. */
export function filterField(resource: Resource, name: string, wrong: (reason: string) => Problem): Field {
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
  wrong: (reason: string) => Problem,
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
  wrong: (reason: string) => Problem,
): unknown {
  if (operator === 'contains' || operator === 'starts_with') return value
  if (field.kind === 'money' && typeof value === 'number')
    return {
      amount: value,
      currency: field.fromColumn ? (field.fromColumn(0) as { currency: string }).currency : '',
    }
  if (field.kind === 'text' && typeof value === 'string') return value
  const at = reading({ path: name, lenient: true })
  const read = field.read(value, at)
  if (read === undefined) throw wrong(`${at.faults[0]?.detail ?? 'the value does not fit the field'}`)
  return read
}

function constant(expr: Expr, context: Context): unknown {
  const kind = expr.exprKind
  if (kind.case === 'callExpr' && (kind.value as Call).function === '-_')
    return -Number(constant((kind.value as Call).args[0], context))
  if (kind.case !== 'constExpr')
    throw refuse(
      context.source,
      context.at(expr),
      'a value is expected here: a text, a number, true, false or null',
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
      throw refuse(context.source, context.at(expr), 'this value cannot be compared')
  }
}
