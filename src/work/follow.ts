import type { Logger } from 'pino'
import { perform } from '../engine/perform.ts'
import type { Engine } from '../engine/types.ts'
import { systemActor } from '../kernel/actor.ts'
import type { Follower } from '../kernel/area.ts'
import { continueTrace } from '../kernel/trace.ts'
import { type LogCursor, nextEvents } from '../store/log.ts'
import { type Pool, transaction } from '../store/pool.ts'
import { withTrace } from '../store/trace.ts'

const EVENTS_MAX = 500
const IDLE_MS = 500
const FAILED_MS = 5_000

export type Followers = { wake(): void; stop(): Promise<void> }

/**
 * Runs the followers of the log until they are stopped. Each keeps its place in the table `follower`, locked while it
 * works, so that of many processes one follows at a time; it sees every event at least once, in order, and its actions
 * carry a key made of the event, so that seeing one twice does nothing twice.
 */
export function startFollowers(engine: Engine, followers: readonly Follower[], log: Logger): Followers {
  let stopped = false
  let calls = 0
  const sleepers = new Set<() => void>()
  const running = followers.map((follower) => loop(follower))

  async function loop(follower: Follower): Promise<void> {
    while (!stopped) {
      try {
        const before = calls
        const seen = await followOnce(engine, follower)
        // A call that came while it looked may be about something that it did not see.
        if (seen === 0 && calls === before) await sleep(IDLE_MS)
      } catch (error) {
        log.error(
          { follower: follower.name, error: (error as Error).message },
          'follower failed; it will try again',
        )
        await sleep(FAILED_MS)
      }
    }
  }

  function sleep(ms: number): Promise<void> {
    if (stopped) return Promise.resolve()
    return new Promise((resolve) => {
      const done = () => {
        clearTimeout(timer)
        sleepers.delete(done)
        resolve()
      }
      const timer = setTimeout(done, ms)
      sleepers.add(done)
    })
  }

  const wake = () => {
    calls++
    for (const done of [...sleepers]) done()
  }
  return {
    wake,
    async stop() {
      stopped = true
      wake()
      await Promise.all(running)
    },
  }
}

/** Shows a follower the next events and moves its place; returns how many there were. 0 also when another process has it. */
export async function followOnce(engine: Engine, follower: Follower): Promise<number> {
  await register(engine.pool, follower.name)
  return transaction(engine.pool, async (client) => {
    const { rows } = await client.query<LogCursor>(
      'select transaction::text, position from follower where name = $1 for update skip locked',
      [follower.name],
    )
    if (!rows[0]) return 0
    const events = await nextEvents(client, rows[0], EVENTS_MAX)
    for (const event of events) {
      if (follower.resources && !follower.resources.includes(event.resource)) continue
      let calls = 0
      const context: Parameters<Follower['handle']>[1] = {
        perform: (request) =>
          perform(engine, {
            ...request,
            actor: systemActor(follower.name),
            key: `follow:${follower.name}:${event.position}:${calls++}`,
            cause: `event:${event.position}`,
          }),
      }
      await withTrace(continueTrace(event.trace), () => follower.handle(event, context))
    }
    const last = events.at(-1)
    if (last)
      await client.query(
        'update follower set transaction = $2::xid8, position = $3, updated_at = now() where name = $1',
        [follower.name, last.transaction, last.position],
      )
    return events.length
  })
}

async function register(pool: Pool, name: string): Promise<void> {
  await pool.query({
    name: 'register follower',
    text: 'insert into follower (name) values ($1) on conflict do nothing',
    values: [name],
  })
}
