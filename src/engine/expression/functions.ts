import { RE2JS } from '@bufbuild/re2'
import { nearest } from '../../kernel/nearest.ts'
import { PATTERN_CHARACTERS_MAX, STEP_PATTERN_CHARACTERS } from './limits.ts'
import { isIn, type Part, type Wrong } from './operators.ts'
import { BOOLEAN, kindWords, NUMBER, TEXT, type Type } from './type.ts'
import { display, EvaluationError, type Frame, isNumber, isObject, kindOf, spendText } from './value.ts'

type Kinds = readonly Type['kind'][]

/** A function or method: kinds that it takes (the value before the dot first) and what it gives. */
type Callable = {
  takes: readonly Kinds[]
  gives: Type
  /** what it gives when its first value is null; without it that is an error. */
  ofNull?: boolean
  run(frame: Frame, ...values: unknown[]): unknown
}

const TEXTUAL: Kinds = ['text', 'date', 'time']
const SIZED: Kinds = ['text', 'list', 'object']
const ANYTHING: Kinds = ['any', 'null', 'boolean', 'number', ...TEXTUAL, 'money', 'period', 'list', 'object']

const test = (run: (frame: Frame, text: string, other: string) => boolean): Callable => ({
  takes: [TEXTUAL, TEXTUAL],
  gives: BOOLEAN,
  ofNull: false,
  run(frame, text, other) {
    const [left, right] = [textOf(text), textOf(other)]
    spendText(frame, left.length)
    return run(frame, left, right)
  },
})
const change = (run: (text: string) => string): Callable => ({
  takes: [TEXTUAL],
  gives: TEXT,
  run(frame, text) {
    const given = textOf(text)
    spendText(frame, given.length)
    return run(given)
  },
})

const METHODS: { [name: string]: Callable } = {
  startsWith: test((_frame, text, other) => text.startsWith(other)),
  endsWith: test((_frame, text, other) => text.endsWith(other)),
  matches: test((frame, text, pattern) => {
    spendText(frame, text.length, STEP_PATTERN_CHARACTERS)
    return regular(pattern).test(text)
  }),
  contains: {
    takes: [[...TEXTUAL, 'list', 'period'], ANYTHING],
    gives: BOOLEAN,
    ofNull: false,
    run: contains,
  },
  overlaps: {
    takes: [['period'], TEXTUAL, TEXTUAL],
    gives: BOOLEAN,
    ofNull: false,
    run: (_frame, period, start, end) =>
      isObject(period) && String(period.start) < textOf(end) && textOf(start) < String(period.end),
  },
  lowerAscii: change((text) => text.replaceAll(/[A-Z]+/g, (letters) => letters.toLowerCase())),
  upperAscii: change((text) => text.replaceAll(/[a-z]+/g, (letters) => letters.toUpperCase())),
  trim: change((text) => text.trim()),
  size: { takes: [SIZED], gives: NUMBER, run: (_frame, value) => size(value) },
}

const FUNCTIONS: { [name: string]: Callable } = {
  size: METHODS.size,
  matches: METHODS.matches,
  string: { takes: [ANYTHING], gives: TEXT, run: (_frame, value) => display(value) },
  int: { takes: [['number', 'text']], gives: NUMBER, run: (_frame, value) => toInt(value) },
  double: { takes: [['number', 'text']], gives: NUMBER, run: (_frame, value) => toNumber(value) },
}

/** The part for a call of a function, or of a method when there is a target. Names and kinds are checked. */
export function callPart(name: string, target: Part | undefined, args: Part[], wrong: Wrong): Part {
  const known = target ? METHODS : FUNCTIONS
  const callable = Object.hasOwn(known, name) ? known[name] : undefined
  if (!callable) throw wrong('function', unknown(name, Boolean(target)))
  const given = target ? [target, ...args] : args
  if (given.length !== callable.takes.length)
    throw wrong(
      'function',
      `${name}() takes ${callable.takes.length - (target ? 1 : 0)} values, got ${args.length}`,
    )
  for (const [index, part] of given.entries()) {
    const { kind } = part.type
    if (kind === 'any' || kind === 'null' || callable.takes[index].includes(kind)) continue
    throw wrong(
      'kind',
      `${name}() takes ${callable.takes[index].map(kindWords).join(' or ')}, not ${kindWords(kind)}`,
    )
  }
  if (name === 'matches') checkPattern(given[1], wrong)
  return { type: callable.gives, run: invoke(callable, name, given) }
}

function invoke({ ofNull, run }: Callable, name: string, given: Part[]): Part['run'] {
  return (frame) => {
    const values = given.map((part) => part.run(frame))
    if (values[0] != null || name === 'string') return run(frame, ...values)
    if (ofNull === undefined) throw new EvaluationError(`${name}() is asked of nothing; test for null before`)
    return ofNull
  }
}

function unknown(name: string, method: boolean): string {
  const names = Object.keys(method ? METHODS : FUNCTIONS)
  const loops = ['all', 'exists', 'exists_one', 'filter', 'map']
  if (method && loops.includes(name)) return `write ${name}(item, condition on item)`
  const meant = nearest(name, names)
  return `there is no ${method ? 'method' : 'function'} ${name}(); ${meant ? `did you mean ${meant}()?` : `there are ${names.map((each) => `${each}()`).join(' ')}`}`
}

function checkPattern({ constant }: Part, wrong: Wrong): void {
  if (typeof constant !== 'string') return
  try {
    regular(constant)
  } catch (error) {
    if (error instanceof EvaluationError) throw wrong('pattern', error.message)
    throw error
  }
}

const PATTERNS_KEPT = 100
const patterns = new Map<string, RE2JS>()

/** RE2: time grows with the text alone, whatever the pattern. */
function regular(pattern: string): RE2JS {
  const known = patterns.get(pattern)
  if (known) return known
  if (pattern.length > PATTERN_CHARACTERS_MAX)
    throw new EvaluationError(
      `a regular expression has ${pattern.length} characters; at most ${PATTERN_CHARACTERS_MAX} are allowed`,
    )
  const compiled = compilePattern(pattern)
  if (patterns.size >= PATTERNS_KEPT) patterns.clear()
  patterns.set(pattern, compiled)
  return compiled
}

function compilePattern(pattern: string): RE2JS {
  try {
    return RE2JS.compile(pattern)
  } catch (error) {
    throw new EvaluationError(`the regular expression is not one of RE2: ${(error as Error).message}`)
  }
}

function contains(frame: Frame, value: unknown, other: unknown): boolean {
  if (Array.isArray(value)) return isIn(frame, other, value)
  if (typeof value === 'string') {
    spendText(frame, value.length)
    return value.includes(textOf(other))
  }
  if (isObject(value) && typeof value.start === 'string' && typeof value.end === 'string') {
    const day = textOf(other)
    return value.start <= day && day < value.end
  }
  throw new EvaluationError(`contains() is not for ${kindOf(value)}`)
}

// CEL counts code points, and its whole numbers are 64-bit integers.
function size(value: unknown): bigint {
  if (typeof value === 'string') return BigInt(Array.from(value).length)
  if (Array.isArray(value)) return BigInt(value.length)
  if (isObject(value)) return BigInt(Object.keys(value).length)
  throw new EvaluationError(`size() is not for ${kindOf(value)}`)
}

function textOf(value: unknown): string {
  if (typeof value === 'string') return value
  throw new EvaluationError(`a text is expected, not ${kindOf(value)}`)
}

function toNumber(value: unknown): number {
  const number = isNumber(value) ? Number(value) : value === '' ? Number.NaN : Number(textOf(value))
  if (Number.isFinite(number)) return number
  throw new EvaluationError(`${display(value)} is not a number`)
}

function toInt(value: unknown): bigint {
  const number = Math.trunc(toNumber(value))
  if (Number.isSafeInteger(number)) return BigInt(number)
  throw new EvaluationError(`${display(value)} is too large for a whole number`)
}
