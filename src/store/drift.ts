import { keepsHistory, type Resource, storedFields } from '../kernel/resource.ts'
import type { Queryable } from './pool.ts'

/** `required` is null where the database cannot say: the columns of a view may all be null as far as it knows. */
type Column = { name: string; type: string; required: boolean | null; generated: boolean }

/** Columns that serve search and belong to no field. */
const UNDECLARED = new Set(['search', 'search_text'])

/**
 * Compares the migrated tables with the declarations, and says every difference in a sentence: a missing table or column,
 * another type, a required field that may be null, a column that no field names.
 */
export async function findDrift(client: Queryable, resources: Iterable<Resource>): Promise<string[]> {
  const found: string[] = []
  for (const resource of resources) {
    const columns = await columnsOf(client, resource.name)
    if (columns.length === 0) found.push(`${resource.name}: there is no table of this name`)
    else found.push(...compare(resource, columns))
    if (columns.length > 0 && keepsHistory(resource) && !(await isTracked(client, resource)))
      found.push(
        `${resource.name}: what is written to it past Serai leaves no event; its migration lacks: select serai_track('${resource.name}', '{${resource.key.join(',')}}')`,
      )
  }
  return found
}

function compare(resource: Resource, columns: Column[]): string[] {
  const fields = storedFields(resource)
  const missing = Object.entries(fields).flatMap(([name, field]) => {
    const column = columns.find((each) => each.name === name)
    if (!column) return [`${resource.name}.${name}: declared, but the table has no such column`]
    const wrong: string[] = []
    if (canonical(column.type) !== canonical(field.column))
      wrong.push(`${resource.name}.${name}: declared as ${field.column}, the column is ${column.type}`)
    const required = !field.optional && !field.derived
    if (required && column.required === false)
      wrong.push(`${resource.name}.${name}: required, but the column takes null`)
    if (!required && column.required)
      wrong.push(`${resource.name}.${name}: optional, but the column refuses null`)
    return wrong
  })
  const extra = columns.filter((column) => !(column.name in fields) && !UNDECLARED.has(column.name))
  return [
    ...missing,
    ...extra.map((column) => `${resource.name}.${column.name}: a column that no field names`),
  ]
}

async function isTracked(client: Queryable, { name }: Resource): Promise<boolean> {
  const { rows } = await client.query(
    "select from pg_trigger where tgrelid = to_regclass($1) and tgname = 'serai_log_row'",
    [`"${name}"`],
  )
  return rows.length > 0
}

async function columnsOf(client: Queryable, table: string): Promise<Column[]> {
  const { rows } = await client.query<Column>(
    `select attname as name, format_type(atttypid, null) as type,
  case when (select relkind from pg_class where oid = attrelid) <> 'v' then attnotnull end as required, attgenerated <> '' as generated
from pg_attribute where attrelid = to_regclass($1) and attnum > 0 and not attisdropped order by attnum`,
    [`"${table}"`],
  )
  return rows
}

function canonical(type: string): string {
  return type === 'timestamp with time zone' ? 'timestamptz' : type
}
