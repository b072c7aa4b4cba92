import type { Event } from './event.ts'
import type { Row } from './field.ts'
import type { Resource } from './resource.ts'
import type { RuleSource } from './validation.ts'

/** What a job may use: the two paths, as a named actor. It has no transaction; it records its result by an action. */
export type JobContext = {
  perform(request: {
    resource: string
    action: string
    targets?: readonly string[]
    input?: Row
    reason?: string
  }): Promise<{ change: string | null; records: Row[]; answer: Row | null }>
  /** true when the worker is being stopped and the job should end soon. */
  signal: AbortSignal
}

/** Reads the log after the fact. What it does with an event it does through actions. */
export type Follower = {
  name: string
  resources?: readonly string[]
  handle(event: Event, context: Pick<JobContext, 'perform'>): Promise<void>
}

/** Work for later, by name. It runs at least once, so it must do no harm when it runs again. */
export type Job = { name: string; run(payload: Row, context: JobContext): Promise<void> }

/** A job that starts by the clock: five cron fields in UTC. */
export type Schedule = { job: string; cron: string; payload?: Row }

/** A product line: a folder, and one line in `main.ts`. */
export type Area = {
  name: string
  resources: readonly Resource[]
  /** where the rules that people write are kept; one area has them. */
  rules?: RuleSource
  /** the resource that keeps the questions people saved: its records have a resource, a name and a query. */
  views?: Resource
  jobs?: readonly Job[]
  schedules?: readonly Schedule[]
  followers?: readonly Follower[]
}
