import { badRequest, Problem } from '../../kernel/problem.ts'
import { type Resource, shownFields } from '../../kernel/resource.ts'
import { hasEvent, nextEvents } from '../../store/log.ts'
import { refuseHidden, sightOf } from '../access/sight.ts'
import { explain } from '../constraints.ts'
import { requirePossible, resourceOf } from '../lookup.ts'
import { conditionOf } from '../read.ts'
import type { Engine } from '../types.ts'
import { viewOf } from './effect.ts'
import type { Gate } from './gate.ts'
import { messageOf, type Subscriber } from './message.ts'
import { happeningsOf } from './past.ts'
import { cursorOf, decodeId, encodeId, type Place, placeOf, type Start } from './place.ts'
import { createQueue } from './queue.ts'
import { readSnapshot, startNow } from './snapshot.ts'
import type { Reader, Tail } from './tail.ts'
import type { FeedLimits, FeedMessage, FeedRequest } from './types.ts'
import { type Current, watchAccess } from './watch.ts'

const EVENTS_MAX = 500

/** What all subscriptions of a feed share. */
export type Context = {
  engine: Engine
  tail: Tail
  snapshots: Gate
  current: Current
  stopping: AbortSignal
  limits: FeedLimits
}

type Subscription = Subscriber & { context: Context; signal: AbortSignal }

/** The messages of one subscription, see `Feed`. */
export async function* subscribe(
  context: Context,
  request: FeedRequest,
  signal: AbortSignal,
): AsyncGenerator<FeedMessage> {
  const { engine, stopping } = context
  const resource = resourceOf(engine, request.resource)
  const { actor, filter } = request
  const access = requirePossible(engine, actor, resource, 'read')
  refuseHidden(access, resource, request)
  requireShown(resource, request.fields)
  const view = viewOf(resource, actor, access.rule, filter)
  const see = sightOf(engine, actor, resource)
  const watch = watchAccess(engine, context.current, access, { actor, resource })
  const either = AbortSignal.any([signal, stopping, watch.lost])
  try {
    for await (const message of follow({ context, request, resource, view, see, signal: either })) {
      await watch.check()
      yield message
    }
    watch.lost.throwIfAborted()
  } catch (error) {
    throw await explain(engine.pool, error).catch(() => error)
  } finally {
    watch.end()
  }
  if (stopping.aborted && !signal.aborted) throw closing()
}

/** First where it stands, then what happened since, at its own pace, then what happens. */
async function* follow(subscription: Subscription): AsyncGenerator<FeedMessage> {
  const start = yield* begin(subscription)
  if (!start) return
  yield { kind: 'ready', id: encodeId(start) }
  const place = yield* catchUp(subscription, start)
  if (place) yield* live(subscription, { place, seen: start.seen })
}

async function* begin(subscription: Subscription): AsyncGenerator<FeedMessage, Start | undefined> {
  const { context, request, signal } = subscription
  if (signal.aborted) return undefined
  if (request.after !== undefined) return resume(context.engine, request.after)
  if (!request.snapshot) return startNow(context.engine.pool)
  const leave = await context.snapshots.enter(signal)
  if (!leave) return undefined
  try {
    return yield* snapshot(subscription)
  } finally {
    leave()
  }
}

async function resume({ pool }: Engine, after: string): Promise<Start> {
  const start = decodeId(after)
  const isBeginning = start.place.transaction === 0n && start.place.position === 0
  if (isBeginning || (await hasEvent(pool, cursorOf(start.place)))) return start
  throw new Problem(
    410,
    'feed.gone',
    'Gone',
    'The log does not reach back to that message any more, or a backup was restored since. Begin anew without after, with snapshot.',
  )
}

async function* snapshot(subscription: Subscription): AsyncGenerator<FeedMessage, Start | undefined> {
  const { context, request, resource, see, signal } = subscription
  const condition = conditionOf(context.engine, resource, request.actor, {
    archived: 'without',
    ...(request.filter ? { filter: request.filter } : {}),
  })
  const chunks = readSnapshot(context.engine.pool, resource, condition, context.limits.snapshotRecords)
  try {
    for (;;) {
      const { done, value } = await chunks.next()
      if (done && !value) throw slow('The snapshot was not taken in time.', 'Begin anew.')
      if (signal.aborted) return undefined
      if (done) return value
      yield { kind: 'snapshot', items: value.map((row) => see(row, request.fields)) }
    }
  } finally {
    await chunks.return(undefined)
  }
}

/** Reads the log up to its end; returns where that was, undefined when the signal came first. */
async function* catchUp(
  subscription: Subscription,
  { place, seen }: Start,
): AsyncGenerator<FeedMessage, Place | undefined> {
  const { context, resource, signal } = subscription
  const { pool } = context.engine
  let reached = place
  while (!signal.aborted) {
    const events = await nextEvents(pool, cursorOf(reached), EVENTS_MAX)
    const own = events.filter((event) => event.resource === resource.name)
    for (const happening of await happeningsOf(pool, resource, own)) {
      const message = messageOf(subscription, happening, seen)
      if (message) yield message()
      if (signal.aborted) return undefined
    }
    const last = events.at(-1)
    if (last) reached = placeOf(last)
    if (events.length < EVENTS_MAX) return reached
  }
  return undefined
}

/** Joins the others at the tail of the log; when that has moved on meanwhile, reads on to where it is. */
async function* live(subscription: Subscription, start: Start): AsyncGenerator<FeedMessage> {
  const { context, resource, signal } = subscription
  const queue = createQueue<() => FeedMessage>(context.limits.queueMessages)
  let last = encodeId(start)
  const reader: Reader = {
    resource,
    from: start.place,
    show(happening) {
      const message = messageOf(subscription, happening, start.seen)
      if (!message || queue.offer(message)) return
      context.tail.leave(reader)
      const waiting = `${context.limits.queueMessages} messages were waiting for this subscriber.`
      const remedy = `Subscribe again with after set to the last id that you received; the last that was taken is ${last}.`
      queue.end(slow(waiting, remedy))
    },
    end: queue.end,
  }
  while (!context.tail.join(reader)) {
    const reached = yield* catchUp(subscription, { place: reader.from, seen: start.seen })
    if (!reached) return
    reader.from = reached
  }
  try {
    for (let next = await queue.take(signal); next; next = await queue.take(signal)) {
      const message = next()
      if (message.kind === 'event') last = message.id
      yield message
    }
  } finally {
    context.tail.leave(reader)
  }
}

function requireShown(resource: Resource, fields: readonly string[] | undefined): void {
  const shown = new Map(shownFields(resource))
  const strange = fields?.find((name) => !shown.has(name))
  if (strange !== undefined)
    throw badRequest('fields', `"${strange}" is no field of ${resource.plural} that can be shown.`)
}

function slow(what: string, remedy: string): Problem {
  return new Problem(503, 'feed.slow', 'Too slow', `${what} ${remedy}`)
}

function closing(): Problem {
  return new Problem(
    503,
    'closing',
    'Shutting down',
    'This process is shutting down. Subscribe again in a moment, with after set to the last id that you received.',
  )
}
