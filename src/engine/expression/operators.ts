import type { Expr } from './parse.ts'
import { BOOLEAN, comparable, kindWords, NUMBER, TEXT, type Type } from './type.ts'
import {
  EvaluationError,
  equal,
  type Frame,
  isNumber,
  isObject,
  kindOf,
  order,
  spend,
  spendText,
} from './value.ts'

/** A part of an expression that can be evaluated; `constant` when it is the same for every record. */
export type Part = {
  type: Type
  run(frame: Frame): unknown
  constant?: unknown
  /** where it stands, for messages. */
  expr?: Expr
}
/** An error at the part that is being compiled, or at one of its own parts. */
export type Wrong = (code: string, reason: string, part?: Part) => Error

const INT_MAX = 2n ** 63n - 1n
const INT_MIN = -(2n ** 63n)

const COMPARE: { [operator: string]: (order: number) => boolean } = {
  '_<_': (order) => order < 0,
  '_<=_': (order) => order <= 0,
  '_>_': (order) => order > 0,
  '_>=_': (order) => order >= 0,
}

type Arithmetic = { sign: string; ints(a: bigint, b: bigint): bigint; numbers(a: number, b: number): number }
const ARITHMETIC: { [operator: string]: Arithmetic } = {
  '_+_': { sign: '+', ints: (a, b) => a + b, numbers: (a, b) => a + b },
  '_-_': { sign: '-', ints: (a, b) => a - b, numbers: (a, b) => a - b },
  '_*_': { sign: '*', ints: (a, b) => a * b, numbers: (a, b) => a * b },
  '_/_': { sign: '/', ints: (a, b) => a / b, numbers: (a, b) => a / b },
  '_%_': { sign: '%', ints: (a, b) => a % b, numbers: (a, b) => a % b },
}

/** The part for an operator with two sides, or undefined when there is no such operator. */
export function binaryPart(operator: string, left: Part, right: Part, wrong: Wrong): Part | undefined {
  if (operator === '_==_' || operator === '_!=_') return equality(operator === '_!=_', left, right, wrong)
  if (operator in COMPARE) return comparison(COMPARE[operator], left, right, wrong)
  if (operator in ARITHMETIC) return arithmetic(ARITHMETIC[operator], left, right, wrong)
  if (operator === '@in') return membership(left, right, wrong)
  if (operator === '_&&_') return junction(left, right, false, wrong)
  if (operator === '_||_') return junction(left, right, true, wrong)
  return undefined
}

/** Refuses a part that can never be of this kind. */
export function requireKind(part: Part, kind: Type['kind'], wrong: Wrong): void {
  if (!comparable(part.type, { kind }) || (part.type.kind === 'money' && kind === 'number'))
    throw wrong('kind', `${kindWords(kind)} is expected here, not ${kindWords(part.type.kind)}`, part)
}

function requireComparable(left: Part, right: Part, wrong: Wrong): void {
  if (!comparable(left.type, right.type))
    throw wrong('kind', `${kindWords(left.type.kind)} cannot be compared with ${kindWords(right.type.kind)}`)
}

function equality(negated: boolean, left: Part, right: Part, wrong: Wrong): Part {
  requireComparable(left, right, wrong)
  const [a, b] = [native(left), native(right)]
  return { type: BOOLEAN, run: (frame) => equal(frame, a(frame), b(frame)) !== negated }
}

function comparison(holds: (order: number) => boolean, left: Part, right: Part, wrong: Wrong): Part {
  requireComparable(left, right, wrong)
  const unordered = [left, right].find(({ type }) => ['list', 'object', 'period'].includes(type.kind))
  if (unordered) throw wrong('kind', `${kindWords(unordered.type.kind)} has no order`)
  const [a, b] = [native(left), native(right)]
  return {
    type: BOOLEAN,
    run(frame) {
      const found = order(a(frame), b(frame))
      return found !== undefined && holds(found)
    },
  }
}

// Comparing a number with a bigint takes ten times as long as with a number.
function native(part: Part): Part['run'] {
  const { constant } = part
  if (typeof constant !== 'bigint' || !Number.isSafeInteger(Number(constant))) return part.run
  const number = Number(constant)
  return () => number
}

function arithmetic({ sign, ints, numbers }: Arithmetic, left: Part, right: Part, wrong: Wrong): Part {
  const [a, b] = [left.type.kind, right.type.kind]
  const joins = sign === '+' && ['text', 'date', 'time', 'list', 'any'].includes(a)
  if (joins && a !== 'any' && !comparable(left.type, right.type))
    throw wrong('kind', `${kindWords(a)} and ${kindWords(b)} cannot be joined`)
  const type: Type = !joins ? NUMBER : a === 'list' || a === 'any' ? left.type : TEXT
  if (!joins)
    for (const each of [left, right]) {
      if (each.type.kind === 'money')
        throw wrong('kind', 'write .amount to calculate with money (minor units)')
      requireKind(each, 'number', wrong)
    }
  return {
    type,
    run(frame) {
      const [x, y] = [left.run(frame), right.run(frame)]
      if (typeof x === 'bigint' && typeof y === 'bigint') return exact(sign, ints, x, y)
      if (isNumber(x) && isNumber(y)) return numbers(Number(x), Number(y))
      if (sign === '+') return joined(frame, x, y)
      throw new EvaluationError(`${kindOf(x)} ${sign} ${kindOf(y)} cannot be calculated`)
    },
  }
}

function exact(sign: string, ints: Arithmetic['ints'], x: bigint, y: bigint): bigint {
  if (y === 0n && (sign === '/' || sign === '%')) throw new EvaluationError('it divides by zero')
  const result = ints(x, y)
  if (result > INT_MAX || result < INT_MIN) throw new EvaluationError('a whole number becomes too large')
  return result
}

function joined(frame: Frame, x: unknown, y: unknown): unknown {
  if (typeof x === 'string' && typeof y === 'string') {
    spendText(frame, x.length + y.length)
    return x + y
  }
  if (Array.isArray(x) && Array.isArray(y)) {
    spend(frame, x.length + y.length)
    return [...x, ...y]
  }
  throw new EvaluationError(`${kindOf(x)} + ${kindOf(y)} cannot be calculated`)
}

function membership(left: Part, right: Part, wrong: Wrong): Part {
  if (!['list', 'object', 'any'].includes(right.type.kind))
    throw wrong('kind', `a list is expected after "in", not ${kindWords(right.type.kind)}`)
  if (right.type.item && !comparable(left.type, right.type.item))
    throw wrong(
      'kind',
      `${kindWords(left.type.kind)} is never in a list of which each is ${kindWords(right.type.item.kind)}`,
    )
  const needle = native(left)
  return {
    type: BOOLEAN,
    run(frame) {
      const [value, among] = [needle(frame), right.run(frame)]
      return among != null && isIn(frame, value, among)
    },
  }
}

/** Whether a value is an item of a list, or the name of a member of an object. */
export function isIn(frame: Frame, value: unknown, among: unknown): boolean {
  if (Array.isArray(among)) return among.some((each) => equal(frame, value, each))
  if (isObject(among)) return typeof value === 'string' && Object.hasOwn(among, value)
  throw new EvaluationError(`nothing can be in ${kindOf(among)}`)
}

/** `&&` and `||` as CEL has them: a side that decides alone wins over an error of the other. */
function junction(left: Part, right: Part, decisive: boolean, wrong: Wrong): Part {
  requireKind(left, 'boolean', wrong)
  requireKind(right, 'boolean', wrong)
  return {
    type: BOOLEAN,
    run(frame) {
      const first = attempt(left, frame)
      if (first === decisive) return decisive
      const second = attempt(right, frame)
      if (second === decisive) return decisive
      if (first instanceof EvaluationError) throw first
      if (second instanceof EvaluationError) throw second
      return !decisive
    },
  }
}

/** True, false (also when there is no value), or why it is neither. Running out of steps is final. */
export function attempt(part: Part, frame: Frame): boolean | EvaluationError {
  try {
    const value = part.run(frame)
    if (typeof value === 'boolean') return value
    if (value == null) return false
    return new EvaluationError(`true or false is expected, not ${kindOf(value)}`)
  } catch (error) {
    if (error instanceof EvaluationError && frame.steps >= 0) return error
    throw error
  }
}
