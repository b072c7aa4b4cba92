import { sql } from 'kysely'
import type { PoolClient } from 'pg'
import Cursor from 'pg-cursor'
import type { Row } from '../../kernel/field.ts'
import { badRequest } from '../../kernel/problem.ts'
import type { Resource } from '../../kernel/resource.ts'
import { compile } from '../../store/compile.ts'
import { logHead } from '../../store/log.ts'
import { canonicalTypes, type Pool, type Queryable } from '../../store/pool.ts'
import { fromColumns, selectList } from '../../store/rows.ts'
import type { Sql } from '../../store/where.ts'
import { placeOf, type Start, sightOf } from './place.ts'

const CHUNK_ROWS = 100
/** A snapshot holds a connection; a reader that takes longer to take it all is too slow. */
const SNAPSHOT_MS = 30_000

/** Now: behind the last event that is over, with whatever of the running transactions has been seen already. */
export async function startNow(client: Queryable): Promise<Start> {
  const { cursor, snapshot } = await logHead(client)
  return { place: placeOf(cursor), seen: sightOf(snapshot) }
}

/**
 * The matching records in chunks, of one moment, oldest first; returns the place in the log that follows that moment
 * exactly, or undefined when the reader took too long. More than `max` records are refused before the first is given.
 */
export async function* readSnapshot(
  pool: Pool,
  resource: Resource,
  condition: Sql,
  max: number,
): AsyncGenerator<Row[], Start | undefined> {
  const client = await pool.connect()
  let broken: Error | undefined
  let cursor: Cursor<Row> | undefined
  const late = setTimeout(() => {
    broken = new Error('the reader of a snapshot is too slow')
    client.release(broken)
  }, SNAPSHOT_MS)
  try {
    await client.query('begin transaction isolation level repeatable read read only')
    const start = await startNow(client)
    await refuseMore(client, resource, condition, max)
    cursor = openCursor(client, resource, condition)
    for (let rows = await cursor.read(CHUNK_ROWS); rows.length > 0; rows = await cursor.read(CHUNK_ROWS)) {
      yield rows.map((row) => fromColumns(resource, row))
      if (broken) return undefined
    }
    return start
  } finally {
    clearTimeout(late)
    if (!broken) client.release(await end(client, cursor))
  }
}

async function refuseMore(client: Queryable, resource: Resource, condition: Sql, max: number): Promise<void> {
  const { rows } = await client.query<{ count: number }>(
    compile(
      sql`select count(*) as count from (select from ${sql.table(resource.name)} t where ${condition} limit ${max + 1}) matching`,
    ),
  )
  if (rows[0].count > max)
    throw badRequest(
      'feed.size',
      `More than ${max} ${resource.plural} match; a snapshot holds at most that many. Narrow the filter, or subscribe without snapshot and read the list or an export.`,
    )
}

function openCursor(client: PoolClient, resource: Resource, condition: Sql): Cursor<Row> {
  const { text, values } = compile(
    sql`select ${sql.raw(selectList(resource))} from ${sql.table(resource.name)} t where ${condition} order by t.id`,
  )
  const cursor = new Cursor<Row>(text, values, { types: canonicalTypes })
  client.query(cursor)
  return cursor
}

/** A reader that went away leaves the cursor open; a connection that cannot be cleared of it is thrown away. */
async function end(client: PoolClient, cursor: Cursor | undefined): Promise<Error | undefined> {
  try {
    await cursor?.close()
    await client.query('rollback')
    return undefined
  } catch (error) {
    return error as Error
  }
}
