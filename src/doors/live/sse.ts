import { Readable } from 'node:stream'
import type { FastifyReply, FastifyRequest } from 'fastify'
import type { FeedMessage } from '../../engine/feed.ts'
import { badRequest, Problem } from '../../kernel/problem.ts'
import { flagOf, onlyParameters } from '../http/parameters.ts'
import { problemBody } from '../http/problems.ts'
import { actorOf } from '../identity.ts'
import type { Door } from './door.ts'
import { feedRequestOf } from './wish.ts'

const RETRY_MS = 2_000

/**
 * One subscription as server-sent events (WHATWG HTML, "server-sent events"). What is wrong with the request is told
 * before the stream begins, as for every request; what goes wrong later, as a last event `problem`.
 */
export function eventStream(door: Door) {
  return async (request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply> => {
    requireAccepted(request)
    const leaving = new AbortController()
    const leave = door.streams.open(actorOf(request).id, () => leaving.abort())
    reply.raw.once('close', () => {
      leave()
      leaving.abort()
    })
    const messages = subscribe(door, request, leaving.signal)
    const first = await messages.next()
    dropStalled(request, door.limits.stallMs)
    return reply
      .type('text/event-stream; charset=utf-8')
      .header('x-accel-buffering', 'no')
      .header('connection', 'close')
      .send(Readable.from(textOf(door, request, messages, first)))
  }
}

function requireAccepted({ headers }: FastifyRequest): void {
  if (/(^|[,\s])(text\/event-stream|text\/\*|\*\/\*)/i.test(headers.accept ?? '*/*')) return
  throw badRequest(
    'accept',
    'Live messages come as text/event-stream, or over a WebSocket. Send "Accept: text/event-stream".',
  )
}

function subscribe(door: Door, request: FastifyRequest, signal: AbortSignal): AsyncIterator<FeedMessage> {
  const { snapshot, after, ...rest } = onlyParameters(request, [
    'resource',
    'filter',
    'fields',
    'snapshot',
    'after',
  ])
  // A browser that connects again says here what it saw last; the URL still says where it began.
  const last = request.headers['last-event-id']
  const wish = feedRequestOf(door.services.engine, actorOf(request), {
    ...rest,
    after: (Array.isArray(last) ? last[0] : last) || after,
    snapshot: flagOf('snapshot', snapshot),
  })
  return door.services.feed.subscribe(wish, signal)[Symbol.asyncIterator]()
}

// While its reader takes nothing, nothing is written, not even heartbeats, and the socket has no activity.
function dropStalled({ raw }: FastifyRequest, milliseconds: number): void {
  raw.socket.setTimeout(milliseconds, () => raw.socket.destroy())
}

async function* textOf(
  door: Door,
  request: FastifyRequest,
  messages: AsyncIterator<FeedMessage>,
  first: IteratorResult<FeedMessage>,
): AsyncGenerator<string> {
  yield `retry: ${RETRY_MS}\n\n`
  try {
    let next: Promise<IteratorResult<FeedMessage>> = Promise.resolve(first)
    for (;;) {
      const arrived = await within(door.limits.heartbeatMs, next)
      if (arrived === 'late') yield await heartbeat(door, request)
      else if (arrived.done) return
      else {
        yield eventText(arrived.value)
        next = messages.next()
      }
    }
  } catch (error) {
    const problem = await door.toProblem(error)
    if (problem.status === 500) request.log.error({ err: error }, problem.title)
    yield `event: problem\ndata: ${JSON.stringify(problemBody(problem, request.id))}\n\n`
  }
}

/** A comment, so that nobody on the way takes the line for dead; ends the stream when the token is no longer valid. */
async function heartbeat(door: Door, request: FastifyRequest): Promise<string> {
  if (await door.isStillValid(request)) return ': \n\n'
  throw new Problem(
    401,
    'unauthorized',
    'Who are you?',
    'The token is no longer valid, or its rights changed.',
  )
}

function eventText(message: FeedMessage): string {
  switch (message.kind) {
    case 'snapshot':
      return `event: snapshot\ndata: ${JSON.stringify({ items: message.items })}\n\n`
    case 'ready':
      return `id: ${message.id}\nevent: ready\ndata: {}\n\n`
    case 'event':
      return `id: ${message.id}\nevent: event\ndata: ${JSON.stringify(message.event)}\n\n`
  }
}

async function within<Value>(milliseconds: number, value: Promise<Value>): Promise<Value | 'late'> {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<'late'>((resolve) => {
    timer = setTimeout(() => resolve('late'), milliseconds)
  })
  return Promise.race([value, late]).finally(() => clearTimeout(timer))
}
