import { Logger, parseCronItems, run, runMigrations, type TaskList } from 'graphile-worker'
import type { Logger as Log } from 'pino'
import { perform } from '../engine/perform.ts'
import type { Engine } from '../engine/types.ts'
import { systemActor } from '../kernel/actor.ts'
import type { Job, Schedule } from '../kernel/area.ts'
import type { Row } from '../kernel/field.ts'
import type { Pool } from '../store/pool.ts'

const CONCURRENCY = 2
const POLL_MS = 2_000
const BACKFILL_HOURS = 24

export type Runner = { stop(): Promise<void> }

/** Makes or upgrades the tables of the job queue. */
export async function prepareQueue(pool: Pool): Promise<void> {
  await runMigrations({ pgPool: pool, logger: silent })
}

/**
 * Runs jobs and starts scheduled ones. A job acts as `system:<its name>`; its calls of actions carry a key made of the
 * job's id, so that a job which runs again does not do again what it had done.
 */
export async function startRunner(options: {
  engine: Engine
  pool: Pool
  jobs: readonly Job[]
  schedules: readonly Schedule[]
  log: Log
}): Promise<Runner> {
  const { engine, pool, jobs, schedules, log } = options
  const stopping = new AbortController()
  const taskList: TaskList = Object.fromEntries(
    jobs.map((job) => [job.name, (payload, helpers) => runJob(job, payload as Row, helpers.job.id)]),
  )

  async function runJob(job: Job, payload: Row, id: string): Promise<void> {
    let calls = 0
    const started = performance.now()
    await job.run(payload ?? {}, {
      perform: (request) =>
        perform(engine, {
          ...request,
          actor: systemActor(job.name),
          key: `job:${id}:${calls++}`,
          cause: `job:${id}`,
        }),
      signal: stopping.signal,
    })
    log.info({ job: job.name, id, duration_ms: Math.round(performance.now() - started) }, 'job done')
  }

  const runner = await run({
    pgPool: pool,
    taskList,
    concurrency: CONCURRENCY,
    pollInterval: POLL_MS,
    noHandleSignals: true,
    logger: new Logger(() => (level, message) => void (level === 'error' && log.error(message))),
    parsedCronItems: parseCronItems(
      schedules.map(({ job, cron, payload }) => ({
        task: job,
        match: cron,
        payload: payload ?? {},
        options: { backfillPeriod: BACKFILL_HOURS * 3_600_000, jobKey: `schedule:${job}` },
      })),
    ),
  })
  return {
    async stop() {
      stopping.abort()
      await runner.stop()
    },
  }
}

const silent = new Logger(() => () => undefined)
