import { sql } from 'kysely'
import type { Field } from '../kernel/field.ts'
import type { Resource } from '../kernel/resource.ts'
import { storedFields } from '../kernel/resource.ts'
import { compile } from './compile.ts'
import type { Queryable } from './pool.ts'
import { derivedValue, quote } from './rows.ts'
import type { Sql } from './where.ts'

/** A column as PostgreSQL knows it; `expression` when it computes the column itself. */
type Column = { name: string; expression: string | null }

/**
 * The rows of a resource as they stood at a time, as a subquery to select from under an alias: those that nothing happened to
 * since as they are, of the others everything that the log says laid back, those made since left out. Columns that the
 * database computes are computed again from the old values, derived fields for the old day. The time is written into the text:
 * a view takes no parameters.
 */
export async function relationAt(client: Queryable, resource: Resource, asOf: string): Promise<Sql> {
  const columns = await columnsOf(client, resource)
  const names = sql.raw(columns.map(({ name }) => quote(name)).join(', '))
  const table = sql.table(resource.name)
  const facts = sql.raw(factsAsColumns(resource))
  return sql`(with since as materialized (
  select record, (array_agg(before is null order by position))[1] as made, serai_merge(before order by position desc) as before, min(version) - 1 as version
  from public.event where resource = ${sql.lit(resource.name)} and time > ${sql.lit(asOf)}::timestamptz group by record
)
select ${names} from public.${table} untouched where not exists (select from since where record = untouched.id)
union all
select ${sql.join(columns.map((column) => valueThen(resource, column, asOf)))}
from (
  select (past).*, s.version as _version, s.record as _record,
    (select min(time) from public.event e where e.record = s.record) as _made_at,
    (select max(time) from public.event e where e.record = s.record and e.time <= ${sql.lit(asOf)}::timestamptz) as _changed_at
  from since s left join public.${table} now on now.id = s.record
  cross join lateral jsonb_populate_record(now, ${facts}) past where not s.made
) touched)`
}

/**
 * Has this transaction see these tables, and the log, as they stood at a time: views of the same names come before the tables.
 * Whoever calls it must roll back.
 */
export async function enterPast(
  client: Queryable,
  resources: Iterable<Resource>,
  asOf: string,
): Promise<void> {
  for (const resource of resources)
    await createView(
      client,
      resource.name,
      sql`select * from ${await relationAt(client, resource, asOf)} then_`,
    )
  await createView(
    client,
    'event',
    sql`select * from public.event where time <= ${sql.lit(asOf)}::timestamptz`,
  )
}

async function createView(client: Queryable, name: string, query: Sql): Promise<void> {
  await client.query(compile(sql`create temporary view ${sql.id(name)} as ${query}`).text)
}

/** The value of a column for a row that changed since. A row that is gone has nothing but what the log says. */
function valueThen(resource: Resource, { name, expression }: Column, asOf: string): Sql {
  if (name === 'id') return sql.raw('_record')
  if (name === 'version') return sql.raw('_version')
  if (name === 'created_at') return sql.raw('coalesce(created_at, _made_at)')
  if (name === 'updated_at') return sql.raw('coalesce(_changed_at, created_at)')
  if (expression !== null) return sql.raw(expression)
  if (Array.isArray(resource.fields[name]?.derived))
    return sql.raw(derivedValue(resource, name, quote, `('${asOf}'::timestamptz at time zone 'UTC')::date`))
  return sql.raw(quote(name))
}

/** The `before` of events as `jsonb_populate_record` takes it: some kinds are kept in another form than their column's. */
function factsAsColumns(resource: Resource): string {
  const converted = Object.entries(storedFields(resource)).filter(
    ([, field]) => field.toColumn && !field.derived,
  )
  return converted.reduce(
    (facts, [name, field]) =>
      `${facts} || case when jsonb_typeof(s.before -> '${name}') = 'object' then jsonb_build_object('${name}', ${columnForm(field, `s.before -> '${name}'`)}) else '{}' end`,
    's.before',
  )
}

function columnForm(field: Field, fact: string): string {
  if (field.column === 'daterange') return `format('[%s,%s)', ${fact} ->> 'start', ${fact} ->> 'end')`
  if (field.kind === 'money') return `${fact} -> 'amount'`
  throw new Error(`There is no SQL that turns a logged ${field.kind} into its column`)
}

const known = new WeakMap<Resource, Promise<Column[]>>()

// The tables of a running process do not change: migrations run before it starts.
function columnsOf(client: Queryable, resource: Resource): Promise<Column[]> {
  let columns = known.get(resource)
  if (!columns) {
    columns = readColumns(client, resource)
    known.set(resource, columns)
    columns.catch(() => known.delete(resource))
  }
  return columns
}

async function readColumns(client: Queryable, resource: Resource): Promise<Column[]> {
  const { rows } = await client.query<Column>(
    `select attname as name, case when attgenerated <> '' then pg_get_expr(adbin, adrelid) end as expression
from pg_attribute left join pg_attrdef on adrelid = attrelid and adnum = attnum
where attrelid = to_regclass($1) and attnum > 0 and not attisdropped order by attnum`,
    [`public.${quote(resource.name)}`],
  )
  return rows
}
