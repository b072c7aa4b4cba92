import type pg from 'pg'
import { appliedMigrations } from '../../store/migrate.ts'
import { inTransaction, readOrigin, readTables, withSession } from '../../store/snapshot.ts'
import { looksWhole } from './check.ts'
import { BackupError, explainWrite } from './error.ts'
import type { Manifest } from './manifest.ts'
import { listObjects } from './objects.ts'
import { pack, readMarker } from './pack.ts'
import { prune } from './retention.ts'
import { latestVerified, listShelf, publish, readInfo, readShelf } from './shelf.ts'
import type { BackupInfo, Context, TakeOptions } from './types.ts'
import { verifyBackup } from './verify.ts'

/** Every reader of this transaction sees the one state that it began with. */
const SNAPSHOT = 'begin isolation level repeatable read read only'

/**
 * Takes a backup of the whole database and all objects, proves it, then lets old ones go. With `reuse` the last verified
 * one is the answer when nothing changed since. One that fails its proof stays for inspection, unverified, and is an error.
 */
export async function takeBackup(
  context: Context,
  reason: string,
  options: TakeOptions = {},
): Promise<BackupInfo> {
  const name = await withSession(context.connection, (client) =>
    inTransaction(client, SNAPSHOT, async () => {
      const again = options.reuse ? await unchangedSince(context, client) : null
      return again ?? (await writeBackup(context, client, reason, options.pinned ?? false))
    }),
  )
  const info = await readInfo(context.folder, name)
  if (info?.verified || options.verify === false) return info!
  await prove(context, name)
  await prune(context, {})
  return (await readInfo(context.folder, name))!
}

/** Writes one backup through `client`, whose transaction decides what it sees, and returns its name. */
export async function writeBackup(
  context: Context,
  client: pg.ClientBase,
  reason: string,
  pinned: boolean,
): Promise<string> {
  const time = context.now()
  const last = latestVerified(await listShelf(context.folder))
  const previous = last ? { path: last.path, manifest: await readShelf(context.folder, last.name) } : null
  const needed = last?.size_bytes ?? (await tableSizes(context, client))
  try {
    return await publish(context.folder, time, (folder) =>
      pack(context, client, folder, { reason, pinned, time, previous }),
    )
  } catch (error) {
    throw await explainWrite(error, context.folder, needed)
  }
}

/** Throws when the backup does not give back what was saved. */
export async function prove(context: Context, name: string): Promise<void> {
  const { ok, problems } = await verifyBackup(context, name)
  if (ok) return
  throw new BackupError(
    'backup.unverified',
    `${name} was written but does not restore to what was saved: ${problems.join('; ')}. It is kept for inspection and ` +
      'does not count as a backup; the older ones are untouched. Check the disk, then take another.',
  )
}

/** The name of the last verified backup if it holds what is there now: same database, schema, end of log and files. */
async function unchangedSince(context: Context, client: pg.ClientBase): Promise<string | null> {
  const last = latestVerified(await listShelf(context.folder))
  if (!last) return null
  const manifest = await readShelf(context.folder, last.name)
  const same = (await sameDatabase(client, manifest)) && (await sameObjects(context, manifest))
  return same && (await looksWhole(last.path, manifest)) ? last.name : null
}

async function sameDatabase(client: pg.ClientBase, { content }: Manifest): Promise<boolean> {
  const marker = await readMarker(client)
  const migrations = (await appliedMigrations(client)).map(({ name }) => name)
  return (
    marker !== null &&
    marker === content.marker &&
    (await readOrigin(client)) === content.origin &&
    migrations.join() === content.migrations.join()
  )
}

async function sameObjects(context: Context, { content }: Manifest): Promise<boolean> {
  const signature = (list: readonly { key: string; version: string }[]) =>
    list.map(({ key, version }) => `${key} ${version}`).join('\n')
  return signature(await listObjects(context)) === signature(content.objects)
}

/** What the tables take on disk: more than their backup will, for want of a better guess before the first one. */
async function tableSizes(context: Context, client: pg.ClientBase): Promise<number> {
  const tables = await readTables(client, context.exclude)
  return tables.reduce((sum, { size_bytes }) => sum + size_bytes, 0)
}
