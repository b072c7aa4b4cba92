import { backoffOf, eitherOf, ProblemError, type Send, sleep } from './http.ts'
import { type Block, blocksOf } from './stream.ts'
import type { Problem } from './types.ts'

export type LiveRequest = {
  /** a condition in CEL; that a record leaves it is told too. */
  filter?: string
  fields?: readonly string[]
  /** the matching records first, at most 10,000. */
  snapshot?: boolean
  /** the id of the last message that was seen: goes on behind it, without a snapshot. */
  after?: string
}
export type LiveOptions = {
  signal?: AbortSignal
  /** a line that is silent for so long is dead; 60,000 when absent. The server speaks every 25 s. */
  idleMs?: number
}

/** What happened to a record, as this subscriber sees it. */
export type LiveEvent<Item> = {
  time: string
  change: string
  actor: string
  action: string
  resource: string
  record: string
  version: number
  key: string
  /** it is among the records now, it still is, or it is not any more. */
  effect: 'added' | 'changed' | 'removed'
  /** the record as the event left it; null when it was removed. */
  item: Item | null
}
/** A message of a subscription: the whole snapshot at once, `ready`, then events. `id` is where to go on after it. */
export type Live<Item> =
  | { kind: 'snapshot'; items: Item[] }
  | { kind: 'ready'; id: string }
  | { kind: 'event'; id: string; event: LiveEvent<Item> }

const IDLE_MS = 60_000

/**
 * Follows the records of a resource (server-sent events). When the line breaks it connects again, without end, and goes on
 * behind the last message; a snapshot is handed over when it is whole, so that nothing is told twice. Throws ProblemError when
 * the server refuses, and the reason of `signal` when that is aborted.
 */
export async function* live<Item>(
  send: Send,
  resource: string,
  { after, ...request }: LiveRequest = {},
  { signal, idleMs = IDLE_MS }: LiveOptions = {},
): AsyncGenerator<Live<Item>, void, undefined> {
  let last = after
  let reached = false
  for (let failures = 0; ; failures++) {
    const line = new AbortController()
    const query = { resource, ...request, after: last, ...(last ? { snapshot: undefined } : {}) }
    try {
      const answer = await send('/api/live', {
        query,
        headers: { accept: 'text/event-stream' },
        signal: eitherOf(signal, line.signal)!,
      })
      reached = true
      for await (const message of messagesOf<Item>(blocksOf(answer.body!, idleMs, () => line.abort()))) {
        failures = 0
        if (message.kind !== 'snapshot') last = message.id
        yield message
      }
    } catch (error) {
      signal?.throwIfAborted()
      if (!isPassing(error, reached)) throw error
    } finally {
      line.abort()
    }
    await sleep(backoffOf(failures), signal)
  }
}

/** May it be tried again? A server that was never reached is told of at once; one that was will come back. */
function isPassing(error: unknown, reached: boolean): boolean {
  return error instanceof ProblemError ? error.status === 503 : reached
}

async function* messagesOf<Item>(blocks: AsyncIterable<Block>): AsyncGenerator<Live<Item>> {
  const items: Item[] = []
  let hasSnapshot = false
  for await (const { event, id = '', data } of blocks) {
    if (event === 'problem') throw new ProblemError(JSON.parse(data) as Problem)
    if (event === 'snapshot') {
      hasSnapshot = true
      for (const item of (JSON.parse(data) as { items: Item[] }).items) items.push(item)
    }
    if (event === 'ready') {
      if (hasSnapshot) yield { kind: 'snapshot', items }
      yield { kind: 'ready', id }
    }
    if (event === 'event') yield { kind: 'event', id, event: JSON.parse(data) as LiveEvent<Item> }
  }
}
