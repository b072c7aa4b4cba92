import { join } from 'node:path'
import { diffBackup, restoreBackup } from './backup/restore.ts'
import { prune } from './backup/retention.ts'
import { listShelf } from './backup/shelf.ts'
import { takeBackup } from './backup/take.ts'
import type { BackupOptions, Backups, Context } from './backup/types.ts'
import { drill, verifyBackup } from './backup/verify.ts'

export type { Backups } from './backup/types.ts'

/**
 * Backups of one database and its objects under `<home>/backups`: each a folder with one file a table, the objects and
 * a manifest, whole or not there at all. Opens nothing by itself; every call has its own connections.
 */
export function openBackups(options: BackupOptions): Backups {
  const context: Context = {
    connection: options.connection,
    objects: options.objects,
    retentionDays: options.retentionDays,
    exclude: options.exclude ?? [],
    now: options.now ?? (() => new Date()),
    folder: join(options.home, 'backups'),
    progress: options.onProgress ?? (() => undefined),
    signal: options.signal,
    migrations: options.migrations ? { folder: options.migrations } : {},
  }
  return {
    take: (reason, settings) => takeBackup(context, reason, settings),
    list: () => listShelf(context.folder),
    verify: (name) => verifyBackup(context, name),
    diff: (name) => diffBackup(context, name),
    restore: (name, settings) => restoreBackup(context, name, settings),
    prune: (settings) => prune(context, settings ?? {}),
    drill: () => drill(context),
  }
}
