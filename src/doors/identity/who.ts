import type { FastifyRequest } from 'fastify'
import { forbidden } from '../../kernel/problem.ts'
import { actorOf, actorOfHeader } from '../identity.ts'
import type { PeopleService, Signed, Visitor } from './people.ts'

/** Who is at the door. */
export function visitorOf(request: FastifyRequest): Visitor {
  return { address: request.ip, agent: request.headers['user-agent'] ?? null, requestId: request.id }
}

/** The person who is signed in; tokens of programs are nobody's. */
export function signedOf(request: FastifyRequest): Signed {
  const { user, session, factorAt } = actorOf(request)
  if (user === undefined || session === undefined)
    throw forbidden('This is for people who are signed in; a token of a program is not.')
  return { user, session, ...(factorAt === undefined ? {} : { factorAt }) }
}

/** The same on a route that is open: null when nobody is signed in. */
export async function maybeSigned(people: PeopleService, request: FastifyRequest): Promise<Signed | null> {
  const actor = await actorOfHeader(request.credential, people.authenticate)
  if (!actor?.user || !actor.session) return null
  return {
    user: actor.user,
    session: actor.session,
    ...(actor.factorAt === undefined ? {} : { factorAt: actor.factorAt }),
  }
}
