import type { Row } from '../../kernel/field.ts'
import { f } from '../../kernel/fields/index.ts'
import { nearest } from '../../kernel/nearest.ts'
import { reading } from '../../kernel/record.ts'
import type { Resource } from '../../kernel/resource.ts'
import { ExpressionError } from './error.ts'
import { callPart } from './functions.ts'
import { EVALUATION_STEPS_MAX, LOOPS_DEPTH_MAX } from './limits.ts'
import { itemType, loopPart } from './loops.ts'
import { binaryPart, type Part, requireKind, type Wrong } from './operators.ts'
import { type Expr, parseExpression, partsOf, type Tree } from './parse.ts'
import { choice, fixed, index, list, negative, not } from './parts.ts'
import {
  ANY,
  BOOLEAN,
  comparable,
  DATE,
  kindWords,
  NULL,
  NUMBER,
  recordType,
  TEXT,
  type Type,
} from './type.ts'
import { EvaluationError, isObject, kindOf } from './value.ts'

/** What an expression is evaluated over. `today` is a date; `before` is null for a new record. */
export type Scope = { record: Row; before: Row | null; today: string }

/** An expression that was understood for one resource. `evaluate` throws EvaluationError when it comes to no value. */
export type Compiled = {
  type: Type
  /** fields of the record that it reads. */
  fields: ReadonlySet<string>
  evaluate(scope: Scope): unknown
}

/**
 * Compiles CEL over a record: its fields by name, `record`, `before` and `today`. Names and kinds are checked against the
 * resource. It differs from cel-spec where that would surprise people: comparing with a value that is missing is false
 * instead of an error, numbers of records mix with whole numbers, and money stands for its amount in minor units.
 */
export function compileExpression(resource: Resource, source: string): Compiled {
  const tree = parseExpression(source)
  const context: Context = { tree, record: recordType(resource), locals: [], fields: new Set() }
  const part = compile(tree.root, context)
  return {
    type: part.type,
    fields: context.fields,
    evaluate: (scope) => part.run({ ...scope, locals: [], steps: EVALUATION_STEPS_MAX }),
  }
}

/** A condition: true or false for a record; a value that is missing is false. */
export type Condition = Pick<Compiled, 'fields'> & { test(scope: Scope): boolean }

/** The same for an expression that must say true or false. */
export function compileCondition(resource: Resource, source: string): Condition {
  const { type, fields, evaluate } = compileExpression(resource, source)
  if (!comparable(type, BOOLEAN))
    throw new ExpressionError(
      'kind',
      source,
      0,
      `a condition is expected, which is true or false; this is ${kindWords(type.kind)}`,
    )
  return {
    fields,
    test(scope) {
      const value = evaluate(scope)
      if (value == null || typeof value === 'boolean') return value ?? false
      throw new EvaluationError(`true or false is expected, not ${kindOf(value)}`)
    },
  }
}

type Context = {
  tree: Tree
  record: Type
  locals: readonly { name: string; type: Type }[]
  fields: Set<string>
}

function compile(expr: Expr, context: Context): Part {
  return { ...compileKind(expr, context), expr }
}

function wrongAt(expr: Expr, { tree }: Context): Wrong {
  return (code, reason, part) => tree.wrong(part?.expr ?? expr, code, reason)
}

function compileKind(expr: Expr, context: Context): Part {
  const kind = expr.exprKind
  switch (kind.case) {
    case 'constExpr':
      return constantPart(expr, context)
    case 'identExpr':
      return named(expr, kind.value.name, context)
    case 'selectExpr':
      return select(expr, context)
    case 'callExpr':
      return call(expr, context)
    case 'listExpr':
      return list(kind.value.elements.map((each) => compile(each, context)))
    case 'structExpr':
      return struct(expr, context)
    case 'comprehensionExpr':
      return loop(expr, context)
    default:
      throw context.tree.wrong(expr, 'syntax', 'this cannot be understood')
  }
}

function constantPart(expr: Expr, { tree }: Context): Part {
  const kind = expr.exprKind.case === 'constExpr' ? expr.exprKind.value.constantKind : undefined
  switch (kind?.case) {
    case 'stringValue':
      return fixed(TEXT, kind.value)
    case 'boolValue':
      return fixed(BOOLEAN, kind.value)
    case 'int64Value':
    case 'uint64Value':
      return fixed(NUMBER, kind.value)
    case 'doubleValue':
      return fixed(NUMBER, kind.value)
    case 'nullValue':
      return fixed(NULL, null)
    default:
      throw tree.wrong(expr, 'kind', 'bytes cannot be used here')
  }
}

function named(expr: Expr, name: string, context: Context): Part {
  const slot = context.locals.findLastIndex((local) => local.name === name)
  if (slot >= 0) return { type: context.locals[slot].type, run: (frame) => frame.locals[slot] }
  const members = context.record.members!
  if (Object.hasOwn(members, name)) {
    context.fields.add(name)
    return { type: members[name], run: ({ record }) => record[name] ?? null }
  }
  if (name === 'record') return { type: context.record, run: ({ record }) => record }
  if (name === 'before') return { type: context.record, run: ({ before }) => before }
  if (name === 'today') return { type: DATE, run: ({ today }) => today }
  const meant = nearest(name, [
    ...Object.keys(members),
    ...context.locals.map((local) => local.name),
    'today',
  ])
  throw context.tree.wrong(
    expr,
    'name',
    `there is no field "${name}"; ${meant ? `did you mean ${meant}?` : `there are ${Object.keys(members).join(', ')}`}`,
  )
}

function select(expr: Expr, context: Context): Part {
  const { operand, field, testOnly } = (
    expr.exprKind as { value: { operand: Expr; field: string; testOnly: boolean } }
  ).value
  const target = compile(operand, context)
  const { kind, members } = target.type
  if (members ? !Object.hasOwn(members, field) : kind !== 'any' && kind !== 'object' && kind !== 'null')
    throw context.tree.wrong(expr, 'name', noMember(target.type, field))
  if (operand.exprKind.case === 'identExpr' && operand.exprKind.value.name === 'record')
    context.fields.add(field)
  return {
    type: testOnly ? BOOLEAN : (members?.[field] ?? ANY),
    run(frame) {
      const value = target.run(frame)
      if (testOnly) return isObject(value) && value[field] != null
      // A member of a value that is missing is missing too.
      if (value == null) return null
      if (!isObject(value)) throw new EvaluationError(`${kindOf(value)} has no member ${field}`)
      return Object.hasOwn(value, field) ? (value[field] ?? null) : null
    },
  }
}

function noMember({ kind, members }: Type, field: string): string {
  if (kind === 'list')
    return `a list has no member "${field}"; write .exists(item, item.${field} == …) or [0].${field}`
  if (!members) return `${kindWords(kind)} has no member "${field}"`
  const meant = nearest(field, Object.keys(members))
  return `there is no member "${field}"; ${meant ? `did you mean ${meant}?` : `there are ${Object.keys(members).join(', ')}`}`
}

function call(expr: Expr, context: Context): Part {
  const {
    function: name,
    target,
    args,
  } = (expr.exprKind as { value: { function: string; target?: Expr; args: Expr[] } }).value
  const wrong = wrongAt(expr, context)
  const parts = args.map((each) => compile(each, context))
  if (target) return callPart(name, compile(target, context), parts, wrong)
  if (name === '!_') return not(parts[0], wrong)
  if (name === '-_') return negative(parts[0], wrong)
  if (name === '_?_:_') return choice(parts, wrong)
  if (name === '_[_]') return index(parts[0], parts[1], wrong)
  const [left, right] = parts.length === 2 ? moments(args, parts as [Part, Part], context) : parts
  return (
    (right && binaryPart(name === '_in_' ? '@in' : name, left, right, wrong)) ||
    callPart(name, undefined, parts, wrong)
  )
}

/** A text that stands beside a date or a time must be one, and is brought to the form that records have. */
function moments(args: Expr[], [left, right]: [Part, Part], context: Context): [Part, Part] {
  return [moment(args[0], left, right.type, context), moment(args[1], right, left.type, context)]
}

function moment(expr: Expr, part: Part, { kind }: Type, context: Context): Part {
  if (typeof part.constant !== 'string' || (kind !== 'date' && kind !== 'time')) return part
  const at = reading()
  const value = f[kind]().read(part.constant, at)
  if (value === undefined) throw context.tree.wrong(expr, 'kind', `this text ${at.faults[0].detail}`)
  return fixed({ kind }, value)
}

function struct(expr: Expr, context: Context): Part {
  const { entries, messageName } = (
    expr.exprKind as {
      value: { entries: { keyKind: { case?: string; value?: unknown }; value?: Expr }[]; messageName: string }
    }
  ).value
  if (messageName) throw context.tree.wrong(expr, 'kind', `there is no type ${messageName}`)
  const members = entries.map(({ keyKind, value }) => ({
    key: compile(keyKind.value as Expr, context),
    value: compile(value!, context),
  }))
  return {
    type: { kind: 'object' },
    run: (frame) =>
      Object.fromEntries(members.map(({ key, value }) => [String(key.run(frame)), value.run(frame)])),
  }
}

function loop(expr: Expr, context: Context): Part {
  const written = context.tree.loop(expr)
  const wrong = wrongAt(expr, context)
  if (!written) throw wrong('syntax', 'this loop cannot be understood')
  if (context.locals.length >= LOOPS_DEPTH_MAX)
    throw wrong('depth', `loops are nested more than ${LOOPS_DEPTH_MAX} deep`)
  const target = compile(written.list, context)
  if (!['list', 'object', 'any', 'null'].includes(target.type.kind))
    throw wrong('kind', `${written.macro}() goes through a list, not ${kindWords(target.type.kind)}`)
  const inner = {
    ...context,
    locals: [...context.locals, { name: written.variable, type: itemType(target.type) }],
  }
  const condition = written.condition && compile(written.condition, inner)
  if (condition) requireKind(condition, 'boolean', wrong)
  const value = written.value && compile(written.value, inner)
  const weight = 1 + partsOf(written.condition) + partsOf(written.value)
  const parts = { list: target, slot: context.locals.length, weight }
  const compiled = loopPart(written.macro, {
    ...parts,
    ...(condition ? { condition } : {}),
    ...(value ? { value } : {}),
  })
  if (!compiled) throw wrong('function', `there is no loop ${written.macro}()`)
  return compiled
}
