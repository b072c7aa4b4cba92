import { join } from 'node:path'
import type pg from 'pg'
import { appliedMigrations, MIGRATION_LOCK, migrateUp } from '../../store/migrate.ts'
import {
  diffTable,
  inTransaction,
  lockTables,
  raiseSequences,
  readOrigin,
  readTables,
  replaceRows,
  type TableDiff,
  type TableShape,
  withSession,
} from '../../store/snapshot.ts'
import { checkFiles, checkSchema, refuseAltered } from './check.ts'
import { BackupError, explainServer } from './error.ts'
import type { Manifest } from './manifest.ts'
import { restoreObjects } from './objects.ts'
import { type Backup, rehearse } from './rehearse.ts'
import { readShelf } from './shelf.ts'
import { prove, writeBackup } from './take.ts'
import type { Context, RestoreReport } from './types.ts'

/** What restoring the backup would change, table by table. Changes nothing. */
export async function diffBackup(context: Context, name: string): Promise<TableDiff[]> {
  return withRehearsal(context, name, (copy) =>
    withSession(context.connection, (live) =>
      inTransaction(live, 'begin isolation level repeatable read read only', () =>
        diffAll(context, live, copy),
      ),
    ),
  )
}

/**
 * Replaces everything that the database holds by the backup, in one transaction, after proving the backup in a scratch
 * database and backing up what is there now. A backup of an older schema is brought up to the present one in the scratch
 * database first. When anything fails nothing has changed.
 */
export async function restoreBackup(
  context: Context,
  name: string,
  options: { dryRun?: boolean } = {},
): Promise<RestoreReport> {
  const began = performance.now()
  if (options.dryRun) {
    const tables = await diffBackup(context, name)
    return { name, backup: null, tables, objects: 0, duration_ms: Math.round(performance.now() - began) }
  }
  return withRehearsal(context, name, async (copy) => {
    const done = await withSession(context.connection, (live) =>
      inTransaction(live, 'begin', () => replaceAll(context, live, copy)),
    )
    // Only now: before the commit they still were the content of rows that are gone from here on.
    const { path, manifest } = copy.backup
    const different = await restoreObjects(context, path, manifest.content.objects, 'different')
    return {
      name,
      ...done,
      objects: done.objects + different,
      duration_ms: Math.round(performance.now() - began),
    }
  })
}

/**
 * The tables are locked before the comparison and the backup: a write that came between them and the restore would be
 * in neither the report nor any backup.
 */
async function replaceAll(
  context: Context,
  live: pg.Client,
  copy: Copy,
): Promise<Pick<RestoreReport, 'backup' | 'tables' | 'objects'>> {
  const { name, path, manifest } = copy.backup
  const { content } = manifest
  await live.query('select pg_advisory_xact_lock($1)', [MIGRATION_LOCK])
  const present = (await readTables(live, [])).map((shape) => shape.name)
  if (present.length > 0) await lockTables(live, present)
  const tables = await diffAll(context, live, copy)
  const backup = await writeBackup(context, live, `before restoring ${name}`, false)
  await prove(context, backup)
  await replaceRows(copy.client, live, copy.shapes, {
    foreign: (await readOrigin(live)) !== content.origin,
    onTable: (table) => context.progress(0, 0, `restoring ${table}`),
  })
  await raiseSequences(live, content.sequences)
  const objects = await restoreObjects(context, path, content.objects, 'missing')
  return { backup, tables, objects }
}

/** The backup as a database beside the live one, with the live one's schema; `shapes`: the tables that it replaces. */
type Copy = { backup: Backup; client: pg.Client; shapes: TableShape[] }

/** Checks the backup, loads it into a scratch database and brings that to the schema of the live one. */
async function withRehearsal<Result>(
  context: Context,
  name: string,
  work: (copy: Copy) => Promise<Result>,
): Promise<Result> {
  const path = join(context.folder, name)
  const manifest = await readShelf(context.folder, name)
  await checkSchema(context, name, manifest)
  refuseAltered(name, await checkFiles(path, manifest, context.progress))
  const target = await withSession(context.connection, appliedMigrations)
  const steps = stepsTo(
    name,
    manifest.content.migrations,
    target.map((step) => step.name),
  )
  const backup = { name, path, manifest }
  try {
    return await rehearse(context, backup, steps.length > 0, async ({ connection, client, problems }) => {
      refuseAltered(name, problems)
      const absent = await absentTables(client, manifest)
      if (steps.length > 0) await migrateUp(connection, { ...context.migrations, to: steps.at(-1)! })
      return work({ backup, client, shapes: await readTables(client, [...context.exclude, ...absent]) })
    })
  } catch (error) {
    throw explainServer(error)
  }
}

/** Tables that were left out of the backup: empty in the copy, they must not empty the live ones. */
async function absentTables(client: pg.Client, { content }: Manifest): Promise<string[]> {
  const backed = new Set(content.tables.map(({ name }) => name))
  return (await readTables(client, [])).map(({ name }) => name).filter((name) => !backed.has(name))
}

/** The migrations that the backup lacks; refuses a live schema that is behind it or another. */
function stepsTo(name: string, backed: readonly string[], live: readonly string[]): string[] {
  if (backed.every((step, index) => live[index] === step)) return live.slice(backed.length)
  throw new BackupError(
    'backup.schema',
    `${name} has the schema ${backed.at(-1)}, this database ${live.at(-1) ?? 'none'}. Nothing was changed. ` +
      'Run `serai migrate up` first, then restore.',
  )
}

async function diffAll(context: Context, live: pg.Client, { client, shapes }: Copy): Promise<TableDiff[]> {
  const present = new Map((await readTables(live, [])).map((shape) => [shape.name, shape]))
  const diffs: TableDiff[] = []
  for (const [index, shape] of shapes.entries()) {
    context.progress(index, shapes.length, `comparing ${shape.name}`)
    diffs.push(await diffTable(live, client, shape, present.get(shape.name)))
  }
  return diffs
}
