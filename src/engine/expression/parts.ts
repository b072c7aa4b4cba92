import { attempt, type Part, requireKind, type Wrong } from './operators.ts'
import { ANY, BOOLEAN, kindWords, NUMBER, type Type } from './type.ts'
import { EvaluationError, type Frame, isObject, kindOf } from './value.ts'

/** A part that is the same for every record. */
export function fixed(type: Type, constant: unknown): Part {
  return { type, constant, run: () => constant }
}

/** `!a` */
export function not(part: Part, wrong: Wrong): Part {
  requireKind(part, 'boolean', wrong)
  return {
    type: BOOLEAN,
    run(frame) {
      const value = attempt(part, frame)
      if (value instanceof EvaluationError) throw value
      return !value
    },
  }
}

/** `-a` */
export function negative(part: Part, wrong: Wrong): Part {
  requireKind(part, 'number', wrong)
  const negate = (value: unknown) => {
    if (typeof value === 'number' || typeof value === 'bigint') return -value
    throw new EvaluationError(`a number is expected after "-", not ${kindOf(value)}`)
  }
  const run = (frame: Frame) => negate(part.run(frame))
  return part.constant === undefined ? { type: NUMBER, run } : fixed(NUMBER, negate(part.constant))
}

/** `a ? b : c` */
export function choice([condition, yes, no]: Part[], wrong: Wrong): Part {
  requireKind(condition, 'boolean', wrong)
  const type = yes.type.kind === no.type.kind ? yes.type : ANY
  return {
    type,
    run(frame) {
      const holds = attempt(condition, frame)
      if (holds instanceof EvaluationError) throw holds
      return (holds ? yes : no).run(frame)
    },
  }
}

/** `a[0]`, `a["name"]` */
export function index(target: Part, at: Part, wrong: Wrong): Part {
  const { kind, item } = target.type
  if (!['list', 'object', 'any', 'null'].includes(kind))
    throw wrong('kind', `${kindWords(kind)} has no items`)
  return {
    type: item ?? ANY,
    run(frame) {
      const [value, place] = [target.run(frame), at.run(frame)]
      if (
        Array.isArray(value) &&
        Number(place) >= 0 &&
        Number(place) < value.length &&
        Number.isInteger(Number(place))
      )
        return value[Number(place)] ?? null
      if (isObject(value) && typeof place === 'string' && Object.hasOwn(value, place))
        return value[place] ?? null
      throw new EvaluationError(`there is no item ${String(place)} in ${kindOf(value)}`)
    },
  }
}

/** `[a, b]` */
export function list(parts: Part[]): Part {
  const [first] = parts
  const item = first && parts.every(({ type }) => type.kind === first.type.kind) ? first.type : ANY
  return { type: { kind: 'list', item }, run: (frame) => parts.map((part) => part.run(frame)) }
}
