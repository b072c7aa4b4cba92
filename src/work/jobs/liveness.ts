import { setTimeout as sleep } from 'node:timers/promises'
import { type LifeSession, openLife } from '../../store/liveness.ts'
import type { Pool } from '../../store/pool.ts'

/**
 * How a worker shows that it lives, and how others are sure that it does not.
 *
 * graphile-worker leaves the jobs of a killed worker locked for four hours. Here every worker holds an advisory lock on a
 * session of its own: it needs no clock and no heartbeat, a busy event loop cannot miss it, and it vanishes with the
 * process. But it also vanishes when only the connection breaks (a network that hiccups, a restart of PostgreSQL) while
 * the worker is well and in the middle of a job. So that nobody ever takes a job from a living worker:
 *
 * - whoever sweeps (`sweep.ts`) gives a worker's jobs back only after seeing it without its lock 6 times in a row, which is
 *   12 s at least. It counts what it saw and does not compare clocks, so that a sweeper which was asleep itself (a closed
 *   laptop, a paused machine) does not take its own absence for the worker's;
 * - a worker asks its session every second, takes the lock again on a new one as soon as it can, and when it has had no
 *   answer for 6 s, half of that time, it gives up first: its jobs are told to stop and may change nothing any more.
 *
 * Six seconds are left for a job to notice. One that keeps its thread busy for longer, just when the connection is gone,
 * may run beside its successor; the keys of its actions still see to it that what both do is done once.
 *
 * Counted from the kill: 12 to 14 s for the sweep, 2 s at most until the next worker looks for jobs. A machine that lost its
 * power or its network is noticed by the server's keep-alive 7 s later.
 */
export const SWEEP_MS = 2_000
export const SWEEPS_WITHOUT_LIFE = 6
const GIVE_UP_MS = 6_000
const ASK_MS = 1_000
const RETRY_MS = 250

export type Liveness = {
  /** False once the worker must not act any more; it stays so until the lock is held again. */
  alive(): boolean
  close(): Promise<void>
}

/** Holds the lock of a worker from now on; resolves when it is held. `onLost` is called each time that it gives up. */
export async function holdLife(pool: Pool, worker: string, onLost: () => void): Promise<Liveness> {
  const closing = new AbortController()
  let proven = performance.now()
  let lost = false
  let session: LifeSession | undefined = await openLife(pool, worker, dropped)
  const asking = keepAsking()
  const watch = setInterval(giveUpInTime, RETRY_MS)

  function dropped(): void {
    session?.drop()
    session = undefined
  }

  async function keepAsking(): Promise<void> {
    while (!closing.signal.aborted) {
      const asked = performance.now()
      try {
        session ??= await openLife(pool, worker, dropped)
        await session.ask()
        proven = asked
        lost = false
      } catch {
        // Not lost yet: it is tried again until `giveUpInTime` says otherwise, and that is told.
        dropped()
      }
      await sleep(session ? ASK_MS : RETRY_MS, undefined, { signal: closing.signal }).catch(() => undefined)
    }
  }

  function giveUpInTime(): void {
    if (lost || performance.now() - proven < GIVE_UP_MS) return
    lost = true
    onLost()
  }

  return {
    alive: () => !lost && performance.now() - proven < GIVE_UP_MS,
    async close() {
      closing.abort()
      clearInterval(watch)
      await asking
      await session?.close()
    },
  }
}
