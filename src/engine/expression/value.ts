import type { Row } from '../../kernel/field.ts'
import { toDecimal } from '../../kernel/fields/money.ts'
import { byCodePoint } from '../../kernel/rule.ts'
import { EVALUATION_STEPS_MAX, STEP_CHARACTERS } from './limits.ts'

/** An evaluation that came to no value. It is a finding, never a pass. */
export class EvaluationError extends Error {}

/** The evaluation took more steps than one may. Nothing in the expression can catch it. */
export class BudgetError extends EvaluationError {
  constructor() {
    super(`it takes more than ${EVALUATION_STEPS_MAX} steps for this record`)
  }
}

/** What an evaluation works on: the record, what was before, the day, variables of loops, and the steps it has left. */
export type Frame = {
  record: Row
  before: Row | null
  today: string
  locals: unknown[]
  steps: number
}

/** Counts work; throws BudgetError when there was too much of it. */
export function spend(frame: Frame, steps: number): void {
  frame.steps -= steps
  if (frame.steps < 0) throw new BudgetError()
}

export function spendText(frame: Frame, characters: number, perStep = STEP_CHARACTERS): void {
  spend(frame, Math.ceil(characters / perStep))
}

export function isObject(value: unknown): value is Row {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

export function isNumber(value: unknown): value is number | bigint {
  return typeof value === 'number' || typeof value === 'bigint'
}

/** Money is compared by its amount in minor units, so that a number can stand beside it. */
function isMoney(value: unknown): value is { amount: number; currency: string } {
  return isObject(value) && typeof value.amount === 'number' && typeof value.currency === 'string'
}

/** Equality as CEL has it: numbers by value, lists and objects member by member, unlike kinds are unequal. */
export function equal(frame: Frame, left: unknown, right: unknown): boolean {
  spend(frame, 1)
  if (left === right) return true
  if (left == null || right == null) return left == null && right == null
  // biome-ignore lint/suspicious/noDoubleEquals: 1n and 1 are equal in CEL
  if (isNumber(left) && isNumber(right)) return left == right
  if (isMoney(left) && isNumber(right)) return equal(frame, left.amount, right)
  if (isNumber(left) && isMoney(right)) return equal(frame, left, right.amount)
  if (Array.isArray(left) && Array.isArray(right))
    return left.length === right.length && left.every((each, index) => equal(frame, each, right[index]))
  if (!isObject(left) || !isObject(right)) return false
  const names = Object.keys(left)
  return (
    names.length === Object.keys(right).length &&
    names.every((name) => Object.hasOwn(right, name) && equal(frame, left[name], right[name]))
  )
}

/** Less than 0, 0 or more; undefined when one side has no value, so that every comparison with it is false. */
export function order(left: unknown, right: unknown): number | undefined {
  if (left == null || right == null) return undefined
  if (typeof left === 'string' && typeof right === 'string') return byCodePoint(left, right)
  if (isNumber(left) && isNumber(right)) return left < right ? -1 : left > right ? 1 : 0
  if (typeof left === 'boolean' && typeof right === 'boolean') return Number(left) - Number(right)
  if (isMoney(left) && isMoney(right) && left.currency !== right.currency)
    throw new EvaluationError(`${left.currency} and ${right.currency} cannot be compared`)
  if (isMoney(left)) return order(left.amount, isMoney(right) ? right.amount : right)
  if (isMoney(right)) return order(left, right.amount)
  throw new EvaluationError(`${kindOf(left)} and ${kindOf(right)} cannot be compared`)
}

/** The kind of a value, for messages. */
export function kindOf(value: unknown): string {
  if (value == null) return 'nothing'
  if (Array.isArray(value)) return 'a list'
  if (typeof value === 'string') return 'a text'
  if (typeof value === 'boolean') return 'true or false'
  return isNumber(value) ? 'a number' : isMoney(value) ? 'money' : 'an object'
}

const SHOWN_CHARACTERS = 200

/** A value as people read it in a message: `149 AED`, `2026-01-31`, `Guide, Lunch`, `nothing`. */
export function display(value: unknown): string {
  const text = displayWhole(value)
  return text.length > SHOWN_CHARACTERS ? `${text.slice(0, SHOWN_CHARACTERS).toWellFormed()}…` : text
}

function displayWhole(value: unknown): string {
  if (value == null) return 'nothing'
  if (typeof value === 'boolean') return value ? 'yes' : 'no'
  if (isMoney(value)) return `${toDecimal(value)} ${value.currency}`
  if (Array.isArray(value)) return value.map(displayWhole).join(', ') || 'nothing'
  if (!isObject(value)) return String(value)
  if (typeof value.start === 'string' && typeof value.end === 'string')
    return `${value.start} to ${value.end}`
  return JSON.stringify(value, (_key, each) => (typeof each === 'bigint' ? Number(each) : each))
}
