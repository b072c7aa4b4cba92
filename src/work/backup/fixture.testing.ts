import { createHash } from 'node:crypto'
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { TestContext } from 'node:test'
import pg from 'pg'
import { testDatabase, testServer } from '../../../test/support/database.ts'
import type { Objects } from '../../ports/objects.ts'
import { diskObjects } from '../../ports/objects-disk.ts'
import { openBackups } from '../backup.ts'
import { MANIFEST_FILE, type Manifest, sealManifest, writeManifest } from './manifest.ts'
import type { BackupOptions, Backups } from './types.ts'

/** A house with a database, a home folder, stored objects and backups. */
export type Fixture = {
  connection: pg.ClientConfig
  database: string
  home: string
  folder: string
  objects: Objects
  backups: Backups
  /** The same house with other options. */
  open(options: Partial<BackupOptions>): Backups
  query(sql: string, values?: unknown[]): Promise<Record<string, unknown>[]>
  /** Every row of every table and every sequence, as one hash: equal before and after = nothing was touched. */
  fingerprint(): Promise<string>
  /** rows that the migrations brought. */
  shippedRows: number
}

/** A house on the project's schema; with `template` null on an empty database. Everything goes after the test. */
export async function fixture(
  t: TestContext,
  options: Partial<BackupOptions> = {},
  template?: null,
): Promise<Fixture> {
  const { connection, name, pool } = await testDatabase(t, template)
  const home = await mkdtemp(join(tmpdir(), 'serai-backup-'))
  t.after(() => rm(home, { recursive: true }))
  const objects = diskObjects(join(home, 'objects'))
  const open = (more: Partial<BackupOptions>) =>
    openBackups({ connection, home, objects, retentionDays: 7, ...options, ...more })
  const query = async (sql: string, values: unknown[] = []) => (await pool.query(sql, values)).rows
  const fingerprint = () => fingerprintOf(query)
  const shippedRows = await rowsOf(query)
  return {
    connection,
    database: name,
    home,
    folder: join(home, 'backups'),
    objects,
    backups: open({}),
    open,
    query,
    fingerprint,
    shippedRows,
  }
}

async function rowsOf(query: Fixture['query']): Promise<number> {
  const tables = await query(
    `select relname from pg_class where relnamespace = 'public'::regnamespace and relkind = 'r' and relname <> 'migration'`,
  )
  let rows = 0
  for (const { relname } of tables) {
    const [{ count }] = await query(`select count(*) as count from ${pg.escapeIdentifier(String(relname))}`)
    rows += Number(count)
  }
  return rows
}

async function fingerprintOf(query: Fixture['query']): Promise<string> {
  const hash = createHash('sha256')
  const relations = await query(
    `select relname, relkind from pg_class where relnamespace = 'public'::regnamespace and relkind in ('r', 'S') order by relname`,
  )
  for (const { relname, relkind } of relations) {
    const text = relkind === 'S' ? 'last_value || is_called::text' : 'held::text'
    const rows = await query(
      `select ${text} as text from ${pg.escapeIdentifier(String(relname))} held order by 1`,
    )
    hash.update(JSON.stringify([relname, rows]))
  }
  return hash.digest('hex')
}

/** `count` products, numbered from `first`. */
export async function addProducts(
  { query }: Pick<Fixture, 'query'>,
  count: number,
  first = 1,
): Promise<void> {
  await query(
    `insert into product (id, product_id, product_name, pricing, inclusions, duration_hours, description_long)
     select gen_random_uuid(), 'Dubai_' || n, 'Désert سفاري ' || n, jsonb_build_array(jsonb_build_object('tier_name', 'Adult',
       'price', jsonb_build_object('amount', 100 * n, 'currency', 'AED'))), '["Water"]', 0.17, E'tab\\t line\\n back\\\\slash'
     from generate_series($1::int, $1::int + $2::int - 1) n`,
    [first, count],
  )
}

/** `count` events with positions of the log. */
export async function addEvents({ query }: Pick<Fixture, 'query'>, count: number): Promise<void> {
  await query(
    `insert into event (change, actor, action, resource, record, key, version, after)
     select gen_random_uuid(), 'test', 'update', 'product', gen_random_uuid(), 'k' || n, 1, '{}' from generate_series(1, $1::int) n`,
    [count],
  )
}

/** Rewrites a manifest with valid hashes, as a careful forger or another program would. */
export async function forge(
  folder: string,
  name: string,
  change: (manifest: Manifest) => void,
): Promise<void> {
  const path = join(folder, name, MANIFEST_FILE)
  const manifest: Manifest = JSON.parse(await readFile(path, 'utf8'))
  change(manifest)
  const sealed = { ...sealManifest(manifest.content, manifest.state), format: manifest.format, sha256: '' }
  const sha256 = createHash('sha256').update(writeManifest(sealed)).digest('hex')
  await writeFile(path, writeManifest({ ...sealed, sha256 }))
}

/** Names of the scratch databases of this house that are there. */
export async function scratchDatabases({ database }: Pick<Fixture, 'database'>): Promise<string[]> {
  const client = new pg.Client({ connectionString: testServer() })
  await client.connect()
  try {
    const { rows } = await client.query(
      `select datname from pg_database
       where starts_with(datname, 'serai_scratch_' || (select oid from pg_database where datname = $1) || '_')`,
      [database],
    )
    return rows.map(({ datname }) => datname)
  } finally {
    await client.end()
  }
}

/** Everything that lies in a folder, hidden or not; empty when there is no folder. */
export async function namesIn(folder: string): Promise<string[]> {
  return (await readdir(folder).catch(() => [])).sort()
}
