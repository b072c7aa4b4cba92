import type pg from 'pg'
import type { Objects } from '../../ports/objects.ts'
import type { MigrationOptions } from '../../store/migrate.ts'
import type { TableDiff } from '../../store/snapshot.ts'

/** A backup as people see it. */
export type BackupInfo = {
  name: string
  /** `json`: a file of the predecessor, listed so that nobody overlooks it. */
  kind: 'serai' | 'json'
  /** RFC 3339, the backup's own time. */
  created_at: string
  /** on disk; a file shared with an older backup counts in both. */
  size_bytes: number
  reason: string
  verified: boolean
  verified_at: string | null
  pinned: boolean
  /** of everything that the backup holds; null when it cannot be read. */
  sha256: string | null
  schema_version: string | null
  rows: number
  /** what is wrong with it, and what to do; null when nothing is known to be. */
  problem: string | null
  path: string
}

export type VerifyReport = {
  name: string
  ok: boolean
  problems: string[]
  rows: number
  duration_ms: number
}
/** `backup`: the one taken just before; null on a dry run. */
export type RestoreReport = {
  name: string
  backup: string | null
  tables: TableDiff[]
  objects: number
  duration_ms: number
}
export type RetentionVerdict = { name: string; keep: boolean; why: string }
export type DrillReport = VerifyReport

export type TakeOptions = {
  /** Answer with the last verified backup when nothing changed since. */
  reuse?: boolean
  /** Prove it in a scratch database, then rotate; true unless said otherwise. */
  verify?: boolean
  /** Never rotated away. */
  pinned?: boolean
}

export type Backups = {
  take(reason: string, options?: TakeOptions): Promise<BackupInfo>
  /** By name, which is by time. */
  list(): Promise<BackupInfo[]>
  verify(name: string): Promise<VerifyReport>
  /** What a restore would do. */
  diff(name: string): Promise<TableDiff[]>
  restore(name: string, options?: { dryRun?: boolean }): Promise<RestoreReport>
  prune(options?: { dryRun?: boolean }): Promise<RetentionVerdict[]>
  /** Restores the newest verified backup into a scratch database and says how long that takes. */
  drill(): Promise<DrillReport>
}

export type BackupOptions = {
  connection: pg.ClientConfig
  /** Backups lie in `<home>/backups`. */
  home: string
  objects: Objects
  /** Everything younger is kept. */
  retentionDays: number
  /**
   * Tables of schema `public` that need no backup because they are rebuilt or worthless later. Unlogged tables are left
   * out anyway, other schemas (`graphile_worker`: jobs of the moment) are never in.
   */
  exclude?: readonly string[]
  /** Folder of the numbered migrations; the project's own unless said otherwise. */
  migrations?: string
  onProgress?(done: number, total: number, what: string): void
  now?: () => Date
  /** Stops what is under way; nothing half done remains. */
  signal?: AbortSignal
}

/** What the parts of this room hand to each other. */
export type Context = Required<
  Pick<BackupOptions, 'connection' | 'objects' | 'retentionDays' | 'exclude' | 'now'>
> & {
  /** `<home>/backups` */
  folder: string
  progress(done: number, total: number, what: string): void
  signal: AbortSignal | undefined
  /** Where the migrations are, as `migrateUp` takes it. */
  migrations: MigrationOptions
}
