import { pipeline } from 'node:stream/promises'
import type pg from 'pg'
import { loadRows, type Overrides, readRows } from './copy.ts'
import { adapt, refill } from './load.ts'
import { readSequences, type SequenceState, type TableShape, table } from './shape.ts'

/** Waiting longer means that something else works on these tables for minutes; a person decides then. */
const LOCK_TIMEOUT_MS = 30_000

/**
 * Takes every table for itself until the transaction ends. At once and in the strongest mode: a weaker lock that is
 * raised later lets a transaction that has read and now wants to write wait for us while we wait for it.
 */
export async function lockTables(client: pg.ClientBase, names: readonly string[]): Promise<void> {
  await client.query('select set_config($1, $2, true)', ['lock_timeout', String(LOCK_TIMEOUT_MS)])
  await client.query(`lock table ${names.map(table).join(', ')} in access exclusive mode`)
}

/**
 * Replaces the rows of all `tables` by those of `source`, inside the caller's transaction. `foreign`: the rows were
 * written in another database cluster, whose transaction numbers mean nothing here.
 */
export async function replaceRows(
  source: pg.ClientBase,
  target: pg.ClientBase,
  tables: readonly TableShape[],
  options: { foreign: boolean; onTable?(name: string): void },
): Promise<void> {
  const cursors = options.foreign ? [] : await readCursors(target)
  const overrides = options.foreign ? withoutTransactions(tables) : {}
  await adapt(target, tables)
  await refill(target, tables, async () => {
    for (const shape of tables) {
      options.onTable?.(shape.name)
      await pipeline(readRows(source, shape, overrides), loadRows(target, shape.name, shape.columns))
    }
  })
  await keepCursors(target, cursors)
}

/** Sequences never go back: a number that was given away once may stand in a log or on paper. */
export async function raiseSequences(client: pg.ClientBase, states: readonly SequenceState[]): Promise<void> {
  const present = new Map((await readSequences(client)).map((state) => [state.name, state]))
  for (const { name, value, called } of states) {
    const now = present.get(name)
    if (!now || BigInt(now.value) > BigInt(value) || (now.value === value && now.called)) continue
    await client.query('select setval($1::regclass, $2, $3)', [table(name), value, called])
  }
}

type Cursor = { name: string; transaction: string; position: string }

/**
 * Where the followers of the log stand now. What they have read they have acted on (mail, webhooks), so a restore must
 * not send them back to the older place in the backup.
 */
async function readCursors(client: pg.ClientBase): Promise<Cursor[]> {
  const { rows: found } = await client.query("select to_regclass('public.follower') is not null as present")
  if (!found[0].present) return []
  return (await client.query('select name, transaction::text, position::text from public.follower')).rows
}

async function keepCursors(client: pg.ClientBase, cursors: readonly Cursor[]): Promise<void> {
  for (const { name, transaction, position } of cursors)
    await client.query(
      `update public.follower set transaction = $2::xid8, position = $3
       where name = $1 and (transaction, position) < ($2::xid8, $3::bigint)`,
      [name, transaction, position],
    )
}

/**
 * In another cluster the log's transaction numbers may lie in the future: its events would stay invisible to followers
 * for years, and new events would be taken for old ones. They become 0, older than any real transaction, and each
 * follower's place the position before the first event that it had not read: it may see a few of them twice.
 */
function withoutTransactions(tables: readonly TableShape[]): Overrides {
  const names = new Set(tables.map(({ name }) => name))
  if (!names.has('event') || !names.has('follower')) return {}
  const unread = '(e.transaction, e.position) > (held.transaction, held.position)'
  return {
    event: { transaction: `'0'::xid8` },
    follower: {
      transaction: `'0'::xid8`,
      position: `coalesce((select min(e.position) - 1 from public.event e where ${unread}),
        (select max(e.position) from public.event e), held.position)`,
    },
  }
}

/** Says in which cluster and database the rows were written: equal origins share their transaction numbers. */
export async function readOrigin(client: pg.ClientBase): Promise<string> {
  const { rows } = await client.query(
    `select system_identifier::text || '/' || oid as origin
     from pg_control_system(), pg_database where datname = current_database()`,
  )
  return rows[0].origin
}
