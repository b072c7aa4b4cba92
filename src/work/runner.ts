import { setTimeout as sleep } from 'node:timers/promises'
import { Logger, runMigrations } from 'graphile-worker'
import { whileMigrating } from '../store/migrate.ts'
import type { Pool } from '../store/pool.ts'
import { indexLockedJobs } from '../store/queue.ts'
import { startSweeping } from './jobs/sweep.ts'
import { startWorker, type Worker, type WorkerOptions } from './jobs/worker.ts'
import { createMeters, type Meters } from './meters.ts'

/** A worker that ended by itself, because the database was away for long, is followed by another after this. */
const RESTART_MS = 5_000

export type Runner = { stop(): Promise<void> }

/** Makes or upgrades the tables of the job queue; two processes that meet a new database do it one after the other. */
export async function prepareQueue(pool: Pool): Promise<void> {
  await whileMigrating(pool, async () => {
    await runMigrations({ pgPool: pool, logger: new Logger(() => () => undefined) })
    await indexLockedJobs(pool)
  })
}

/** Runs jobs, starts scheduled ones, and gives back those of dead workers, until it is stopped. */
export async function startRunner(
  given: Omit<WorkerOptions, 'meters'> & { meters?: Meters },
): Promise<Runner> {
  const options = { ...given, meters: given.meters ?? createMeters() }
  const stopping = new AbortController()
  const supervised = supervise(await startWorker(options), options, stopping.signal)
  const stopSweeping = startSweeping(options.pool, options.log, options.meters)
  return {
    async stop() {
      stopping.abort()
      await Promise.all([stopSweeping(), supervised])
    },
  }
}

/** Keeps one worker running; stops it when the signal says so. */
async function supervise(first: Worker, options: WorkerOptions, signal: AbortSignal): Promise<void> {
  const stopped = new Promise<void>((resolve) =>
    signal.addEventListener('abort', () => resolve(), { once: true }),
  )
  let worker: Worker | undefined = first
  while (!signal.aborted) {
    await Promise.race([worker?.ended, stopped])
    if (signal.aborted) break
    await worker?.stop()
    worker = undefined
    await sleep(RESTART_MS, undefined, { signal }).catch(() => undefined)
    if (signal.aborted) break
    worker = await startWorker(options).catch((error: Error) => {
      options.log.error({ error: error.message }, 'no worker of jobs could be started; trying again')
      return undefined
    })
  }
  await worker?.stop()
}
