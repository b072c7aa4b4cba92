import type { Readable } from 'node:stream'
import type { Feed } from '../engine/feed.ts'
import type { Engine, ImportOptions, PlannedRow, Query, UndoOutcome } from '../engine/types.ts'
import type { Actor } from '../kernel/actor.ts'
import type { Row } from '../kernel/field.ts'
import type { Counts, Verdict } from '../kernel/proposal.ts'
import type { PeopleService } from './identity/people.ts'

/** Everything that a door may use, given to it by the composition root. Doors know no other room than these shapes. */
export type Services = {
  engine: Engine
  imports: Imports
  backups: BackupService
  /** what happens, as it happens. */
  feed: Feed
  sources: SourceService
  /** signing in and out, and what people do with who they are; without it only tokens open doors. */
  people?: PeopleService
  /** name of the environment: development, staging, production, … */
  environment: string
  /** release of Serai, from package.json. */
  version: string
  /** where it runs, for people: `embedded PostgreSQL under /srv/shop/.serai`. */
  database: string
  /** numbers of the process for /metrics that no door counts itself. */
  gauges(): Promise<Gauge[]>
  /** what this process counted of its work behind the doors, in the text format of Prometheus. */
  meters?(): Promise<string>
}

/** Called while something takes long: `total` is 0 when it is not known yet. */
export type Progress = (done: number, total: number, what: string) => void

/** A number as it is now; a counter where it says so. */
export type Gauge = {
  name: string
  help: string
  value: number
  labels?: Record<string, string>
  type?: 'counter'
}

/**
 * Files into records: uploaded → parsed → mapped → planned → applied → undone. Every method answers with the import as
 * the resource `import` shows it (id, state, counts, warnings, …). A `key` is an idempotency key: the same call with the same
 * key is done once, and its answer is kept in the transaction that did it.
 */
export type Imports = {
  /** Keeps the bytes and makes the import; the same bytes with the same options give the same import (`again`: true). */
  upload(request: {
    actor: Actor
    resource: string
    fileName: string
    body: Readable
    options: ImportOptions
    key?: string | null
    requestId?: string
  }): Promise<{ import: Row; again: boolean }>
  /** Reads the file, judges every record and keeps the plan. */
  plan(id: string, context: { actor: Actor; progress?: Progress }): Promise<Row>
  /** Executes the kept plan, with a backup before it. 409 when it is not planned, 422 when it has rejected rows and is atomic. */
  apply(
    id: string,
    context: {
      actor: Actor
      progress?: Progress
      reason?: string
      wait_seconds?: number
      key?: string | null
      requestId?: string
    },
  ): Promise<Row>
  /** The whole way at once, as `serai ingest` does it. */
  ingest(request: {
    actor: Actor
    resource: string
    fileName: string
    body: Readable
    options: ImportOptions
    dryRun: boolean
    progress?: Progress
    waitSeconds?: number
    requestId?: string
  }): Promise<{ import: Row; again: boolean }>
  undo(
    id: string,
    context: { actor: Actor; dryRun?: boolean; reason?: string; key?: string | null; requestId?: string },
  ): Promise<UndoOutcome>
  /** Takes the undo back. 409 when the import is not undone. */
  redo(
    id: string,
    context: { actor: Actor; dryRun?: boolean; reason?: string; key?: string | null; requestId?: string },
  ): Promise<UndoOutcome>
  cancel(id: string, context: { actor: Actor; key?: string | null }): Promise<Row>
  /** Rows of the plan in the order of the file. */
  rows(
    id: string,
    context: { actor: Actor; verdict?: Verdict; after?: number; limit: number },
  ): Promise<{ items: PlannedRow[]; next: number | null }>
  /** The refused rows in the format they came in, each with its reasons. */
  rejects(
    id: string,
    context: { actor: Actor },
  ): Promise<{ fileName: string; contentType: string; body: AsyncIterable<Uint8Array> }>
}

/** Saved import sources, run by hand; `target` is an id or a name. */
export type SourceService = {
  /** Fetches and takes in. 409 when another run is at it. */
  run(target: string, options: { force: boolean }): Promise<SourceReport>
  /** Fetches and plans; writes nothing. */
  check(target: string): Promise<SourceReport>
}
export type SourceReport = {
  source: string
  /** applied, unchanged, planned, refused or failed; of several files the worst. */
  outcome: string
  error: string | null
  files: {
    file: string
    outcome: string
    import: string | null
    counts: Counts | null
    error: string | null
  }[]
}

/** The way to another installation of Serai. */
export type Promotion = {
  /** for people: a folder, or an address. */
  place: string
  /** what it says that it is; null when it cannot be asked. */
  environment: string | null
  /** Plans this house's records as an import there; writes nothing of them. */
  plan(request: {
    resource: string
    query: Pick<Query, 'q' | 'filter' | 'archived'>
    mode: 'replace' | 'snapshot'
    maxRemovalShare?: number
  }): Promise<PromotionPlan>
  /** Applies that plan; answers with the import as it is there. */
  apply(id: string, reason: string): Promise<Row>
  cancel(id: string): Promise<void>
  close(): Promise<void>
}
/** The import that is the plan, and its first changes. */
export type PromotionPlan = { import: Row; changes: PlannedRow[] }

/** Backups as the doors show them; see `src/work/backup.ts`. */
export type BackupService = {
  take(reason: string, options?: { reuse?: boolean; verify?: boolean }): Promise<BackupInfo>
  list(): Promise<BackupInfo[]>
  verify(name: string): Promise<{ name: string; ok: boolean; problems: string[]; duration_ms: number }>
  diff(name: string): Promise<TableDiff[]>
  restore(
    name: string,
    options?: { dryRun?: boolean },
  ): Promise<{ name: string; backup: string | null; tables: TableDiff[] }>
  prune(options?: { dryRun?: boolean }): Promise<{ name: string; keep: boolean; why: string }[]>
  drill(): Promise<{ name: string; ok: boolean; duration_ms: number; problems: string[] }>
}
export type BackupInfo = {
  name: string
  kind: string
  created_at: string
  size_bytes: number
  reason: string
  verified: boolean
  verified_at: string | null
  pinned: boolean
  sha256: string | null
  problem: string | null
}
export type TableDiff = {
  table: string
  before: number
  after: number
  added: number
  removed: number
  changed: number
}
