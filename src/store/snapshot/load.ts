import type pg from 'pg'
import { identifier, readTables, type SnapshotColumn, type TableShape, table } from './shape.ts'

/** What of a table a snapshot must know to load it elsewhere. */
export type LoadedTable = Pick<TableShape, 'name' | 'columns' | 'key'>

/**
 * Empties the tables and lets `load` fill them, inside the caller's transaction. Triggers rest meanwhile (a restored row
 * must not leave events, nor be computed anew) and foreign keys are checked once, at the end, so that the order of the
 * tables does not matter. Afterwards triggers and keys are as they were. Needs to own the tables, not to be superuser.
 */
export async function refill(
  client: pg.ClientBase,
  tables: readonly LoadedTable[],
  load: () => Promise<void>,
): Promise<void> {
  if (tables.length === 0) return
  const names = tables.map(({ name }) => name)
  const triggers = await readTriggers(client, names)
  const keys = await readForeignKeys(client)
  for (const { owner, name } of triggers)
    await client.query(`alter table ${owner} disable trigger ${identifier(name)}`)
  for (const { owner, name } of keys)
    await client.query(
      `alter table ${owner} alter constraint ${identifier(name)} deferrable initially deferred`,
    )
  await client.query(`truncate ${names.map(table).join(', ')}`)
  await load()
  await client.query('set constraints all immediate')
  for (const { owner, name, timing } of keys)
    await client.query(`alter table ${owner} alter constraint ${identifier(name)} ${timing}`)
  for (const { owner, name, state } of triggers)
    await client.query(`alter table ${owner} ${state} trigger ${identifier(name)}`)
}

/** Triggers that people made and that are on, of the tables and their partitions; clones follow their parent's. */
async function readTriggers(
  client: pg.ClientBase,
  names: string[],
): Promise<{ owner: string; name: string; state: string }[]> {
  const { rows } = await client.query(
    `select format('%I.%I', 'public', c.relname) as owner, t.tgname as name,
       case t.tgenabled when 'A' then 'enable always' when 'R' then 'enable replica' else 'enable' end as state
     from pg_trigger t join pg_class c on c.oid = t.tgrelid
     where not t.tgisinternal and t.tgparentid = 0 and t.tgenabled <> 'D' and c.relnamespace = 'public'::regnamespace
       and (c.relname = any ($1::text[]) or c.relispartition)
     order by 1, 2`,
    [names],
  )
  return rows
}

async function readForeignKeys(
  client: pg.ClientBase,
): Promise<{ owner: string; name: string; timing: string }[]> {
  const { rows } = await client.query(
    `select format('%I.%I', 'public', c.relname) as owner, k.conname as name,
       case when k.condeferred then 'deferrable initially deferred'
         when k.condeferrable then 'deferrable initially immediate' else 'not deferrable' end as timing
     from pg_constraint k join pg_class c on c.oid = k.conrelid
     where k.contype = 'f' and k.conparentid = 0 and c.relnamespace = 'public'::regnamespace
     order by 1, 2`,
  )
  return rows
}

/**
 * Adds the tables and columns that a snapshot holds and this schema does not: somebody made them by hand, without a
 * migration. Without this, one `alter table` at the psql prompt would make every backup fail its verification.
 */
export async function adapt(client: pg.ClientBase, tables: readonly LoadedTable[]): Promise<string[]> {
  const present = new Map((await readTables(client, [])).map((shape) => [shape.name, shape]))
  const added: string[] = []
  for (const { name, columns, key } of tables) {
    const known = new Set(present.get(name)?.columns.map((column) => column.name))
    const missing = columns.filter((column) => !known.has(column.name))
    for (const column of missing) await checkType(client, name, column)
    if (!present.has(name)) await createTable(client, name, columns, key)
    else
      for (const { name: column, type } of missing)
        await client.query(`alter table ${table(name)} add column ${identifier(column)} ${type}`)
    added.push(...missing.map((column) => `${name}.${column.name}`))
  }
  return added
}

async function createTable(
  client: pg.ClientBase,
  name: string,
  columns: SnapshotColumn[],
  key: string[],
): Promise<void> {
  const parts = columns.map(
    ({ name, type, required }) => `${identifier(name)} ${type}${required ? ' not null' : ''}`,
  )
  if (key.length > 0) parts.push(`primary key (${key.map(identifier).join(', ')})`)
  await client.query(`create table ${table(name)} (${parts.join(', ')})`)
}

/** The type comes from a file: PostgreSQL must know all of it as one type before it becomes part of a statement. */
async function checkType(client: pg.ClientBase, name: string, column: SnapshotColumn): Promise<void> {
  const { rows } = await client.query('select to_regtype($1) is not null as known', [column.type])
  if (!rows[0].known)
    throw new Error(
      `column ${name}.${column.name} has the type ${column.type}, which this database does not know`,
    )
}

/**
 * Makes a scratch database cheap to fill: search indexes and generated columns are derived from the data and dropped.
 * Whatever refuses wrong data (keys, unique and exclusion indexes, checks, foreign keys) stays.
 */
export async function lighten(client: pg.ClientBase): Promise<void> {
  const { rows } = await client.query<{ statement: string }>(DERIVED)
  for (const { statement } of rows) await client.query(statement)
}

const DERIVED = `
with guard as (
  select i.indrelid, i.indkey from pg_index i where i.indisunique or i.indisexclusion
)
select format('drop index if exists public.%I', c.relname) as statement
from pg_index i join pg_class c on c.oid = i.indexrelid
where c.relnamespace = 'public'::regnamespace and not c.relispartition and not i.indisunique and not i.indisexclusion
union all
select format('alter table public.%I drop column %I cascade', c.relname, a.attname)
from pg_attribute a join pg_class c on c.oid = a.attrelid
where c.relnamespace = 'public'::regnamespace and c.relkind in ('r', 'p') and not c.relispartition
  and a.attgenerated <> '' and not a.attisdropped
  and not exists (select from guard where guard.indrelid = c.oid and a.attnum = any (guard.indkey))
order by 1 desc`
