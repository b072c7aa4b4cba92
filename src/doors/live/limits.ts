import { Problem } from '../../kernel/problem.ts'

/** How much live streams may take; tests make them small. */
export type LiveLimits = {
  /** open streams (sockets and event streams) of this process. */
  streams: number
  streamsOfActor: number
  subscriptionsOfSocket: number
  /** bytes of one message from a client; a larger one closes the socket with 1009. */
  messageBytes: number
  /** messages from one client in ten seconds. */
  messagesInTenSeconds: number
  /** bytes that wait for one socket before its subscriptions pause. */
  bufferBytes: number
  /** time between signs of life; a socket that does not answer one until the next is dropped. */
  heartbeatMs: number
  /** how long what was sent may wait for its reader. */
  stallMs: number
}

export const LIVE_LIMITS: LiveLimits = {
  streams: 1_000,
  streamsOfActor: 100,
  subscriptionsOfSocket: 50,
  messageBytes: 64 * 1024,
  messagesInTenSeconds: 200,
  bufferBytes: 1 << 20,
  heartbeatMs: 25_000,
  stallMs: 60_000,
}

/** Close codes of sockets (RFC 6455 section 7.4, and ours from 4400); docs/live.md says what to do on each. */
export const CLOSE = {
  goingAway: 1001,
  policy: 1008,
  failed: 1011,
  tryLater: 1013,
  badMessage: 4400,
  unauthorized: 4401,
  tooSlow: 4408,
} as const

/** The open streams of this process. */
export type Streams = {
  /** Counts one in, or throws a Problem (429, 503); returns what counts it out. `end` is called when the process ends. */
  open(actor: string, end: () => void): () => void
  endAll(): void
}

export function createStreams(limits: LiveLimits): Streams {
  const open = new Set<() => void>()
  const counts = new Map<string, number>()
  return {
    open(actor, end) {
      const own = counts.get(actor) ?? 0
      if (own >= limits.streamsOfActor)
        throw new Problem(
          429,
          'live.streams',
          'Too many streams',
          `${own} live streams are open under this token, the most there may be. Close one, or put several subscriptions on one socket.`,
        )
      if (open.size >= limits.streams)
        throw new Problem(
          503,
          'live.full',
          'Too many streams',
          `${open.size} live streams are open here, the most there may be. Try again later.`,
        )
      counts.set(actor, own + 1)
      open.add(end)
      return () => {
        if (!open.delete(end)) return
        const left = counts.get(actor)! - 1
        if (left > 0) counts.set(actor, left)
        else counts.delete(actor)
      }
    },
    endAll() {
      for (const end of [...open]) end()
    },
  }
}
