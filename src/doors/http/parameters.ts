import type { FastifyRequest } from 'fastify'
import type { Parameters } from '../../engine/query.ts'
import { nearest } from '../../kernel/nearest.ts'
import { badRequest } from '../../kernel/problem.ts'

/** Longest query string of any request, in characters as they are sent. */
export const QUERY_CHARACTERS_MAX = 16_384
/** Records of a page when nothing is said, and at most. */
const LIMIT_DEFAULT = 50
const LIMIT_MAX = 500

/** Refuses a URL that no route should see: too long a query, or a zero byte, which the database cannot hold. */
export function checkUrl(url: string): void {
  const mark = url.indexOf('?')
  const length = mark < 0 ? 0 : url.length - mark - 1
  if (length > QUERY_CHARACTERS_MAX)
    throw badRequest(
      'query.length',
      `The query string has ${length} characters; at most ${QUERY_CHARACTERS_MAX} are allowed.`,
    )
  if (url.includes('%00')) throw badRequest('url.characters', 'The URL holds a zero byte (%00). Remove it.')
}

/** The parameters of a request as they were sent. */
export function parametersOf(request: FastifyRequest): Parameters {
  return request.query as Parameters
}

/** The parameters of a request that takes these and no others, each at most once. */
export function onlyParameters<Name extends string>(
  request: FastifyRequest,
  names: readonly Name[],
): { [Key in Name]?: string } {
  return onlyNames(parametersOf(request), names, 'query parameter')
}

/** The values of these names; 400 for any other name, or for one that is given twice. */
export function onlyNames<Name extends string>(
  given: Parameters,
  names: readonly Name[],
  what: string,
): { [Key in Name]?: string } {
  for (const [name, value] of Object.entries(given)) {
    if (!(names as readonly string[]).includes(name)) throw unknownName(name, names, what)
    if (Array.isArray(value))
      throw badRequest('parameter', `${name} is given ${value.length} times; give it once.`)
  }
  return given as { [Key in Name]?: string }
}

function unknownName(name: string, names: readonly string[], what: string): Error {
  const meant = nearest(name, names)
  const there = names.length ? `there are ${names.join(', ')}` : 'there are none here'
  return badRequest(
    what.replace(' ', '_'),
    `There is no ${what} "${name.slice(0, 80)}"; ${meant ? `did you mean ${meant}?` : `${there}.`}`,
  )
}

/** `true`, `false`, or the bare name, which is true. */
export function flagOf(name: string, value: string | undefined): boolean {
  if (value === undefined || value === 'false') return false
  if (value === 'true' || value === '') return true
  throw badRequest(name, `${name} must be true or false, got "${value.slice(0, 80)}".`)
}

/** A whole number between two others. */
export function wholeOf(
  name: string,
  value: string | undefined,
  least: number,
  most: number,
): number | undefined {
  if (value === undefined) return undefined
  const number = /^\d{1,15}$/.test(value) ? Number(value) : Number.NaN
  if (number >= least && number <= most) return number
  throw badRequest(
    name,
    `${name} must be a whole number from ${least} to ${most}, got "${value.slice(0, 80)}".`,
  )
}

/** Size of a page. */
export function limitOf(value: string | undefined): number {
  return wholeOf('limit', value, 1, LIMIT_MAX) ?? LIMIT_DEFAULT
}

/** One of these words. */
export function wordOf<Word extends string>(
  name: string,
  value: string | undefined,
  words: readonly Word[],
): Word | undefined {
  if (value === undefined || (words as readonly string[]).includes(value)) return value as Word | undefined
  throw badRequest(name, `${name} must be one of ${words.join(', ')}, got "${value.slice(0, 80)}".`)
}

/** `Link` of a page to the next one (RFC 8288): the same URL with another cursor. */
export function nextLink(request: FastifyRequest, parameter: string, next: string | number): string {
  const [path, query = ''] = request.url.split('?')
  const parameters = new URLSearchParams(query)
  parameters.set(parameter, String(next))
  return `<${path}?${parameters}>; rel="next"`
}
