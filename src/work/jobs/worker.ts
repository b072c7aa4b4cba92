import { EventEmitter } from 'node:events'
import {
  Logger,
  type ParsedCronItem,
  parseCronItems,
  type Runner,
  run,
  type TaskList,
  type WorkerEvents,
} from 'graphile-worker'
import type { Logger as Log } from 'pino'
import type { Engine } from '../../engine/types.ts'
import { ATTEMPTS_MAX, type Job, type Schedule } from '../../kernel/area.ts'
import { openPlainPool, type Pool } from '../../store/pool.ts'
import type { Meters } from '../meters.ts'
import { type Attempts, createAttempts, lostDatabase } from './attempt.ts'
import { holdLife, type Liveness } from './liveness.ts'

/** Jobs that one process runs at a time; it leaves most of the pool's connections to the doors. */
const CONCURRENCY = 4
/** Connections of the queue itself: one listens, the others fetch and complete jobs. */
const CONNECTIONS = 3
const BACKFILL_HOURS = 24

/**
 * Jobs are fetched by the hundred and completed in batches (`bench/jobs.ts` says what that gives). What a worker has fetched
 * and not begun within two seconds goes back, so that it does not lie with a busy process while another is idle. A
 * completion that fails is tried again for minutes; without batches, graphile-worker ends the process with it. Named queues
 * are not offered: batches of graphile-worker 0.17.3 run jobs of one queue side by side (seen: 4 of 4).
 */
export const QUEUE_SETTINGS = {
  concurrentJobs: CONCURRENCY,
  pollInterval: 2_000,
  localQueue: { size: 100, ttl: 2_000 },
  completeJobBatchDelay: 5,
  failJobBatchDelay: 5,
}

export type WorkerOptions = {
  engine: Engine
  pool: Pool
  jobs: readonly Job[]
  schedules: readonly Schedule[]
  log: Log
  meters: Meters
}

/** `ended` resolves when the worker stopped, by itself or by `stop`. */
export type Worker = { name: string; ended: Promise<void>; stop(): Promise<void> }

/** Starts one worker of graphile-worker with its proof of life. */
export async function startWorker(options: WorkerOptions): Promise<Worker> {
  const own = openPlainPool(options.pool, CONNECTIONS)
  try {
    return await startOn(own, options)
  } catch (error) {
    await own.end()
    throw error
  }
}

async function startOn(own: Pool, options: WorkerOptions): Promise<Worker> {
  const { engine, pool, jobs, schedules, log, meters } = options
  let life: Liveness | undefined
  // In the moments between its birth and its first proof of life nobody can have missed it yet.
  const attempts = createAttempts({ engine, log, meters, alive: () => life?.alive() ?? true })
  const { name, runner } = await startQueue(
    own,
    taskListOf(jobs, attempts),
    cronItemsOf(jobs, schedules),
    log,
  )
  let over = false
  const ended = runner.promise
    .catch((error: Error) => log.error({ worker: name, error: error.message }, 'the worker failed'))
    .then(() => {
      over = true
    })
  async function stop(): Promise<void> {
    attempts.endAll(new Error('The worker was stopped; the job runs again later.'))
    if (!over) await runner.stop()
    await ended
    await life?.close()
    await own.end()
  }
  const lost = () => {
    log.error({ worker: name }, 'the database does not answer; running jobs are told to end')
    attempts.endAll(lostDatabase())
  }
  try {
    life = await holdLife(pool, name, lost)
  } catch (error) {
    await runner.stop()
    throw error
  }
  return { name, ended, stop }
}

async function startQueue(
  pgPool: Pool,
  taskList: TaskList,
  parsedCronItems: ParsedCronItem[],
  log: Log,
): Promise<{ name: string; runner: Runner }> {
  const events: WorkerEvents = new EventEmitter()
  let name = ''
  events.once('pool:create', ({ workerPool }) => {
    name = workerPool.id
  })
  const runner = await run({
    pgPool,
    events,
    taskList,
    parsedCronItems,
    noHandleSignals: true,
    logger: loggerOf(log),
    preset: { worker: QUEUE_SETTINGS },
  })
  return { name, runner }
}

function taskListOf(jobs: readonly Job[], attempts: Attempts): TaskList {
  return Object.fromEntries(
    jobs.map((job) => [
      job.name,
      (payload, { job: { id, attempts: attempt, max_attempts: attemptsMax } }) =>
        attempts.run(job, { id, attempt, attemptsMax, payload }),
    ]),
  )
}

/** Schedules fire once however many workers know them: graphile-worker notes the last time of each in the database. */
function cronItemsOf(jobs: readonly Job[], schedules: readonly Schedule[]): ParsedCronItem[] {
  const attempts = new Map(jobs.map((job) => [job.name, job.attempts]))
  return parseCronItems(
    schedules.map(({ job, cron, payload }) => ({
      task: job,
      match: cron,
      payload: payload ?? {},
      options: {
        backfillPeriod: BACKFILL_HOURS * 3_600_000,
        jobKey: `schedule:${job}`,
        maxAttempts: attempts.get(job) ?? ATTEMPTS_MAX,
      },
    })),
  )
}

/** Errors of graphile-worker; a failed job is told by the attempt itself. */
function loggerOf(log: Log): Logger {
  return new Logger(() => (level, message, meta) => {
    if (level === 'error' && !meta?.failure) log.error(message)
  })
}
