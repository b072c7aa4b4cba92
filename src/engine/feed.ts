import { createGate } from './feed/gate.ts'
import { subscribe } from './feed/subscribe.ts'
import { createTail } from './feed/tail.ts'
import type { Feed, FeedLimits } from './feed/types.ts'
import type { Current } from './feed/watch.ts'
import type { Engine } from './types.ts'

export type { Feed, FeedEvent, FeedLimits, FeedMessage, FeedRequest } from './feed/types.ts'

/** Messages that wait for one subscriber: a large import comes through, a reader that stands still does not fill the memory. */
const QUEUE_MESSAGES_MAX = 10_000
/** Records of one snapshot. */
const SNAPSHOT_RECORDS_MAX = 10_000
/** Snapshots that are read at once, for each holds a connection. */
const SNAPSHOTS_MAX = 3

/**
 * The feed of this process. `onWake` registers a listener that is called when the log may have something new; without
 * it, and besides it, the feed looks by itself within half a second.
 */
export function createFeed(
  engine: Engine,
  options: {
    onWake?(listener: () => void): () => void
    /** who a subscriber is by now, asked whenever what people may do has changed. */
    current?: Current
    limits?: Partial<FeedLimits>
  } = {},
): Feed {
  const stopping = new AbortController()
  const tail = createTail(engine, options.onWake ?? (() => () => undefined))
  const context = {
    engine,
    tail,
    snapshots: createGate(SNAPSHOTS_MAX),
    current: options.current ?? (async (actor) => actor),
    stopping: stopping.signal,
    limits: {
      queueMessages: QUEUE_MESSAGES_MAX,
      snapshotRecords: SNAPSHOT_RECORDS_MAX,
      ...options.limits,
    },
  }
  return {
    subscribe: (request, signal) => subscribe(context, request, signal),
    async stop() {
      stopping.abort()
      await tail.stop()
    },
  }
}
