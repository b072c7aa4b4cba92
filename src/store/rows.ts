import type { Field, Row } from '../kernel/field.ts'
import { type Resource, storedFields } from '../kernel/resource.ts'
import { prepared } from './compile.ts'
import type { Queryable } from './pool.ts'

/** Who writes and why: goes into every event of the call. */
export type Stamp = {
  change: string
  actor: string
  action: string
  reason: string | null
  request: string | null
  cause: string | null
  /** the `traceparent` of the call, when it came with one. */
  trace: string | null
}

/** One row to write with the fact it leaves. `row` holds every stored field but times. */
export type Write = {
  row: Row & { id: string }
  key: string
  before: Row | null
  after: Row
}
/** A changed row: what of it changed, and the version that it had when it was read. */
export type Update = Write & { patch: Row; base: number }

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
  const records = writes.map((each) => recordOf(each, toRecord(resource, each.row)))
  return send(client, resource, insertText(resource), records, stamp, rules)
}

/**
 * Writes rows whose version is still the one that was read, and their events, in one statement; a row that moved in
 * between is not written, leaves no event and is missing from the result; so are all when the rules moved on from `rules`.
 */
export async function updateRows(
  client: Queryable,
  resource: Resource,
  writes: Update[],
  stamp: Stamp,
  rules: string | null = null,
): Promise<Row[]> {
  const columns = [...new Set(writes.flatMap(({ patch }) => Object.keys(patch)))].sort()
  const alike = writes.every(({ patch }) => Object.keys(patch).length === columns.length)
  const records = writes.map((each) => ({
    ...recordOf(each, { id: each.row.id }),
    _base: each.base,
    _patch: toRecord(resource, each.patch),
  }))
  return send(client, resource, updateText(resource, columns, alike), records, stamp, rules)
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

function recordOf({ key, before, after }: Write, values: Row): Row {
  return { ...values, _key: key, _before: before, _after: after }
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
  update ${quote(resource.name)} t set ${setClause(resource, names, (name) => `p.${quote(name)}`)}
  from old, patch p where t.id = old.id returning t.id, t.version
)
insert into event (change, actor, action, resource, record, key, version, before, after, reason, request, cause, trace)
select $3::uuid, $4, $5, '${resource.name}', id, _key, version, _before, $2::jsonb, $6, $7, $8, $9 from written join old using (id) order by id`,
    [
      ids,
      JSON.stringify(toRecord(resource, patch)),
      stamp.change,
      stamp.actor,
      stamp.action,
      stamp.reason,
      stamp.request,
      stamp.cause,
      stamp.trace,
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
  if (alias !== 't') return columnsOf(resource, alias)
  let list = selected.get(resource)
  if (!list) {
    list = columnsOf(resource, alias)
    selected.set(resource, list)
  }
  return list
}

const selected = new WeakMap<Resource, string>()

function columnsOf(resource: Resource, alias: string): string {
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
  for (const [name, field] of ownColumns(resource))
    if (field.toColumn && record[name] != null) record[name] = field.toColumn(record[name])
  return record
}

async function send(
  client: Queryable,
  resource: Resource,
  text: string,
  records: Row[],
  stamp: Stamp,
  rules: string | null,
): Promise<Row[]> {
  if (records.length === 0) return []
  const { rows } = await client.query<Row>({
    ...prepared(text),
    values: [
      JSON.stringify(records),
      stamp.change,
      stamp.actor,
      stamp.action,
      stamp.reason,
      stamp.request,
      stamp.cause,
      stamp.trace,
      rules,
    ],
  })
  return rows.map((row) => fromColumns(resource, row))
}

// Row and event in one statement: one round trip, one plan, and no way to have one without the other.
function statement(resource: Resource, types: string, write: string): string {
  return `with input as (
  select * from jsonb_to_recordset($1::jsonb) as r(id uuid, ${types}, _key text, _before jsonb, _after jsonb)
  where $9::uuid is null or $9::uuid = ${rulesStamp(resource)}
), written as (
  ${write}
  returning ${selectList(resource)}
), logged as (
  insert into event (change, actor, action, resource, record, key, version, before, after, reason, request, cause, trace)
  select $2::uuid, $3, $4, '${resource.name}', i.id, i._key, w.version, i._before, i._after, $5, $6, $7, $8
  from input i join written w using (id) order by i.id
)
select ${selectList(resource, 'w')} from written w`
}

const inserts = new WeakMap<Resource, string>()

function insertText(resource: Resource): string {
  let text = inserts.get(resource)
  if (!text) {
    text = statement(resource, columnTypes(resource), `${insertInto(resource, 't')} from input order by id`)
    inserts.set(resource, text)
  }
  return text
}

/** `insert into … select …`, of rows with all own columns, to be followed by where they come from. */
export function insertInto(resource: Resource, alias: string): string {
  const own = ownColumns(resource).map(([name]) => quote(name))
  const derived = derivedColumns(resource, quote)
  const columns = ['id', ...own, ...derived.map(([name]) => name)].join(', ')
  const values = ['id', ...own, ...derived.map(([, value]) => value)].join(', ')
  return `insert into ${quote(resource.name)} as ${alias} (${columns}) select ${values}`
}

/**
 * Sets only the columns that changed, for a generated column is computed again when one that it depends on is set. `alike`:
 * every row changes all of them.
 */
function updateText(resource: Resource, columns: string[], alike: boolean): string {
  const types = columns.map((name) => `${quote(name)} ${resource.fields[name].column}`).join(', ')
  const value = (name: string) =>
    alike
      ? `p.${quote(name)}`
      : `case when i._patch ? '${name}' then p.${quote(name)} else t.${quote(name)} end`
  return statement(
    resource,
    '_patch jsonb, _base bigint',
    `update ${quote(resource.name)} t set ${setClause(resource, columns, value)}
  from input i, jsonb_to_record(i._patch) as p(${types}) where t.id = i.id and t.version = i._base`,
  )
}

/** Assignments of these columns, of what is derived from them, and of the next version. */
export function setClause(
  resource: Resource,
  columns: readonly string[],
  value: (name: string) => string,
): string {
  const current = (name: string) => (columns.includes(name) ? value(name) : `t.${quote(name)}`)
  const own = columns.map((name) => `${quote(name)} = ${value(name)}`)
  const derived = derivedColumns(resource, current, columns).map(
    ([name, derivation]) => `${name} = ${derivation}`,
  )
  return [...own, ...derived, 'version = t.version + 1', 'updated_at = now()'].join(', ')
}

/** Derived columns with how they are computed; only those that depend on `changed`, when it is given. */
function derivedColumns(
  resource: Resource,
  value: (name: string) => string,
  changed?: readonly string[],
): [name: string, derivation: string][] {
  return Object.entries(resource.fields).flatMap(([name, { derived }]) =>
    Array.isArray(derived) && (!changed || derived.some((each) => changed.includes(each)))
      ? [[quote(name), derivedValue(resource, name, value)]]
      : [],
  )
}

/** A derived field of a day, from the values that it is derived from. */
export function derivedValue(
  resource: Resource,
  name: string,
  value: (name: string) => string,
  day = 'current_date',
): string {
  const inputs = (resource.fields[name].derived as readonly string[]).map(value)
  return `${quote(`${resource.name}_${name}`)}(${[...inputs, day].join(', ')})`
}

function columnTypes(resource: Resource): string {
  return ownColumns(resource)
    .map(([name, field]) => `${quote(name)} ${field.column}`)
    .join(', ')
}

/** Columns that Serai writes: the declared fields that the database does not compute. */
export function ownColumns(resource: Resource): [string, Field][] {
  let columns = own.get(resource)
  if (!columns) {
    columns = Object.entries(resource.fields).filter(([, field]) => !field.derived)
    own.set(resource, columns)
  }
  return columns
}

const own = new WeakMap<Resource, [string, Field][]>()
const converted = new WeakMap<Resource, [string, Field][]>()

function convertedFields(resource: Resource): [string, Field][] {
  let fields = converted.get(resource)
  if (!fields) {
    fields = Object.entries(resource.fields).filter(([, field]) => field.fromColumn)
    converted.set(resource, fields)
  }
  return fields
}
