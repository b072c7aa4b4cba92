import type { FastifyReply, FastifyRequest } from 'fastify'
import type { Fields, Row } from '../../kernel/field.ts'
import type { Method, Route } from '../http/route.ts'
import { holdsToken, sendSession } from './answers.ts'
import type { Cookies } from './cookie.ts'
import { bodies, bodyOf } from './fields.ts'
import { operation } from './operations.ts'
import type { NewSession, PeopleService, Shown } from './people.ts'
import { signedOf, visitorOf } from './who.ts'

type Named = { id: string }

/** What people do with themselves. */
export function meRoutes(people: PeopleService, cookies: Cookies): Route[] {
  const rotated = (request: FastifyRequest, reply: FastifyReply, result: NewSession & Row) =>
    sendSession(reply, cookies, result, holdsToken(request))
  return [
    own('GET', '/api/me', 'me', 'Who asks: roles, factors, session.', {}, async (request, reply) =>
      reply.send(await people.me(signedOf(request))),
    ),
    own(
      'POST',
      '/api/me/password',
      'changePassword',
      'A new password for the old one; all other sessions end.',
      { body: bodies.password },
      async (request, reply) => {
        const given = bodyOf<{ current: string; password: string }>(request, bodies.password)
        return rotated(
          request,
          reply,
          await people.changePassword(signedOf(request), given, visitorOf(request)),
        )
      },
    ),
    own(
      'POST',
      '/api/me/email',
      'changeEmail',
      'Sends a link to a new address, which counts when the link is opened.',
      { body: bodies.email, statuses: [202] },
      async (request, reply) => {
        const given = bodyOf<{ email: string; password: string }>(request, bodies.email)
        await people.requestEmail(signedOf(request), given, visitorOf(request))
        return reply.code(202).send({ sent: 'A link is on its way to the new address.' })
      },
    ),
    own(
      'POST',
      '/api/me/factors',
      'enrolFactor',
      'Begins a second factor, to be confirmed within 10 minutes.',
      { body: bodies.enrol, statuses: [201] },
      async (request, reply) => {
        type Body = { kind: 'totp' | 'sms' | 'passkey' } & Partial<Shown>
        const given = bodyOf<Body>(request, bodies.enrol)
        return reply.code(201).send(await people.enrol(signedOf(request), given, visitorOf(request)))
      },
    ),
    own(
      'POST',
      '/api/me/factors/{id}/confirm',
      'confirmFactor',
      'Confirms a factor with its first code. The first one brings backup codes, shown once.',
      { body: bodies.confirm, ofRecord: true },
      async (request, reply) => {
        const shown = bodyOf<{ code?: string; credential?: unknown }>(request, bodies.confirm)
        const { id } = request.params as Named
        return rotated(request, reply, await people.confirm(signedOf(request), id, shown, visitorOf(request)))
      },
    ),
    own(
      'POST',
      '/api/me/factors/{id}/disable',
      'disableFactor',
      'Takes a factor away, for the password or a factor.',
      { body: bodies.proof, ofRecord: true },
      async (request, reply) => {
        const shown = bodyOf<Shown>(request, bodies.proof)
        const { id } = request.params as Named
        return reply.send(await people.disable(signedOf(request), id, shown, visitorOf(request)))
      },
    ),
    own(
      'POST',
      '/api/me/backup_codes',
      'newBackupCodes',
      'Ten new backup codes in the place of the old ones, for the password or a factor.',
      { body: bodies.proof },
      async (request, reply) => {
        const shown = bodyOf<Shown>(request, bodies.proof)
        return reply.send(await people.newCodes(signedOf(request), shown, visitorOf(request)))
      },
    ),
  ]
}

function own(
  method: Method,
  path: string,
  id: string,
  summary: string,
  shape: { body?: Fields; statuses?: number[]; ofRecord?: boolean },
  handle: Route['handle'],
): Route {
  return { method, path, own: true, operation: operation(id, summary, shape), handle }
}
