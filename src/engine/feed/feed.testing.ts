import assert from 'node:assert/strict'
import type { Actor } from '../../kernel/actor.ts'
import type { Feed, FeedMessage, FeedRequest } from '../feed.ts'

const WAIT_MS = 10_000

/** A subscriber that keeps what it was told. */
export type Listener = {
  messages: FeedMessage[]
  /** ids of events, in order, with their effect: `p1 added 1`. */
  told(): string[]
  /** id of the last message that has one. */
  last(): string | undefined
  until(enough: (messages: FeedMessage[]) => boolean): Promise<void>
  /** resolves with what ended it; undefined for a plain end. */
  ended: Promise<unknown>
  leave(): Promise<unknown>
}

export function listen(
  feed: Feed,
  request: Partial<FeedRequest> & { actor: Actor; resource: string },
): Listener {
  const leaving = new AbortController()
  const messages: FeedMessage[] = []
  let rouse: (() => void) | undefined
  let over = false
  const ended = (async () => {
    try {
      for await (const message of feed.subscribe(request, leaving.signal)) {
        messages.push(message)
        rouse?.()
      }
      return undefined
    } catch (error) {
      return error
    } finally {
      over = true
      rouse?.()
    }
  })()
  return {
    messages,
    told: () =>
      messages.flatMap((each) =>
        each.kind === 'event' ? [`${each.event.key} ${each.event.effect} ${each.event.version}`] : [],
      ),
    last: () => messages.flatMap((each) => ('id' in each ? [each.id] : [])).at(-1),
    ended,
    async until(enough) {
      const late = Date.now() + WAIT_MS
      while (!enough(messages)) {
        if (over) assert.fail(`ended before: ${await ended}`)
        assert.ok(Date.now() < late, `not in time; told ${messages.length} messages`)
        await new Promise<void>((resolve) => {
          const timer = setTimeout(resolve, 100)
          rouse = () => {
            clearTimeout(timer)
            resolve()
          }
        })
      }
    },
    leave() {
      leaving.abort()
      return ended
    },
  }
}

/** Enough when there are so many events. */
export const events = (count: number) => (messages: FeedMessage[]) =>
  messages.filter(({ kind }) => kind === 'event').length >= count
export const ready = (messages: FeedMessage[]) => messages.some(({ kind }) => kind === 'ready')
