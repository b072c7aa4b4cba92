import { badRequest } from '../../kernel/problem.ts'

/** Code of a {@link usage} error, by which the exit code 2 is chosen. */
export const USAGE = 'usage'

/** The command line itself is wrong: exit code 2. */
export function usage(detail: string): Error {
  return badRequest(USAGE, detail)
}

/** A whole number from `least` to `most`, or a usage error that names the option. */
export function wholeNumber(
  name: string,
  text: string,
  least = 0,
  most: number = Number.MAX_SAFE_INTEGER,
): number {
  const number = /^\d+$/.test(text) ? Number(text) : Number.NaN
  if (number >= least && number <= most) return number
  const range = most === Number.MAX_SAFE_INTEGER ? `, ${least} or more` : ` from ${least} to ${most}`
  throw usage(`${name} must be a whole number${range}; got "${text}"`)
}

/** One of the words that an option knows, or a usage error that lists them. */
export function oneOf<Word extends string>(name: string, text: string, words: readonly Word[]): Word {
  const found = words.find((word) => word === text)
  if (found === undefined) throw usage(`${name} is "${text}"; it is one of ${words.join(', ')}`)
  return found
}

/** An option as text; undefined when it was not given. */
export function textOf(options: Record<string, unknown>, name: string): string | undefined {
  const value = options[name]
  return typeof value === 'string' ? value : undefined
}
