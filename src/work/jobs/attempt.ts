import type { Logger } from 'pino'
import { perform } from '../../engine/perform.ts'
import type { Engine } from '../../engine/types.ts'
import { systemActor } from '../../kernel/actor.ts'
import { JOB_TIMEOUT_SECONDS, type Job, type JobContext } from '../../kernel/area.ts'
import type { Row } from '../../kernel/field.ts'
import { continueTrace } from '../../kernel/trace.ts'
import { TRACE_MEMBER } from '../../store/queue.ts'
import { withTrace } from '../../store/trace.ts'
import type { Meters } from '../meters.ts'
import { createEnding, type Ending } from './ending.ts'

/** Time that a job has to end once its signal is aborted; after it, it is given up and may change nothing any more. */
const HEED_MS = 10_000

/** One attempt of a job, as the queue hands it out. */
export type Attempt = { id: string; attempt: number; attemptsMax: number; payload: unknown }
/** What runs attempts, and can end all that are running. */
export type Attempts = {
  run(job: Job, attempt: Attempt): Promise<void>
  endAll(reason: Error): void
}

/**
 * Runs jobs. Each acts as `system:<its name>`; its calls of actions carry a key made of the job's id, so that a job which
 * runs again does not do again what it had done. `alive` says whether this worker may still act.
 */
export function createAttempts(deps: {
  engine: Engine
  log: Logger
  meters: Meters
  alive(): boolean
}): Attempts {
  const { engine, log, meters, alive } = deps
  const running = new Set<Ending>()

  async function run(job: Job, given: Attempt): Promise<void> {
    const { [TRACE_MEMBER]: traceparent, ...payload } = (given.payload ?? {}) as Row
    const trace = continueTrace(traceparent)
    const labels = {
      job: job.name,
      id: given.id,
      attempt: given.attempt,
      ...(trace ? { trace_id: trace.id } : {}),
    }
    const started = performance.now()
    const tell = (outcome: 'done' | 'failed' | 'dead', error?: Error) => {
      const ms = performance.now() - started
      meters.job(job.name, outcome, ms / 1_000)
      const facts = { ...labels, duration_ms: Math.round(ms) }
      if (error) log.error({ ...facts, error: error.message, dead: outcome === 'dead' }, 'job failed')
      else log.info(facts, 'job done')
    }
    try {
      if (!alive()) throw lostDatabase()
      await withTrace(trace, () => bounded(job, payload, given.id, labels))
      tell('done')
    } catch (error) {
      tell(given.attempt >= given.attemptsMax ? 'dead' : 'failed', error as Error)
      throw error
    }
  }

  /** Runs the job until it ends by itself, or some time after it was told to; then it may change nothing any more. */
  async function bounded(job: Job, payload: Row, id: string, labels: Row): Promise<void> {
    const ending = createEnding(HEED_MS)
    const seconds = job.timeoutSeconds ?? JOB_TIMEOUT_SECONDS
    const timer = setTimeout(
      () => ending.end(new Error(`The job took longer than the ${seconds} s that it has.`)),
      seconds * 1_000,
    )
    running.add(ending)
    try {
      await ending.settle(job.run(payload, contextOf(job, id, labels, ending)))
    } finally {
      clearTimeout(timer)
      running.delete(ending)
    }
  }

  function contextOf(job: Job, id: string, labels: Row, ending: Ending): JobContext {
    let calls = 0
    return {
      get signal() {
        return ending.signal
      },
      log: (message, facts) => log.info({ ...facts, ...labels }, message),
      async perform(request) {
        // Given up: another attempt may be under way.
        if (!running.has(ending))
          throw ending.reason ?? new Error('The job is over; it may change nothing any more.')
        if (!alive()) throw lostDatabase()
        const origin = `job:${id}`
        const key = `${origin}:${calls++}`
        return perform(engine, { ...request, actor: systemActor(job.name), key, cause: origin })
      },
    }
  }

  return {
    run,
    endAll(reason) {
      for (const ending of running) ending.end(reason)
    },
  }
}

export function lostDatabase(): Error {
  return new Error('This worker lost the database; another one will run the job.')
}
