import type { Field, Row } from '../kernel/field.ts'
import { type Resource, storedFields } from '../kernel/resource.ts'
import type { Queryable } from './pool.ts'

/** Who writes and why: goes into every event of the call. */
export type Stamp = {
  change: string
  actor: string
  action: string
  reason: string | null
  request: string | null
  cause: string | null
}

/** One row to write with the fact it leaves. `row` holds every stored field but times; an update also needs `base`. */
export type Write = {
  row: Row & { id: string }
  key: string
  before: Row | null
  after: Row
  /** version that the row had when it was read; absent for a new row. */
  base?: number
}

/**
 * Inserts rows and their events in one statement; returns them as stored, derived fields included. Inserts nothing when the
 * rules of people moved on from the stamp `rules`; null does not ask.
 */
export async function insertRows(
  client: Queryable,
  resource: Resource,
  writes: Write[],
  stamp: Stamp,
  rules: string | null = null,
): Promise<Row[]> {
  return write(client, resource, 'insert', writes, stamp, rules)
}

/**
 * Writes rows whose version is still the one that was read, and their events, in one statement; a row that moved in
 * between is not written, leaves no event and is missing from the result; so are all when the rules moved on from `rules`.
 */
export async function updateRows(
  client: Queryable,
  resource: Resource,
  writes: Write[],
  stamp: Stamp,
  rules: string | null = null,
): Promise<Row[]> {
  return write(client, resource, 'update', writes, stamp, rules)
}

const NO_RULES = '00000000-0000-0000-0000-000000000000'

/**
 * The stamp under which the rules that people wrote for a resource stand now. A write names the stamp that its rows were
 * judged under and writes nothing when that is no longer it: it costs a look at a small table in the same statement, and
 * a rule holds on every process from the moment it is saved.
 */
export function rulesStamp(resource: Resource): string {
  return `coalesce((select stamp from rule_stamp where resource = '${resource.name}'), '${NO_RULES}')`
}

/**
 * Gives many rows the same values, with an event each, in one statement. The rows must be locked by the caller. Returns how
 * many were written.
 */
export async function patchAll(
  client: Queryable,
  resource: Resource,
  ids: readonly string[],
  patch: Row,
  stamp: Stamp,
): Promise<number> {
  const names = Object.keys(patch)
  const columns = names.map((name) => `${quote(name)} ${resource.fields[name].column}`).join(', ')
  const { rowCount } = await client.query(
    `with patch as (select * from jsonb_to_record($2::jsonb) as p(${columns})), old as (
  select t.id, ${keyText(resource)} as _key, jsonb_build_object(${names.map((name) => `'${name}', t.${quote(name)}`).join(', ')}) as _before
  from ${quote(resource.name)} t where t.id = any($1::uuid[])
), written as (
  update ${quote(resource.name)} t set ${names.map((name) => `${quote(name)} = p.${quote(name)}`).join(', ')}, version = t.version + 1, updated_at = now()
  from old, patch p where t.id = old.id returning t.id, t.version
)
insert into event (change, actor, action, resource, record, key, version, before, after, reason, request, cause)
select $3::uuid, $4, $5, '${resource.name}', id, _key, version, _before, $2::jsonb, $6, $7, $8 from written join old using (id) order by id`,
    [
      ids,
      JSON.stringify(toRecord(resource, patch)),
      stamp.change,
      stamp.actor,
      stamp.action,
      stamp.reason,
      stamp.request,
      stamp.cause,
    ],
  )
  return rowCount ?? 0
}

/** The natural key as the log keeps it, in SQL. */
function keyText(resource: Resource): string {
  return `concat_ws(' / ', ${resource.key.map((name) => `t.${quote(name)}::text`).join(', ')})`
}

/** A driver's row in canonical form. */
export function fromColumns(resource: Resource, row: Row): Row {
  for (const [name, field] of convertedFields(resource))
    if (row[name] != null) row[name] = field.fromColumn!(row[name])
  return row
}

/** `t."id", t."version", …`: every stored field of the resource, as columns of the alias. */
export function selectList(resource: Resource, alias = 't'): string {
  return Object.keys(storedFields(resource))
    .map((name) => `${alias}.${quote(name)}`)
    .join(', ')
}

/** A name as an SQL identifier. Names of declarations are checked when they are declared. */
export function quote(name: string): string {
  return `"${name}"`
}

/** A row in the form that `jsonb_to_recordset` takes for this resource's columns. */
export function toRecord(resource: Resource, row: Row): Row {
  const record: Row = { ...row }
  for (const [name, field] of Object.entries(resource.fields))
    if (field.toColumn && record[name] != null) record[name] = field.toColumn(record[name])
  return record
}

type Verb = 'insert' | 'update'

async function write(
  client: Queryable,
  resource: Resource,
  verb: Verb,
  writes: Write[],
  stamp: Stamp,
  rules: string | null,
): Promise<Row[]> {
  if (writes.length === 0) return []
  const records = writes.map(({ row, key, before, after, base }) => ({
    ...toRecord(resource, row),
    _key: key,
    _before: before,
    _after: after,
    _base: base ?? 0,
  }))
  const { rows } = await client.query<Row>({
    name: `${verb} ${resource.name}`,
    text: statement(resource, verb),
    values: [
      JSON.stringify(records),
      stamp.change,
      stamp.actor,
      stamp.action,
      stamp.reason,
      stamp.request,
      stamp.cause,
      rules,
    ],
  })
  return rows.map((row) => fromColumns(resource, row))
}

const statements = new WeakMap<Resource, Record<Verb, string>>()

function statement(resource: Resource, verb: Verb): string {
  let known = statements.get(resource)
  if (!known) {
    known = {
      insert: writeStatement(resource, insertClause(resource)),
      update: writeStatement(resource, updateClause(resource)),
    }
    statements.set(resource, known)
  }
  return known[verb]
}

// Row and event in one statement: one round trip, one plan, and no way to have one without the other.
function writeStatement(resource: Resource, clause: string): string {
  return `with input as (
  select * from jsonb_to_recordset($1::jsonb) as r(id uuid, ${columnTypes(resource)}, _key text, _before jsonb, _after jsonb, _base bigint)
  where $8::uuid is null or $8::uuid = ${rulesStamp(resource)}
), written as (
  ${clause}
  returning ${selectList(resource)}
), logged as (
  insert into event (change, actor, action, resource, record, key, version, before, after, reason, request, cause)
  select $2::uuid, $3, $4, '${resource.name}', i.id, i._key, w.version, i._before, i._after, $5, $6, $7
  from input i join written w using (id) order by i.id
)
select ${selectList(resource, 'w')} from written w`
}

function insertClause(resource: Resource): string {
  const names = ownColumns(resource)
    .map(([name]) => quote(name))
    .join(', ')
  return `insert into ${quote(resource.name)} as t (id, ${names}) select id, ${names} from input order by id`
}

function updateClause(resource: Resource): string {
  const sets = ownColumns(resource)
    .map(([name]) => `${quote(name)} = i.${quote(name)}`)
    .join(', ')
  return `update ${quote(resource.name)} t set ${sets}, version = t.version + 1, updated_at = now()
  from input i where t.id = i.id and t.version = i._base`
}

function columnTypes(resource: Resource): string {
  return ownColumns(resource)
    .map(([name, field]) => `${quote(name)} ${field.column}`)
    .join(', ')
}

/** Columns that Serai writes: the declared fields that the database does not compute. */
export function ownColumns(resource: Resource): [string, Field][] {
  return Object.entries(resource.fields).filter(([, field]) => !field.derived)
}

const converted = new WeakMap<Resource, [string, Field][]>()

function convertedFields(resource: Resource): [string, Field][] {
  let fields = converted.get(resource)
  if (!fields) {
    fields = Object.entries(resource.fields).filter(([, field]) => field.fromColumn)
    converted.set(resource, fields)
  }
  return fields
}
