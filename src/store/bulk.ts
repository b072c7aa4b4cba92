import type { Queryable } from './pool.ts'
import { addJobs } from './queue.ts'

const PENDING_LIST_KB = 64 * 1024
/** Fewer rows leave the upkeep of their table to PostgreSQL's own. */
const SETTLE_ROWS = 1_000

/**
 * Prepares a transaction for writing very many rows: no limit on the time of a statement, and room for the new words of the
 * search indexes to wait in until they are settled.
 */
export async function beginBulk(client: Queryable): Promise<void> {
  await client.query(
    `set local statement_timeout = 0; set local gin_pending_list_limit = '${PENDING_LIST_KB}kB'`,
  )
}

/** The job that settles a table; its payload is `{table}`. */
export const SETTLE_JOB = 'serai.settle'

/** Has a table settled by a worker once the transaction is committed, when many of its rows were written. */
export async function settleLater(client: Queryable, table: string, rows: number): Promise<void> {
  if (rows > SETTLE_ROWS)
    await addJobs(client, [{ name: SETTLE_JOB, payload: { table }, key: `settle:${table}` }])
}

/** Moves the words of new rows from the search indexes' pending lists to their place, so that searching stays fast. */
export async function settleTable(client: Queryable, table: string): Promise<void> {
  await client.query(
    "select gin_clean_pending_list(i.indexrelid) from pg_index i join pg_class c on c.oid = i.indexrelid join pg_am a on a.oid = c.relam where i.indrelid = to_regclass($1) and a.amname = 'gin'",
    [table],
  )
  await learnSize(client, table, SETTLE_ROWS + 1)
}

/** Tells the planner how large a table has become (it took 100 lookups of 1,000 keys from 24 s to 2 s). */
export async function learnSize(client: Queryable, table: string, rows: number): Promise<void> {
  if (rows > SETTLE_ROWS) await client.query(`analyze "${table}"`)
}
