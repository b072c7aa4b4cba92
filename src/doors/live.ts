import websocket from '@fastify/websocket'
import type { FastifyInstance, FastifyRequest } from 'fastify'
import type { Actor } from '../kernel/actor.ts'
import type { Problem } from '../kernel/problem.ts'
import type { Route } from './http/route.ts'
import { actorOfHeader } from './identity.ts'
import { type Door, isSame } from './live/door.ts'
import { LIVE_PATH, PROTOCOL } from './live/handshake.ts'
import { createStreams, LIVE_LIMITS, type LiveLimits } from './live/limits.ts'
import { openSession } from './live/socket.ts'
import { eventStream } from './live/sse.ts'
import { live } from './openapi/live.ts'
import type { Services } from './services.ts'

/** What the live door is given. */
export type LiveOptions = {
  services: Services
  authenticate(token: string, address?: string): Promise<Actor | null>
  toProblem(error: unknown): Promise<Problem>
  limits?: Partial<LiveLimits>
}

/** Live messages at `/api/live`, as server-sent events and over WebSockets; both end when the app closes. */
export async function liveRoute(app: FastifyInstance, options: LiveOptions): Promise<Route> {
  const { services, authenticate, toProblem } = options
  const limits = { ...LIVE_LIMITS, ...options.limits }
  const streams = createStreams(limits)
  await app.register(websocket, {
    options: {
      maxPayload: limits.messageBytes,
      handleProtocols: (offered) => (offered.has(PROTOCOL) ? PROTOCOL : false),
    },
    preClose: async () => streams.endAll(),
  })
  const door: Door = {
    services,
    limits,
    streams,
    toProblem,
    isStillValid: async (request: FastifyRequest) =>
      isSame(await actorOfHeader(request.credential, authenticate, request.ip), request.actor),
  }
  return {
    method: 'GET',
    path: LIVE_PATH,
    file: true,
    operation: live,
    handle: eventStream(door),
    socket: openSession(door),
  }
}
