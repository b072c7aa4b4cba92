import type { FastifyReply, FastifyRequest } from 'fastify'
import type { Actor } from '../kernel/actor.ts'
import { Problem } from '../kernel/problem.ts'
import { type Allowance, type Rate, rateLimiter } from './http/rate.ts'
import { type Cookies, cookieToken } from './identity/cookie.ts'
import { requireOwnPage } from './identity/site.ts'
import { credentialsOf } from './live/handshake.ts'

declare module 'fastify' {
  interface FastifyRequest {
    /** who asks; null on the few routes that are open, until a token says otherwise. */
    actor: Actor | null
    /** what was shown of itself, as the Authorization header says it, wherever it stood. */
    credential: string | undefined
    /** the credential came as a cookie. */
    isCookie: boolean
  }
}

/** RFC 6750: the scheme in any case, one token68. */
const BEARER = /^bearer +([A-Za-z0-9._~+/-]{1,512}=*)$/i
const GUESSES: Rate = { requests: 300, windowSeconds: 60 }

export type Identify = (request: FastifyRequest, reply: FastifyReply) => Promise<void>

/**
 * Finds out who asks, before anything else is looked at. Everything is closed: a request without a valid token ends here
 * with 401, unless its route says that it is open. Counts requests by actor, and failed ones by address.
 */
export function identifyBy(
  authenticate: (token: string, address?: string) => Promise<Actor | null>,
  rate: Rate,
  cookies: Cookies,
): Identify {
  const allowanceOf = rateLimiter(rate)
  const guessesOf = rateLimiter(GUESSES)
  const policy = `"default";q=${rate.requests};w=${rate.windowSeconds}`
  return async (request, reply) => {
    takeCredential(request, cookies)
    if (isOpen(request)) return
    const actor = await actorOfHeader(request.credential, authenticate, request.ip)
    if (!actor) throw refuse(reply, request.credential, guessesOf(request.ip))
    request.actor = { ...actor, address: request.ip }
    requireFactor(request)
    count(reply, allowanceOf(actor.id), policy)
  }
}

/** A header says who asks, or else the cookie of a session; then the page that sends it must be one of ours. */
function takeCredential(request: FastifyRequest, cookies: Cookies): void {
  const header = credentialsOf(request)
  const cookie = header === undefined ? cookieToken(request.headers, cookies) : undefined
  request.isCookie = cookie !== undefined
  request.credential = cookie === undefined ? header : `Bearer ${cookie}`
  if (request.isCookie || (isOpen(request) && !request.is404))
    requireOwnPage(request, cookies, request.isCookie)
}

/** Somebody whose role asks for a second factor, and who had time to add one, may do nothing but that. */
function requireFactor({ actor, routeOptions }: FastifyRequest): void {
  if (!(actor as { mustEnrol?: true } | null)?.mustEnrol || routeOptions.config.own) return
  throw new Problem(
    403,
    'factor_missing',
    'Second factor needed',
    'Your role asks for a second factor, and the days to add one are over. Add one with POST /api/me/factors.',
  )
}

/** The actor of a token, null when the header holds none that is valid. */
export async function actorOfHeader(
  header: string | undefined,
  authenticate: (token: string, address?: string) => Promise<Actor | null>,
  address?: string,
): Promise<Actor | null> {
  const token = header === undefined ? undefined : BEARER.exec(header)?.[1]
  return token === undefined ? null : authenticate(token, address)
}

/** Who asks. A route that got here without an actor is a mistake of ours, and stays closed. */
export function actorOf(request: FastifyRequest): Actor {
  if (!request.actor) throw unauthorized()
  return request.actor
}

// Where nothing is, there is nothing to guard; under /api even that is not told to strangers.
function isOpen(request: FastifyRequest): boolean {
  if (request.is404) return !/^\/api(?:[/?]|$)/.test(request.url)
  return request.routeOptions.config.open === true
}

function refuse(reply: FastifyReply, header: string | undefined, guesses: Allowance): Problem {
  if (guesses.left < 0) return tooMany(reply, guesses, 'Too many requests without a valid token')
  reply.header(
    'www-authenticate',
    header === undefined ? 'Bearer realm="serai"' : 'Bearer realm="serai", error="invalid_token"',
  )
  return unauthorized(header)
}

function unauthorized(header?: string): Problem {
  const detail =
    header === undefined
      ? 'A token is needed: send "Authorization: Bearer <token>". An owner makes one with "serai token create".'
      : 'The token is not valid: it is mistyped, expired or revoked. An owner makes a new one with "serai token create".'
  return new Problem(401, 'unauthorized', 'Who are you?', detail)
}

/** `RateLimit` and `RateLimit-Policy` of draft-ietf-httpapi-ratelimit-headers. */
function count(reply: FastifyReply, allowance: Allowance, policy: string): void {
  const { left, resetSeconds } = allowance
  reply.header('ratelimit-policy', policy)
  reply.header('ratelimit', `"default";r=${Math.max(0, left)};t=${resetSeconds}`)
  if (left < 0) throw tooMany(reply, allowance, 'Too many requests')
}

function tooMany(reply: FastifyReply, { resetSeconds }: Allowance, what: string): Problem {
  reply.header('retry-after', resetSeconds)
  return new Problem(429, 'rate', 'Too many requests', `${what}. Try again in ${resetSeconds} s.`)
}
