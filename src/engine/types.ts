import type { Actor } from '../kernel/actor.ts'
import type { Fault } from '../kernel/fault.ts'
import type { Row } from '../kernel/field.ts'
import type { GrantSource } from '../kernel/grants/source.ts'
import type { Address, Mode, Verdict } from '../kernel/proposal.ts'
import type { Resource } from '../kernel/resource.ts'
import type { Rule } from '../kernel/rule.ts'
import type { RuleSource } from '../kernel/validation.ts'
import type { Pool } from '../store/pool.ts'
import type { AccessBook } from './access/book.ts'

/** What the two paths work on: the database and the frozen declarations. */
export type Engine = {
  readonly pool: Pool
  readonly resources: ReadonlyMap<string, Resource>
  /** who may do what. */
  readonly access: AccessBook
  /** how often each job is tried, by its name; one that is not named is tried 10 times. */
  readonly attempts?: ReadonlyMap<string, number>
  /** where grants are kept, and who holds them; without it only declarations say who may do what. */
  readonly grants?: GrantSource
  /** where the rules that people write are kept; without it there are none. */
  readonly rules?: RuleSource
  /** the resource that keeps saved questions; without it there are none. */
  readonly views?: Resource
  /** called after every commit that left events, so that followers look at the log at once. */
  wake(): void
}

/** A call of an action, whichever door it came through. */
export type Perform = {
  actor: Actor
  resource: string
  action: string
  /** ids or natural keys; the records that the action is for, at most 1,000. */
  targets?: readonly string[]
  /** one input, or a list of them for `create`. */
  input?: unknown
  /** shows what would happen: the real constraints, in a transaction that is rolled back. */
  dryRun?: boolean
  reason?: string | null
  /** idempotency key: the same key with the same request gives the same answer, once. */
  key?: string | null
  /** the version that the caller has seen (If-Match); 412 when the record moved on. */
  ifVersion?: number
  requestId?: string | null
  /** the import, change or event that caused this call. */
  cause?: string | null
  /** for an action that only reads: all tables as they stood at this time (RFC 3339). */
  asOf?: string
}

/** What an action did. `change` is null when nothing was written: it was all there already, or a dry run. */
export type Outcome = {
  change: string | null
  records: Row[]
  /** what the caller alone is told: a new token. */
  answer: Row | null
  /** what rules of severity warning say of the records; absent when they say nothing. */
  warnings?: readonly Fault[]
  replayed: boolean
  dryRun: boolean
}

/** A question to a resource, already parsed. */
export type Query = {
  /** words to search for. */
  q?: string
  filter?: Rule
  sort: readonly Sort[]
  limit: number
  cursor?: string
  /** names of the fields to show; all when absent. */
  fields?: readonly string[]
  /** ref fields whose records come along. */
  expand?: readonly string[]
  facets?: readonly string[]
  count?: boolean
  /** a cursor for every record, not only for the last. */
  cursors?: boolean
  archived: 'without' | 'only' | 'with'
  /** the records as they stood at this time (RFC 3339) instead of now. */
  asOf?: string
}
export type Sort = { field: string; descending: boolean }

/** A page of records. `next` is the cursor of the page after it, null on the last one. */
export type Page = {
  items: Row[]
  next: string | null
  /** where each record stands; a page can be continued behind any of them. */
  cursors?: string[]
  /** field → value → number of records, largest first, at most 100 values each. */
  facets?: Record<string, { value: unknown; count: number }[]>
  /** number of matching records; `capped` when there are at least that many. */
  count?: { value: number; capped: boolean }
}

/** What an undo did or would do. `kept` lists every value that somebody changed since, which was left alone. */
export type UndoOutcome = {
  change: string | null
  restored: number
  kept: Kept[]
  replayed: boolean
  dryRun: boolean
}
export type Kept = { resource: string; record: string; key: string; field: string | null; reason: string }

/** How an import is to be read and applied. All of it is part of the import's identity. */
export type ImportOptions = {
  mode?: Mode
  format?: string
  encoding?: string
  delimiter?: string
  decimal?: '.' | ','
  sheet?: string
  /** name of a saved mapping template. */
  template?: string
  /** a mapping given with the file: header → column or null. */
  columns?: Record<string, string | null>
  strict?: boolean
  onError?: 'abort' | 'skip' | `stop-after=${number}`
  /** snapshot: largest share of live records that may be archived, 0..1. */
  maxRemovalShare?: number
  /** name of the saved source that brings the file: what it writes is its own, and it leaves alone what a higher one wrote. */
  source?: string
}

/** A row of a plan, as it is shown. */
export type PlannedRow = {
  position: number
  address: Address
  key: string | null
  record: string | null
  verdict: Verdict
  before: Row | null
  after: Row | null
  errors: Fault[]
  warnings: Fault[]
}
