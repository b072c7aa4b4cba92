import { Logger, run } from 'graphile-worker'
import { pino } from 'pino'
import type { House } from '../src/house.ts'
import type { Job } from '../src/kernel/area.ts'
import { openPlainPool, type Pool } from '../src/store/pool.ts'
import { addJobs } from '../src/store/queue.ts'
import { QUEUE_SETTINGS } from '../src/work/jobs/worker.ts'
import { startRunner } from '../src/work/runner.ts'

const JOBS = 20_000
const CHUNK = 1_000
const ROUNDS = 3
const TASK = 'bench.empty'

/**
 * Empty jobs through our runner (identity, time limit, numbers, proof of life) beside a bare graphile-worker with
 * the same batches. They take turns, and the best round of each counts. Jobs a second.
 */
export async function jobRates(house: House): Promise<{ ours: number; floor: number; unbatched: number }> {
  const rates = { ours: 0, floor: 0, unbatched: 0 }
  const { batched, unbatched } = {
    batched: QUEUE_SETTINGS,
    unbatched: { concurrentJobs: QUEUE_SETTINGS.concurrentJobs },
  }
  for (let round = 0; round < ROUNDS; round++) {
    rates.floor = Math.max(
      rates.floor,
      await rateOf(house.pool, JOBS, (done) => bare(house.pool, batched, done)),
    )
    rates.ours = Math.max(rates.ours, await rateOf(house.pool, JOBS, (done) => ours(house, done)))
  }
  rates.unbatched = await rateOf(house.pool, JOBS / 10, (done) => bare(house.pool, unbatched, done))
  return rates
}

type Stop = () => Promise<void>

async function rateOf(pool: Pool, jobs: number, start: (done: () => void) => Promise<Stop>): Promise<number> {
  for (let from = 0; from < jobs; from += CHUNK)
    await addJobs(
      pool,
      Array.from({ length: CHUNK }, () => ({ name: TASK, payload: {} })),
    )
  await pool.query('vacuum analyze graphile_worker._private_jobs')
  let left = jobs
  let finish: () => void
  const finished = new Promise<void>((resolve) => {
    finish = resolve
  })
  // From the first job to the last: how long a worker takes to start is another matter.
  let first = 0
  let last = 0
  const stop = await start(() => {
    first ||= performance.now()
    if (--left > 0) return
    last = performance.now()
    finish()
  })
  await finished
  await stop()
  return (jobs - 1) / ((last - first) / 1_000)
}

async function bare(pool: Pool, worker: GraphileConfig.WorkerOptions, done: () => void): Promise<Stop> {
  const own = openPlainPool(pool, 4)
  const runner = await run({
    pgPool: own,
    taskList: { [TASK]: async () => done() },
    parsedCronItems: [],
    noHandleSignals: true,
    logger: new Logger(() => () => undefined),
    preset: { worker },
  })
  return async () => {
    await runner.stop()
    await own.end()
  }
}

async function ours({ engine, pool, meters }: House, done: () => void): Promise<Stop> {
  const job: Job = { name: TASK, run: async () => done() }
  // As everywhere in this bench neither side writes log lines; one a job costs 4.5 µs.
  const log = pino({ level: 'silent' })
  const runner = await startRunner({ engine, pool, jobs: [job], schedules: [], log, meters })
  return () => runner.stop()
}
