import { createWriteStream } from 'node:fs'
import { mkdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { pipeline } from 'node:stream/promises'
import { constants, createZstdCompress } from 'node:zlib'
import type pg from 'pg'
import { appliedMigrations } from '../../store/migrate.ts'
import {
  meter,
  readOrigin,
  readRows,
  readSequences,
  readTables,
  type TableShape,
} from '../../store/snapshot.ts'
import type { BackedTable, Content, Manifest, Stats } from './manifest.ts'
import { sealManifest } from './manifest.ts'
import { packObjects } from './objects.ts'
import { syncFolder } from './shelf.ts'
import type { Context } from './types.ts'

/**
 * Level 1 of zstd: 100,000 products and 200,000 events, 101 MB, become 18 MB in 0.8 s of processor time; gzip at its
 * fastest needs 22 MB and twice that.
 */
const COMPRESSION = { params: { [constants.ZSTD_c_compressionLevel]: 1 } }
const FILE_MODE = 0o600
const FOLDER_MODE = 0o700

/** What `pack` is told about the backup that it makes. `previous`: the last one, whose object files may be shared. */
export type PackOptions = {
  reason: string
  pinned: boolean
  time: Date
  previous: { path: string; manifest: Manifest } | null
}

/**
 * Writes all tables and objects into `folder` and returns the manifest. `client` is inside a transaction that sees one
 * state of the database: repeatable read, or all tables locked.
 */
export async function pack(
  context: Context,
  client: pg.ClientBase,
  folder: string,
  options: PackOptions,
): Promise<Manifest> {
  const shapes = await readTables(client, context.exclude)
  const total = shapes.reduce((sum, { size_bytes }) => sum + size_bytes, 0)
  await mkdir(join(folder, 'tables'), { mode: FOLDER_MODE })
  const tables: BackedTable[] = []
  let done = 0
  for (const shape of shapes) {
    context.progress(done, total, `backing up ${shape.name}`)
    tables.push(await packTable(context, client, folder, shape))
    done += shape.size_bytes
  }
  await syncFolder(join(folder, 'tables'))
  const database = await readDatabase(client)
  // After the tables: an object is stored before the row that names it is committed.
  const objects = await packObjects(context, folder, options.previous)
  await syncFolder(folder)
  context.progress(total, total, 'backed up')
  const created_at = options.time.toISOString()
  const content = {
    ...database,
    ...(await readProgram()),
    created_at,
    reason: options.reason,
    scope: 'all' as const,
    tables,
    objects,
  }
  return sealManifest(content, { pinned: options.pinned, verified_at: null, outcome: null })
}

async function packTable(
  context: Context,
  client: pg.ClientBase,
  folder: string,
  shape: TableShape,
): Promise<BackedTable> {
  const path = `tables/${encodeURIComponent(shape.name)}.copy.zst`
  const [plain, packed] = [meter(), meter()]
  await pipeline(
    readRows(client, shape),
    plain.stream,
    createZstdCompress(COMPRESSION),
    packed.stream,
    createWriteStream(join(folder, path), { mode: FILE_MODE, flush: true }),
    { signal: context.signal },
  )
  const { bytes, sha256 } = packed.result()
  return {
    name: shape.name,
    columns: shape.columns,
    key: shape.key,
    ...plain.result(),
    file: { path, bytes, sha256 },
  }
}

type DatabaseFacts = Pick<
  Content,
  'schema_version' | 'migrations' | 'postgres_version' | 'origin' | 'marker' | 'sequences' | 'stats'
>

async function readDatabase(client: pg.ClientBase): Promise<DatabaseFacts> {
  const migrations = (await appliedMigrations(client)).map(({ name }) => name)
  const { rows } = await client.query("select current_setting('server_version') as version")
  return {
    schema_version: migrations.at(-1) ?? '',
    migrations,
    postgres_version: rows[0].version,
    origin: await readOrigin(client),
    marker: await readMarker(client),
    sequences: await readSequences(client),
    stats: await readStats(client),
  }
}

/** The end of the log as this transaction sees it: every change of the business leaves an event. */
export async function readMarker(client: pg.ClientBase): Promise<string | null> {
  if (!(await hasTable(client, 'event'))) return null
  const { rows } = await client.query('select coalesce(max(position), 0)::text as position from public.event')
  return rows[0].position
}

/** What the catalog's report counts, to be counted again on a restored copy. */
export async function readStats(client: pg.ClientBase): Promise<Stats> {
  if (!(await hasTable(client, 'product'))) return null
  const { rows } = await client.query(
    'select count(*)::int as products, count(*) filter (where active)::int as active from public.product',
  )
  return rows[0]
}

async function hasTable(client: pg.ClientBase, name: string): Promise<boolean> {
  const { rows } = await client.query('select to_regclass($1) is not null as present', [`public.${name}`])
  return rows[0].present
}

async function readProgram(): Promise<{ app_version: string }> {
  const text = await readFile(new URL('../../../package.json', import.meta.url), 'utf8')
  return { app_version: JSON.parse(text).version }
}
