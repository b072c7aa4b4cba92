import { setTimeout as sleep } from 'node:timers/promises'
import type { Logger } from 'pino'
import { LIFE_LOCK_CLASS } from '../../store/liveness.ts'
import type { Pool } from '../../store/pool.ts'
import { freeWorkers, workersWithoutLife } from '../../store/queue.ts'
import type { Meters } from '../meters.ts'
import { SWEEP_MS, SWEEPS_WITHOUT_LIFE } from './liveness.ts'

/** A pause between two sweeps longer than this is our own absence: what was counted before it says nothing. */
const ABSENT_MS = 3 * SWEEP_MS

/**
 * Gives back the jobs of dead workers, forever, in every process that works: whoever sees it first does it, and doing it
 * twice does nothing. `liveness.ts` says why it is safe. Returns what ends it.
 */
export function startSweeping(pool: Pool, log: Logger, meters?: Meters): () => Promise<void> {
  const stopping = new AbortController()
  const sweep = createSweep(pool, log, meters)
  async function loop(): Promise<void> {
    while (!stopping.signal.aborted) {
      await sweep().catch((error: Error) =>
        log.warn({ error: error.message }, 'could not look for dead workers; trying again'),
      )
      await sleep(SWEEP_MS, undefined, { signal: stopping.signal }).catch(() => undefined)
    }
  }
  const running = loop()
  return async () => {
    stopping.abort()
    await running
  }
}

/** One look at the workers; it remembers how often in a row each was seen without life. */
export function createSweep(pool: Pool, log: Logger, meters?: Meters): () => Promise<number> {
  let seen = new Map<string, number>()
  let last = Number.NEGATIVE_INFINITY
  return async () => {
    const missing = await workersWithoutLife(pool, LIFE_LOCK_CLASS)
    const now = performance.now()
    const present = now - last <= ABSENT_MS
    last = now
    seen = new Map(missing.map((worker) => [worker, (present ? (seen.get(worker) ?? 0) : 0) + 1]))
    // Seen once and then so many times more: that many whole pauses lie between.
    const dead = missing.filter((worker) => seen.get(worker)! > SWEEPS_WITHOUT_LIFE)
    if (dead.length === 0) return 0
    const jobs = await freeWorkers(pool, dead)
    meters?.freed(jobs)
    log.warn({ workers: dead, jobs }, 'gave back the jobs of workers that are gone')
    return jobs
  }
}
