import type { FastifyReply, FastifyRequest } from 'fastify'
import type { Row } from '../../kernel/field.ts'
import { type Cookies, sessionCookie } from './cookie.ts'
import type { NewSession, NextStep } from './people.ts'

/**
 * Tells of a new session, or of what must follow. A browser gets the token as a cookie that no script can read; a program that
 * asked for it, or that showed its token in a header, gets it in the answer.
 */
export function sendSession(
  reply: FastifyReply,
  cookies: Cookies,
  result: (NewSession & Row) | NextStep,
  asBearer: boolean,
): FastifyReply {
  if ('next' in result) return reply.send(result)
  const { token, session, until, ...more } = result
  if (!asBearer) reply.header('set-cookie', sessionCookie(cookies, token, until as number))
  return reply.send({
    session,
    expires_at: new Date(until as number).toISOString(),
    ...(asBearer ? { token } : {}),
    ...more,
  })
}

/** Whether whoever asks holds their token themselves. */
export function holdsToken(request: FastifyRequest): boolean {
  return request.credential !== undefined && !request.isCookie
}

/** One fixed line for programs that watch logs, with nothing in it that a guest could forge a line with. */
export function logFailure(request: FastifyRequest, login: string, reason: string): void {
  const shown = JSON.stringify(login.slice(0, 100)).replaceAll(
    /[^\x20-\x7e]/g,
    (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`,
  )
  request.log.warn(`auth failure ip=${request.ip} login=${shown} reason=${reason}`)
}
