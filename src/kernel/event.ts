import type { Row } from './field.ts'

/** The fact that an action left, in the action's own transaction. Never edited. */
export type Event = {
  /** order of writing; not the order of commit, see `src/store/log.ts`. */
  position: number
  time: string
  /** shared by all events of one call. */
  change: string
  actor: string
  action: string
  resource: string
  /** id of the record. */
  record: string
  /** natural key of the record when it was written, for people. */
  key: string
  /** version of the record after the action. */
  version: number
  /** fields that changed, as they were; null for a new record. */
  before: Row | null
  /** fields that changed, as they became; the whole record for a new one. */
  after: Row
  reason: string | null
  /** id of the request. */
  request: string | null
  /** what caused it: the change that was undone, the import, the event that a job followed. */
  cause: string | null
  /** `traceparent` (W3C Trace Context) of the call, when it came with one. */
  trace: string | null
}
