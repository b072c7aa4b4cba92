import pg from 'pg'
import { commentTraces } from './comments.ts'
import { trackConnection } from './connections.ts'

/** A pool whose rows are in canonical form: exact numbers, ISO dates, RFC 3339 times. */
export type Pool = pg.Pool
/** A pool or one of its clients: anything that a statement can be sent through. */
export type Queryable = Pick<pg.ClientBase, 'query'>

const CONNECTIONS_MAX = 10
const STATEMENT_TIMEOUT_MS = 60_000
const CONNECT_TIMEOUT_MS = 10_000

const OID = { int8: 20, numeric: 1700, date: 1082, timestamp: 1114, timestamptz: 1184 } as const

/** Opens a pool. Losing an idle connection is reported to `onError`, never thrown. */
export function openPool(
  connection: pg.ClientConfig,
  options: { max?: number; name?: string; onError?(error: Error): void } = {},
): Pool {
  const pool = new pg.Pool({
    ...connection,
    max: options.max ?? CONNECTIONS_MAX,
    application_name: options.name ?? 'serai',
    connectionTimeoutMillis: CONNECT_TIMEOUT_MS,
    statement_timeout: STATEMENT_TIMEOUT_MS,
    idleTimeoutMillis: 30_000,
    options:
      '-c TimeZone=UTC -c DateStyle=ISO -c IntervalStyle=iso_8601 -c search_path=public -c serai.logged=on -c pg_trgm.word_similarity_threshold=0.45',
    types: canonicalTypes,
  })
  const onError = options.onError ?? (() => undefined)
  pool.on('error', onError)
  pool.on('connect', (client) => {
    trackConnection(client)
    client.on('error', onError)
  })
  commentTraces(pool)
  return pool
}

/**
 * A small pool to the same database with the driver's own types, for a library that expects them: graphile-worker compares
 * Dates to find out which schedules were missed, and misses them all when they are text.
 */
export function openPlainPool(like: Pool, max: number): Pool {
  const { options } = like
  // The password is hidden from the spread.
  const pool = new pg.Pool({ ...options, password: options.password, types: pg.types, max })
  pool.on('error', () => undefined)
  pool.on('connect', trackConnection)
  return pool
}

/** Runs `work` in one transaction: committed when it returns, rolled back when it throws. */
export async function transaction<Result>(
  pool: Pool,
  work: (client: pg.PoolClient) => Promise<Result>,
  begin = 'begin',
): Promise<Result> {
  const client = await pool.connect()
  let broken: Error | undefined
  try {
    await client.query(begin)
    const result = await work(client)
    await client.query('commit')
    return result
  } catch (error) {
    broken = await rollback(client)
    throw error
  } finally {
    client.release(broken)
  }
}

/** A connection that cannot even roll back is thrown away by the pool. */
async function rollback(client: pg.PoolClient): Promise<Error | undefined> {
  try {
    await client.query('rollback')
    return undefined
  } catch (error) {
    return error as Error
  }
}

const parsers: Record<number, (value: string) => unknown> = {
  [OID.int8]: Number,
  [OID.numeric]: Number,
  [OID.date]: String,
  [OID.timestamp]: String,
  [OID.timestamptz]: rfc3339,
}

/** How column values become canonical ones; cursors need to be told too. */
export const canonicalTypes = {
  getTypeParser: (oid: number, format?: 'text' | 'binary') =>
    parsers[oid] ?? pg.types.getTypeParser(oid, format as 'text'),
} as pg.CustomTypesConfig

/** `2026-01-31 09:30:00.5+00` → `2026-01-31T09:30:00.500000Z`: always six decimals, so that times compare as text. */
function rfc3339(value: string): string {
  const [head, fraction = ''] = value.slice(0, -3).split('.')
  return `${head.replace(' ', 'T')}.${fraction.padEnd(6, '0')}Z`
}
