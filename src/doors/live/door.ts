import type { FastifyRequest } from 'fastify'
import type { Actor } from '../../kernel/actor.ts'
import type { Problem } from '../../kernel/problem.ts'
import type { Services } from '../services.ts'
import type { LiveLimits, Streams } from './limits.ts'

/** What both kinds of streams work with. */
export type Door = {
  services: Services
  limits: LiveLimits
  streams: Streams
  /** whether whoever opened the stream is still who it was, with the same roles. */
  isStillValid(request: FastifyRequest): Promise<boolean>
  toProblem(error: unknown): Promise<Problem>
}

/** The same actor with the same rights. */
export function isSame(left: Actor | null, right: Actor | null): boolean {
  return left?.id === right?.id && String(left?.roles) === String(right?.roles)
}
