import type { FastifyRequest } from 'fastify'
import type { WebSocket } from 'ws'
import type { FeedMessage } from '../../engine/feed.ts'
import { badRequest, type Problem } from '../../kernel/problem.ts'
import { problemBody } from '../http/problems.ts'
import { actorOf } from '../identity.ts'
import { sendJson } from './deliver.ts'
import type { Door } from './door.ts'
import { CLOSE } from './limits.ts'
import { type Asked, parseMessage } from './messages.ts'
import { feedRequestOf } from './wish.ts'

/** A peer that does not answer the closing of its socket is dropped after this. */
const CLOSING_MS = 1_000
const RATE_MS = 10_000

/** One client on a socket: what it subscribed to, by the ids that it gave. */
type Session = {
  door: Door
  socket: WebSocket
  request: FastifyRequest
  subscriptions: Map<string, AbortController>
}

/** Several subscriptions on one WebSocket; docs/live.md has the messages. */
export function openSession(door: Door) {
  return (socket: WebSocket, request: FastifyRequest): void => {
    const session: Session = { door, socket, request, subscriptions: new Map() }
    let leave: () => void
    try {
      leave = door.streams.open(actorOf(request).id, () => close(socket, CLOSE.goingAway, 'shutting down'))
    } catch (error) {
      const { status, message } = error as Problem
      close(socket, status === 503 ? CLOSE.tryLater : CLOSE.policy, message)
      return
    }
    const beat = startHeartbeat(session)
    socket.on('message', takeMessages(session))
    socket.once('close', () => {
      clearInterval(beat)
      leave()
      for (const subscription of session.subscriptions.values()) subscription.abort()
    })
  }
}

function takeMessages(session: Session): (data: Buffer, isBinary: boolean) => void {
  const { door, socket } = session
  let window = 0
  let count = 0
  return (data, isBinary) => {
    const now = Math.floor(performance.now() / RATE_MS)
    count = now === window ? count + 1 : 1
    window = now
    if (count > door.limits.messagesInTenSeconds) return close(socket, CLOSE.policy, 'too many messages')
    if (isBinary) return close(socket, CLOSE.badMessage, 'messages are JSON in text frames')
    const asked = parseMessage(data.toString())
    if (typeof asked === 'string') return close(socket, CLOSE.badMessage, asked)
    answer(session, asked)
  }
}

function answer(session: Session, asked: Asked): void {
  const { socket, subscriptions } = session
  switch (asked.type) {
    case 'ping':
      return void send(session, { type: 'pong' })
    case 'unsubscribe':
      subscriptions.get(asked.id)?.abort()
      return
    case 'subscribe':
      follow(session, asked).catch((error) => {
        session.request.log.error({ err: error }, 'a live subscription failed')
        close(socket, CLOSE.failed, 'internal error')
      })
  }
}

/** From `subscribe` to its end, which is always told: `error`, or `unsubscribed`. */
async function follow(session: Session, asked: Asked & { type: 'subscribe' }): Promise<void> {
  const { door, request, subscriptions } = session
  const { engine, feed } = door.services
  const leaving = new AbortController()
  try {
    refuseMore(session, asked.id)
    subscriptions.set(asked.id, leaving)
    const wish = feedRequestOf(engine, actorOf(request), asked)
    for await (const message of feed.subscribe(wish, leaving.signal))
      await send(session, onWire(asked.id, message))
    await send(session, { type: 'unsubscribed', id: asked.id })
  } catch (error) {
    await tellProblem(session, asked.id, error)
  } finally {
    leaving.abort()
    if (subscriptions.get(asked.id) === leaving) subscriptions.delete(asked.id)
  }
}

function refuseMore({ door, subscriptions }: Session, id: string): void {
  const most = door.limits.subscriptionsOfSocket
  if (subscriptions.has(id))
    throw badRequest(
      'live.id',
      `There is a subscription "${id}" on this socket already. Give each its own id.`,
    )
  if (subscriptions.size >= most)
    throw badRequest(
      'live.subscriptions',
      `A socket carries at most ${most} subscriptions. Open another one.`,
    )
}

async function tellProblem(session: Session, id: string, error: unknown): Promise<void> {
  const { door, socket, request } = session
  const problem = await door.toProblem(error)
  if (problem.status === 500) request.log.error({ err: error }, problem.title)
  await send(session, { type: 'error', id, problem: problemBody(problem, request.id) })
  if (problem.code === 'closing') close(socket, CLOSE.goingAway, 'shutting down')
}

function onWire(id: string, message: FeedMessage): object {
  switch (message.kind) {
    case 'snapshot':
      return { type: 'snapshot', id, items: message.items }
    case 'ready':
      return { type: 'ready', id, after: message.id }
    case 'event':
      return { type: 'event', id, after: message.id, event: message.event }
  }
}

async function send({ door, socket }: Session, message: object): Promise<void> {
  const taken = await sendJson(socket, message, door.limits)
  if (!taken) close(socket, CLOSE.tooSlow, 'messages were not read in time')
}

/** Asks for a sign of life and drops who gave none since the last time; closes when the token is no longer valid. */
function startHeartbeat({ door, socket, request }: Session): NodeJS.Timeout {
  let alive = true
  for (const sign of ['pong', 'message'])
    socket.on(sign, () => {
      alive = true
    })
  return setInterval(() => {
    if (!alive) return socket.terminate()
    alive = false
    socket.ping()
    door.isStillValid(request).then(
      (valid) => valid || close(socket, CLOSE.unauthorized, 'the token is no longer valid'),
      (error) => request.log.warn({ err: error }, 'who holds the token could not be asked'),
    )
  }, door.limits.heartbeatMs)
}

/** Says why, and waits only a moment for the peer to agree. */
function close(socket: WebSocket, code: number, reason: string): void {
  socket.close(code, Buffer.from(reason).subarray(0, 123).toString())
  setTimeout(() => socket.terminate(), CLOSING_MS).unref()
}
