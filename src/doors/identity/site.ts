import type { FastifyRequest } from 'fastify'
import { Problem } from '../../kernel/problem.ts'
import type { Cookies } from './cookie.ts'

const SAFE = new Set(['GET', 'HEAD', 'OPTIONS'])

/**
 * A page of another site can have a browser send our cookie along, so what changes something must come from a page of ours:
 * browsers say so in Sec-Fetch-Site, older ones in Origin. A request with neither comes from no page.
 */
export function requireOwnPage(
  { method, headers }: Pick<FastifyRequest, 'method' | 'headers'>,
  cookies: Cookies,
  withCookie: boolean,
): void {
  if (SAFE.has(method)) return
  const { 'sec-fetch-site': site, origin } = headers
  const own =
    site !== undefined
      ? site === 'same-origin' || site === 'none'
      : origin !== undefined
        ? origin === cookies.origin
        : !withCookie
  if (own) return
  throw new Problem(
    403,
    'cross_origin',
    'Not from a page of ours',
    `Requests with the cookie of a session must come from pages of ${cookies.origin}. Programs send "Authorization: Bearer <token>" instead.`,
  )
}
