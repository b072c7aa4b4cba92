import { createReadStream } from 'node:fs'
import { join } from 'node:path'
import { Writable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { createZstdDecompress } from 'node:zlib'
import type pg from 'pg'
import { migrateUp } from '../../store/migrate.ts'
import {
  adapt,
  describeError,
  inTransaction,
  lighten,
  loadRows,
  type Measure,
  meter,
  readRows,
  readTables,
  refill,
  withScratch,
  withSession,
} from '../../store/snapshot.ts'
import type { BackedTable, Manifest } from './manifest.ts'
import { readStats } from './pack.ts'
import type { Context } from './types.ts'

/** A backup on disk. */
export type Backup = { name: string; path: string; manifest: Manifest }
/** A copy of the backup in a database of its own, and what in it is not as the manifest says. */
export type Rehearsal = { connection: pg.ClientConfig; client: pg.Client; problems: string[] }

/**
 * Restores a backup into a scratch database, reads it out again and compares: rows and hashes of every table, the
 * figures of the catalog; keys, checks and references are proved by loading. `work` gets that database; with
 * `complete` it has all derived parts (search indexes, generated columns), so that migrations can run on it.
 */
export async function rehearse<Result>(
  context: Context,
  backup: Backup,
  complete: boolean,
  work: (rehearsal: Rehearsal) => Promise<Result>,
): Promise<Result> {
  const { content } = backup.manifest
  return withScratch(context.connection, async (connection) => {
    if (content.schema_version)
      await migrateUp(connection, { ...context.migrations, to: content.schema_version })
    return withSession(connection, async (client) => {
      if (!complete) await lighten(client)
      const problems = await load(context, client, backup)
      if (problems.length === 0) problems.push(...(await compare(context, client, backup)))
      return work({ connection, client, problems })
    })
  })
}

/** A file that PostgreSQL refuses is a finding about the backup, not a failure of the verification. */
async function load(context: Context, client: pg.Client, { path, manifest }: Backup): Promise<string[]> {
  const { tables } = manifest.content
  const steps = progressSteps(context, tables, 'restoring')
  try {
    await inTransaction(client, 'begin', async () => {
      await adapt(client, tables)
      await refill(client, tables, async () => {
        for (const table of tables) {
          steps(table)
          checkMeasure(table, 'the file', await loadTable(context, client, path, table))
        }
      })
    })
    return []
  } catch (error) {
    if (context.signal?.aborted || isServerProblem(error)) throw error
    return [`it cannot be loaded: ${describeError(error)}`]
  }
}

async function loadTable(
  context: Context,
  client: pg.Client,
  path: string,
  table: BackedTable,
): Promise<Measure> {
  const plain = meter(table.bytes)
  await pipeline(
    createReadStream(join(path, table.file.path)),
    createZstdDecompress(),
    plain.stream,
    loadRows(client, table.name, table.columns),
    { signal: context.signal },
  )
  return plain.result()
}

async function compare(context: Context, client: pg.Client, { manifest }: Backup): Promise<string[]> {
  const { tables, stats } = manifest.content
  const shapes = new Map((await readTables(client, [])).map((shape) => [shape.name, shape]))
  const steps = progressSteps(context, tables, 'comparing')
  const problems: string[] = []
  for (const table of tables) {
    steps(table)
    const collated = new Set(
      shapes
        .get(table.name)
        ?.columns.filter((column) => column.collated)
        .map(({ name }) => name),
    )
    const columns = table.columns.map((column) => ({ ...column, collated: collated.has(column.name) }))
    const plain = meter()
    const rows = readRows(client, { name: table.name, columns, key: table.key, size_bytes: 0 })
    await pipeline(rows, plain.stream, discardAll(), { signal: context.signal })
    problems.push(...measureProblems(table, 'the restored table', plain.result()))
  }
  const restored = await readStats(client)
  if (stats && JSON.stringify(restored) !== JSON.stringify(stats))
    problems.push(
      `the restored catalog counts ${JSON.stringify(restored)}, the backup says ${JSON.stringify(stats)}`,
    )
  return problems
}

function checkMeasure(table: BackedTable, what: string, found: Measure): void {
  const [problem] = measureProblems(table, what, found)
  if (problem) throw new Error(problem)
}

function measureProblems(table: BackedTable, what: string, found: Measure): string[] {
  if (found.rows !== table.rows)
    return [`${what} ${table.name} has ${found.rows} rows instead of ${table.rows}`]
  if (found.sha256 !== table.sha256)
    return [`${what} ${table.name} differs in content (its SHA-256 is another)`]
  return []
}

function progressSteps(
  context: Context,
  tables: readonly BackedTable[],
  what: string,
): (table: BackedTable) => void {
  const total = tables.reduce((sum, { bytes }) => sum + bytes, 0)
  let done = 0
  return (table) => {
    context.progress(done, total, `${what} ${table.name}`)
    done += table.bytes
  }
}

function discardAll(): Writable {
  return new Writable({ write: (_chunk, _encoding, done) => done() })
}

/** The server is full, going down or out of reach (SQLSTATE classes 08, 53, 57, 58): that says nothing of the backup. */
function isServerProblem(error: unknown): boolean {
  const { code = '' } = error as { code?: string }
  return /^(08|53|57|58|42501)/.test(code) || /^E[A-Z]+$/.test(code)
}
