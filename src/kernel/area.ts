import type { Tx } from './action.ts'
import type { Actor } from './actor.ts'
import type { Alias } from './alias.ts'
import type { Event } from './event.ts'
import type { Row } from './field.ts'
import type { GrantSource } from './grants/source.ts'
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
  /** aborted when the job must end soon: it takes too long, the worker stops, or it lost the database. The reason says which. */
  signal: AbortSignal
  /** a line in the log that names the job, its attempt and its trace. */
  log(message: string, facts?: Row): void
}

/** Reads the log after the fact. What it does with an event it does through actions. */
export type Follower = {
  name: string
  resources?: readonly string[]
  handle(event: Event, context: Pick<JobContext, 'perform'>): Promise<void>
}

/** How often a job is tried that does not say so itself. The pauses grow (2.7 s, 7 s, 20 s, … 2 h 15 min), 3.5 h in all. */
export const ATTEMPTS_MAX = 10
/** Time that a job has which does not say so itself. */
export const JOB_TIMEOUT_SECONDS = 300

/** Work for later, by name. It runs at least once, so it must do no harm when it runs again. */
export type Job = {
  name: string
  /** how often it is tried before it is dead and waits for a person. */
  attempts?: number
  /** time that one attempt may take; then its signal is aborted. */
  timeoutSeconds?: number
  run(payload: Row, context: JobContext): Promise<void>
}

/** A job that starts by the clock: five cron fields in UTC. */
export type Schedule = { job: string; cron: string; payload?: Row }

/** A product line: a folder, and one line in `main.ts`. */
export type Area = {
  name: string
  resources: readonly Resource[]
  /** where the rules that people write are kept; one area has them. */
  rules?: RuleSource
  /** where grants are kept; one area has them. */
  grants?: GrantSource
  /** who an actor is by now: with its present roles, null when its credential is no longer good; one area knows. */
  current?(query: Tx['query'], actor: Actor): Promise<Actor | null>
  /** the resource that keeps the questions people saved: its records have a resource, a name and a query. */
  views?: Resource
  jobs?: readonly Job[]
  schedules?: readonly Schedule[]
  followers?: readonly Follower[]
  /** addresses of programs that it took the place of. */
  aliases?: readonly Alias[]
}
