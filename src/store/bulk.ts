import type { Queryable } from './pool.ts'

const PENDING_LIST_KB = 64 * 1024
/** Fewer rows leave the upkeep of their table to PostgreSQL's own. */
const SETTLE_ROWS = 1_000

/**
 * Prepares a transaction for writing very many rows: no limit on the time of a statement, and room for the new words of the
 * search indexes to wait in until `settleTable`.
 */
export async function beginBulk(client: Queryable): Promise<void> {
  await client.query(
    `set local statement_timeout = 0; set local gin_pending_list_limit = '${PENDING_LIST_KB}kB'`,
  )
}

/**
 * After many writes to a table, once they are committed: the words of new rows move from the search index's pending list to
 * their place, so that searching stays fast, and the planner learns how large the table has become (it took 100 lookups of
 * 1,000 keys from 24 s to 2 s).
 */
export async function settleTable(client: Queryable, name: string, rows: number): Promise<void> {
  if (rows <= SETTLE_ROWS) return
  await client.query(
    "select gin_clean_pending_list(i.indexrelid) from pg_index i join pg_class c on c.oid = i.indexrelid join pg_am a on a.oid = c.relam where i.indrelid = to_regclass($1) and a.amname = 'gin'",
    [name],
  )
  await client.query(`analyze "${name}"`)
}

/** The same for the tables that a change wrote to, `rows` in all. */
export async function settleChange(client: Queryable, change: string, rows: number): Promise<void> {
  if (rows <= SETTLE_ROWS) return
  const touched = await client.query<{ resource: string }>(
    'select distinct resource from event where change = $1',
    [change],
  )
  for (const { resource } of touched.rows) await settleTable(client, resource, rows)
}
