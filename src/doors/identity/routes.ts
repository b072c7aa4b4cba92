import type { FastifyRequest } from 'fastify'
import { Problem } from '../../kernel/problem.ts'
import { type Rate, rateLimiter } from '../http/rate.ts'
import type { Route } from '../http/route.ts'
import { holdsToken, logFailure, sendSession } from './answers.ts'
import { type Cookies, noCookie } from './cookie.ts'
import { bodies, bodyOf } from './fields.ts'
import { meRoutes } from './me.ts'
import { operation } from './operations.ts'
import type { PeopleService, Shown } from './people.ts'
import { maybeSigned, signedOf, visitorOf } from './who.ts'

/** Requests of strangers that cost us a letter, a message or a row, from one address. */
const ASKED: Rate = { requests: 60, windowSeconds: 60 }

/** Signing in and out, and what people do with who they are. */
export function peopleRoutes(people: PeopleService, cookies: Cookies): Route[] {
  return [
    signIn(people, cookies),
    proveFactor(people, cookies),
    challenge(people),
    openLink(people, cookies),
    reset(people),
    signOut(people, cookies),
    ...meRoutes(people, cookies),
  ]
}

function signIn(people: PeopleService, cookies: Cookies): Route {
  type Body = { login: string; password: string; bearer: boolean }
  return {
    method: 'POST',
    path: '/api/session',
    open: true,
    operation: operation('signIn', 'Signs in: a session, or the factor that must follow.', {
      body: bodies.signIn,
    }),
    async handle(request, reply) {
      const { bearer, ...given } = bodyOf<Body>(request, bodies.signIn)
      const result = await people.signIn(given, visitorOf(request)).catch((error) => {
        if (error instanceof Problem) logFailure(request, given.login, error.code)
        throw error
      })
      return sendSession(reply, cookies, result, bearer)
    },
  }
}

/** Three things: the second step of signing in, a passkey alone, and a proof of somebody who is signed in. */
function proveFactor(people: PeopleService, cookies: Cookies): Route {
  type Body = Shown & { ticket?: string; bearer: boolean }
  return {
    method: 'POST',
    path: '/api/session/factor',
    open: true,
    operation: operation(
      'proveFactor',
      'Shows a factor: with a ticket to finish signing in, alone with a passkey, or signed in to prove it once more.',
      { body: bodies.factor },
    ),
    async handle(request, reply) {
      const { ticket, bearer, ...shown } = bodyOf<Body>(request, bodies.factor)
      const visitor = visitorOf(request)
      try {
        if (ticket)
          return sendSession(reply, cookies, await people.signInWithFactor(ticket, shown, visitor), bearer)
        const signed = await maybeSigned(people, request)
        if (signed)
          return sendSession(reply, cookies, await people.stepUp(signed, shown, visitor), holdsToken(request))
        if (shown.method !== 'passkey') throw notSigned()
        return sendSession(reply, cookies, await people.signInWithPasskey(shown.credential, visitor), bearer)
      } catch (error) {
        if (error instanceof Problem) logFailure(request, shown.method, error.code)
        throw error
      }
    },
  }
}

/** Refuses (429) an address that asks for too much that nobody is behind. */
function asking(): (request: FastifyRequest) => void {
  const allowanceOf = rateLimiter(ASKED)
  return ({ ip }) => {
    const { left, resetSeconds } = allowanceOf(ip)
    if (left >= 0) return
    const problem = new Problem(
      429,
      'rate',
      'Too many requests',
      `Too many requests. Try again in ${resetSeconds} s.`,
    )
    problem.retryAfterSeconds = resetSeconds
    throw problem
  }
}

function challenge(people: PeopleService): Route {
  const countAsked = asking()
  type Body = { method: 'sms' | 'passkey'; ticket?: string }
  return {
    method: 'POST',
    path: '/api/session/challenge',
    open: true,
    operation: operation('challengeFactor', 'Sends a code to the phone, or says what a passkey must sign.', {
      body: bodies.challenge,
    }),
    async handle(request, reply) {
      countAsked(request)
      const { method, ticket } = bodyOf<Body>(request, bodies.challenge)
      const signed = ticket ? null : await maybeSigned(people, request)
      return reply.send(await people.challenge(ticket ? { ticket } : signed, method, visitorOf(request)))
    },
  }
}

function openLink(people: PeopleService, cookies: Cookies): Route {
  type Body = { token: string; password?: string; name?: string; email?: string; bearer: boolean }
  return {
    method: 'POST',
    path: '/api/session/link',
    open: true,
    operation: operation('openLink', 'Uses a link: an invitation, a new password, a changed address.', {
      body: bodies.link,
      statuses: [200, 204],
    }),
    async handle(request, reply) {
      const { bearer, ...given } = bodyOf<Body>(request, bodies.link)
      const result = await people.redeem(given, visitorOf(request))
      return result ? sendSession(reply, cookies, result, bearer) : reply.code(204).send()
    },
  }
}

/** The answer is the same whether there is somebody or not. */
function reset(people: PeopleService): Route {
  const countAsked = asking()
  return {
    method: 'POST',
    path: '/api/session/reset',
    open: true,
    operation: operation('resetPassword', 'Has a link to a new password sent, if somebody has the address.', {
      body: bodies.reset,
      statuses: [202],
    }),
    async handle(request, reply) {
      countAsked(request)
      const { login } = bodyOf<{ login: string }>(request, bodies.reset)
      people.requestReset(login, visitorOf(request))
      return reply.code(202).send({ sent: 'If somebody has this address, a link is on its way.' })
    },
  }
}

function signOut(people: PeopleService, cookies: Cookies): Route {
  return {
    method: 'DELETE',
    path: '/api/session',
    own: true,
    operation: operation('signOut', 'Signs out.', { statuses: [204] }),
    async handle(request, reply) {
      await people.signOut(signedOf(request), visitorOf(request))
      return reply.header('set-cookie', noCookie(cookies)).code(204).send()
    },
  }
}

function notSigned(): Problem {
  return new Problem(
    401,
    'unauthorized',
    'Who are you?',
    'Sign in first, or send the ticket of the first step.',
  )
}
