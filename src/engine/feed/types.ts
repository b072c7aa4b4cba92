import type { Actor } from '../../kernel/actor.ts'
import type { Row } from '../../kernel/field.ts'
import type { Rule } from '../../kernel/rule.ts'

/** What a subscriber asks for: the records of one resource that match, from now on or from where it was cut off. */
export type FeedRequest = {
  actor: Actor
  resource: string
  filter?: Rule
  /** names of the fields to show; all when absent. */
  fields?: readonly string[]
  /** id of the last message that was seen: everything after it follows, and no snapshot. */
  after?: string
  /** the matching records first, then what happens to them. */
  snapshot?: boolean
}

/** A fact, as one subscriber sees it. */
export type FeedEvent = {
  time: string
  change: string
  actor: string
  action: string
  resource: string
  /** id of the record. */
  record: string
  key: string
  version: number
  /** what became of it for this subscriber: it is (again) among the matching records, changed there, or left them. */
  effect: 'added' | 'changed' | 'removed'
  /** the record as this event left it; null when it was removed. */
  item: Row | null
}

/** Messages of a subscription, in order. `id` is opaque text; giving it as `after` goes on behind this message. */
export type FeedMessage =
  | { kind: 'snapshot'; items: Row[] }
  /** the snapshot is whole (or none was asked for); events follow. */
  | { kind: 'ready'; id: string }
  | { kind: 'event'; id: string; event: FeedEvent }

/** Follows the log for many subscribers of this process: each sees every event once, in order, under its own rules. */
export type Feed = {
  /**
   * Ends when `signal` is aborted. Throws Problem `feed.slow` when the subscriber does not keep up, `feed.gone` when
   * `after` is older than the log, `cursor` when it is not an id, and what `read` throws when it may not read.
   */
  subscribe(request: FeedRequest, signal: AbortSignal): AsyncIterable<FeedMessage>
  stop(): Promise<void>
}

/** How much a feed holds; see `createFeed`. */
export type FeedLimits = { queueMessages: number; snapshotRecords: number }
