import type { Readable } from 'node:stream'
import { readOne } from '../../engine/read.ts'
import { type Claim, claimOf } from '../../engine/replay.ts'
import type { Engine, ImportOptions } from '../../engine/types.ts'
import type { Actor } from '../../kernel/actor.ts'
import type { Row } from '../../kernel/field.ts'
import type { Counts } from '../../kernel/proposal.ts'

/** What the imports need of the house. */
export type ImportContext = {
  engine: Engine
  /** folder for uploaded files, by their SHA-256. */
  folder: string
  /** takes a backup when something changed since the last one; returns its name. */
  backup(reason: string): Promise<string>
  /** called when an import was applied or refused after its backup was taken. */
  applied?(): void
  /** largest upload, bytes. */
  uploadBytesMax?: number
}

export type Upload = {
  actor: Actor
  resource: string
  fileName: string
  body: Readable
  options: ImportOptions
  key?: string | null
  requestId?: string
}
export type ApplyRequest = {
  actor: Actor
  progress?: Progress
  reason?: string
  wait_seconds?: number
  key?: string | null
  requestId?: string
}
export type WayBack = {
  actor: Actor
  dryRun?: boolean
  reason?: string
  key?: string | null
  requestId?: string
}
export type Progress = (done: number, total: number, what: string) => void

/** The import as the actor may see it. */
export function show({ engine }: ImportContext, actor: Actor, id: string): Promise<Row> {
  return readOne(engine, actor, 'import', id)
}

/** What makes two calls of an import's verb the same. */
export function importClaim(
  action: 'apply' | 'undo' | 'redo' | 'cancel',
  id: string,
  { actor, key, dryRun }: { actor: Actor; key?: string | null; dryRun?: boolean },
): Claim | undefined {
  return claimOf({
    actor,
    key: key ?? null,
    resource: 'import',
    action,
    targets: [id],
    dryRun: dryRun ?? false,
  })
}

/** Rows that applying would write. */
export function changing(counts: Counts): number {
  return counts.created + counts.updated + counts.removed
}
