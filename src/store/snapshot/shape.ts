import type pg from 'pg'
import { MIGRATION_TABLE } from '../migrate.ts'

/** A stored column; `type` as PostgreSQL writes it: `numeric(10,2)`. Generated columns are not among them. */
export type SnapshotColumn = { name: string; type: string; required: boolean; collated: boolean }
/** A table and what orders its rows; `key` is the primary key, empty when there is none. `size_bytes` is an estimate. */
export type TableShape = { name: string; columns: SnapshotColumn[]; key: string[]; size_bytes: number }
/** Where a sequence stands; `value` is a string because it has 64 bits. */
export type SequenceState = { name: string; value: string; called: boolean }

/**
 * The tables of schema `public` that a snapshot holds, by name. A partitioned table is one table: its partitions are
 * read through it. Left out: unlogged tables (staging: PostgreSQL itself empties them after a crash), tables of
 * extensions, the list of applied migrations (a snapshot records it apart) and `exclude`.
 */
export async function readTables(client: pg.ClientBase, exclude: readonly string[]): Promise<TableShape[]> {
  const { rows } = await client.query<TableShape>(TABLES, [[...exclude, MIGRATION_TABLE]])
  return rows
}

const TABLES = `
select c.relname as name,
  (select coalesce(json_agg(json_build_object('name', a.attname, 'type', format_type(a.atttypid, a.atttypmod),
      'required', a.attnotnull, 'collated', a.attcollation <> 0) order by a.attnum), '[]')
    from pg_attribute a
    where a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped and a.attgenerated = '') as columns,
  array(select a.attname::text
    from pg_index i cross join unnest(i.indkey) with ordinality as part (attnum, place)
    join pg_attribute a on a.attrelid = c.oid and a.attnum = part.attnum
    where i.indrelid = c.oid and i.indisprimary order by part.place) as key,
  (select coalesce(sum(pg_table_size(relid)), 0)::float8 from pg_partition_tree(c.oid)) + pg_table_size(c.oid) as size_bytes
from pg_class c
where c.relnamespace = 'public'::regnamespace
  and c.relkind in ('r', 'p') and not c.relispartition and c.relpersistence = 'p'
  and c.relname <> all ($1::text[])
  and not exists (select from pg_depend d where d.classid = 'pg_class'::regclass and d.objid = c.oid and d.deptype = 'e')
order by c.relname collate "C"`

/** The sequences of schema `public`, by name. */
export async function readSequences(client: pg.ClientBase): Promise<SequenceState[]> {
  const { rows } = await client.query<{ name: string }>(SEQUENCES, [`${MIGRATION_TABLE}_id_seq`])
  const states: SequenceState[] = []
  for (const { name } of rows) {
    const state = await client.query(
      `select last_value::text as value, is_called as called from ${table(name)}`,
    )
    states.push({ name, ...state.rows[0] })
  }
  return states
}

const SEQUENCES = `
select c.relname as name from pg_class c
where c.relnamespace = 'public'::regnamespace and c.relkind = 'S' and c.relname <> $1
  and not exists (select from pg_depend d where d.classid = 'pg_class'::regclass and d.objid = c.oid and d.deptype = 'e')
order by c.relname collate "C"`

/** A name as SQL writes it. */
export function identifier(name: string): string {
  return `"${name.replaceAll('"', '""')}"`
}

/** A table of schema `public` as SQL writes it. */
export function table(name: string): string {
  return `public.${identifier(name)}`
}
