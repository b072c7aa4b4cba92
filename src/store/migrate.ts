import { readdir } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import pg from 'pg'
import { Problem } from '../kernel/problem.ts'
import { trackConnection } from './connections.ts'
import type { Pool, Queryable } from './pool.ts'

/** One numbered step of the schema; `applied_at` is RFC 3339, or null while the step is pending. */
export type MigrationState = { name: string; applied_at: string | null }

/** `folder` holds the numbered SQL files; the project's own by default. */
export type MigrationOptions = { folder?: string }

export type MigrationErrorCode =
  | 'migration.newer' // the database holds a step that this code does not know
  | 'migration.gap' // a step is missing below one that is applied
  | 'migration.unknown' // asked for a step that does not exist
  | 'migration.misnamed' // a file that is not `0001_name.sql`
  | 'migration.failed' // PostgreSQL refused a step; that step was rolled back

/** Why the schema was not changed, and what to do. */
export class MigrationError extends Problem {
  declare readonly code: MigrationErrorCode
  constructor(code: MigrationErrorCode, message: string, cause?: unknown) {
    super(409, code, 'Migration refused', message)
    this.name = 'MigrationError'
    this.cause = cause
  }
}

/** The table that remembers which steps ran. */
export const MIGRATION_TABLE = 'migration'

const FOLDER = fileURLToPath(new URL('../../migrations', import.meta.url))
const FILE_NAME = /^\d{4}_[a-z0-9_]+\.sql$/
/** Everything else in the folder: the runner would try to execute a README as JavaScript. */
const NOT_MIGRATIONS = '(?!\\d{4}_[a-z0-9_]+\\.sql$).*'
/**
 * Advisory lock that whoever changes the schema holds: a number that no other program takes, 'serai' in ASCII.
 */
export const MIGRATION_LOCK = 0x73_65_72_61_69

/** All steps in order, applied or pending. Reads only. */
export async function migrationStatus(
  connection: pg.ClientConfig,
  options: MigrationOptions = {},
): Promise<MigrationState[]> {
  return withClient(connection, (client) => readStatus(client, options.folder))
}

/**
 * Runs the pending steps, up to and including `to`, each in a transaction of its own, and returns their names. A second
 * process that migrates at the same time waits, then finds nothing left to do. When a step fails the ones before it stay.
 */
export async function migrateUp(
  connection: pg.ClientConfig,
  options: MigrationOptions & { to?: string } = {},
): Promise<string[]> {
  return alone(connection, async (client) => {
    const status = await readStatus(client, options.folder)
    const pending = upTo(status, options.to).filter((step) => !step.applied_at)
    return run(client, pending, 'up', options.folder)
  })
}

/** Reverses the last `count` applied steps, newest first, and returns their names. */
export async function migrateDown(
  connection: pg.ClientConfig,
  count = 1,
  options: MigrationOptions = {},
): Promise<string[]> {
  return alone(connection, async (client) => {
    const applied = (await readStatus(client, options.folder)).filter((step) => step.applied_at)
    return run(client, applied.toReversed().slice(0, count), 'down', options.folder)
  })
}

/** The names of the steps that this code has, in order. */
export async function knownMigrations(folder = FOLDER): Promise<string[]> {
  const files = (await readdir(folder)).filter((name) => name.endsWith('.sql')).sort()
  const misnamed = files.find((name) => !FILE_NAME.test(name))
  if (misnamed)
    throw new MigrationError(
      'migration.misnamed',
      `${folder}/${misnamed} is not a migration's name; call it like 0001_name.sql.`,
    )
  return files.map((name) => name.slice(0, -'.sql'.length))
}

/** The steps that a database holds, in order of their numbers: its clock may have been set back between two of them. */
export async function appliedMigrations(client: Queryable): Promise<MigrationState[]> {
  const { rows: found } = await client.query("select to_regclass('public.migration') is not null as present")
  if (!found[0].present) return []
  const { rows } = await client.query(
    `select name, to_char(run_on, 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') as applied_at from public.migration order by name`,
  )
  return rows
}

async function readStatus(client: Queryable, folder?: string): Promise<MigrationState[]> {
  const [known, applied] = [await knownMigrations(folder), await appliedMigrations(client)]
  const times = new Map(applied.map((step) => [step.name, step.applied_at]))
  refuseUnknown(known, applied)
  refuseGap(known, times)
  return known.map((name) => ({ name, applied_at: times.get(name) ?? null }))
}

function refuseUnknown(known: string[], applied: MigrationState[]): void {
  const unknown = applied.filter((step) => !known.includes(step.name)).map((step) => step.name)
  if (unknown.length === 0) return
  throw new MigrationError(
    'migration.newer',
    `This database was migrated by a newer Serai (${unknown.join(', ')}); this one knows the steps up to ` +
      `${known.at(-1) ?? 'none'}. Nothing was changed. Run the newer version, or restore a backup made before the upgrade.`,
  )
}

function refuseGap(known: string[], times: Map<string, string | null>): void {
  const lastApplied = known.findLastIndex((name) => times.has(name))
  const missing = known.slice(0, Math.max(lastApplied, 0)).find((name) => !times.has(name))
  if (!missing) return
  throw new MigrationError(
    'migration.gap',
    `Migration ${missing} was never applied although ${known[lastApplied]} was. Nothing was changed. ` +
      'Give the new file a number above the applied ones.',
  )
}

function upTo(status: MigrationState[], to: string | undefined): MigrationState[] {
  if (to === undefined) return status
  const index = status.findIndex((step) => step.name === to)
  if (index >= 0) return status.slice(0, index + 1)
  const names = status.map((step) => step.name).join(', ')
  throw new MigrationError(
    'migration.unknown',
    `There is no migration ${to}. The steps are: ${names || 'none'}.`,
  )
}

/** One call of the runner a step, because it names the step that failed only on its log. */
async function run(
  client: pg.ClientBase,
  steps: MigrationState[],
  direction: 'up' | 'down',
  folder?: string,
): Promise<string[]> {
  if (steps.length === 0) return []
  // Loaded here: it takes 50 ms, and at most starts there is nothing to run.
  const { runner } = await import('node-pg-migrate')
  for (const { name } of steps) {
    try {
      await runner({ ...runnerOptions(folder ?? FOLDER), dbClient: client, direction, file: name })
    } catch (error) {
      throw failed(name, direction, error as Error)
    }
  }
  return steps.map((step) => step.name)
}

function runnerOptions(dir: string) {
  return {
    dir,
    ignorePattern: NOT_MIGRATIONS,
    migrationsTable: MIGRATION_TABLE,
    migrationsSchema: 'public',
    schema: 'public',
    singleTransaction: false, // = one transaction for each step
    checkOrder: false, // by number, in refuseGap: the runner orders by time
    noLock: true, // we hold our own around the check and the run
    logger: { debug: silent, info: silent, warn: silent, error: silent },
  }
}

function silent(): void {}

function failed(name: string, direction: string, error: Error): MigrationError {
  const { detail, hint } = error as pg.DatabaseError
  const said = [error.message, detail, hint].filter(Boolean).join(' ')
  return new MigrationError(
    'migration.failed',
    `Migration ${name} (${direction}) failed and was rolled back; the steps before it stay applied. PostgreSQL says: ${said}`,
    error,
  )
}

/** Holds the lock of migrations for as long as the connection lives: a killed process cannot leave it behind. */
async function alone<Result>(
  connection: pg.ClientConfig,
  work: (client: pg.Client) => Promise<Result>,
): Promise<Result> {
  return withClient(connection, async (client) => {
    await client.query('select pg_advisory_lock($1)', [MIGRATION_LOCK])
    return work(client)
  })
}

/** Works on other connections of the pool while one of them holds the lock of migrations. */
export async function whileMigrating<Result>(pool: Pool, work: () => Promise<Result>): Promise<Result> {
  const client = await pool.connect()
  try {
    await client.query('select pg_advisory_lock($1)', [MIGRATION_LOCK])
    return await work()
  } finally {
    // A connection that goes takes its lock along.
    client.release(true)
  }
}

async function withClient<Result>(
  connection: pg.ClientConfig,
  work: (client: pg.Client) => Promise<Result>,
): Promise<Result> {
  const client = new pg.Client({
    ...connection,
    application_name: 'serai migrate',
    options: '-c TimeZone=UTC -c DateStyle=ISO -c search_path=public',
  })
  // A lost connection also rejects the statement under way; without a listener it would end the process as well.
  client.on('error', () => undefined)
  await client.connect()
  trackConnection(client)
  try {
    return await work(client)
  } finally {
    await client.end()
  }
}
