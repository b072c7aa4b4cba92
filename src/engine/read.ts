import { sql } from 'kysely'
import type { Actor } from '../kernel/actor.ts'
import type { Row } from '../kernel/field.ts'
import { keepsHistory, type Resource, storedFields } from '../kernel/resource.ts'
import { not } from '../kernel/rule.ts'
import { compile, compileNamed } from '../store/compile.ts'
import { fromColumns, selectList } from '../store/rows.ts'
import { column, combine, type Sql, where } from '../store/where.ts'
import { refuseHidden, sightOf } from './access/sight.ts'
import { explain } from './constraints.ts'
import { decodeCursor, encodeCursor } from './cursor.ts'
import { countRows, facetsOf } from './facets.ts'
import { loadTargets } from './load.ts'
import { accessTo, requirePossible, resourceOf } from './lookup.ts'
import { type Search, searchOf } from './search.ts'
import { sourceOf } from './source.ts'
import type { Engine, Page, Query, Sort } from './types.ts'

/** The other path: rule and filter and not archived → keyset page → visible fields → one hop of references, batched. */
export async function read(engine: Engine, actor: Actor, resourceName: string, query: Query): Promise<Page> {
  const resource = resourceOf(engine, resourceName)
  refuseHidden(requirePossible(engine, actor, resource, 'read'), resource, query)
  try {
    const search = query.q ? await searchOf(engine.pool, resource, query.q) : undefined
    const condition = conditionOf(engine, resource, actor, query, search)
    const source = await sourceOf(engine.pool, resource, query.asOf)
    const [page, facets, count] = await Promise.all([
      pageOf(engine, actor, resource, query, source, condition, search),
      query.facets?.length ? facetsOf(engine.pool, source, condition, query.facets) : undefined,
      query.count ? countRows(engine.pool, source, condition) : undefined,
    ])
    if (query.expand?.length) await expand(engine, actor, resource, page.items, query.expand, query.asOf)
    return { ...page, ...(facets ? { facets } : {}), ...(count ? { count } : {}) }
  } catch (error) {
    throw await explain(engine.pool, error).catch(() => error)
  }
}

/** One record by id or natural key, archived ones too; 404 when there is none that the actor may see. */
export async function readOne(
  engine: Engine,
  actor: Actor,
  resourceName: string,
  target: string,
  options: Pick<Query, 'fields' | 'expand' | 'asOf'> = {},
): Promise<Row> {
  const resource = resourceOf(engine, resourceName)
  refuseHidden(requirePossible(engine, actor, resource, 'read'), resource, options)
  try {
    const source = await sourceOf(engine.pool, resource, options.asOf)
    const [row] = await loadTargets(engine, engine.pool, resource, actor, [target], false, source)
    const item = sightOf(engine, actor, resource)(row, options.fields)
    if (options.expand?.length) await expand(engine, actor, resource, [item], options.expand, options.asOf)
    return item
  } catch (error) {
    throw await explain(engine.pool, error).catch(() => error)
  }
}

/** What a row must be to be in the answer. */
export function conditionOf(
  engine: Engine,
  resource: Resource,
  actor: Actor,
  query: Pick<Query, 'archived' | 'filter'>,
  search?: Search,
): Sql {
  const live =
    query.archived === 'with'
      ? []
      : [where(resource, query.archived === 'only' ? not(resource.live) : resource.live, actor)]
  const filter = query.filter ? [where(resource, query.filter, actor)] : []
  const parts = [
    where(resource, accessTo(engine, actor, resource, 'read').rule, actor),
    ...live,
    ...filter,
    ...(search ? [search.condition] : []),
  ]
  return combine(parts, sql` and `, sql`true`)
}

async function pageOf(
  engine: Engine,
  actor: Actor,
  resource: Resource,
  query: Query,
  source: Sql,
  condition: Sql,
  search: Search | undefined,
): Promise<Page> {
  const order = orderOf(resource, query.sort, search)
  const question = [
    resource.name,
    query.q ?? '',
    query.filter ?? '',
    query.sort,
    query.archived,
    query.asOf ?? '',
  ]
  const after = query.cursor ? sql` and ${afterCursor(order, decodeCursor(question, query.cursor))}` : sql``
  const page = sql`select ${sql.raw(selectList(resource))}${sql.join(
    order.map((each, index) => sql`, ${each.expression}::text as ${sql.id(`_sort${index}`)}`),
    sql``,
  )}
from ${source} t where ${condition}${after}
order by ${sql.join(order.map((each) => sql`${each.expression} ${sql.raw(each.descending ? 'desc nulls last' : 'asc nulls last')}`))}
limit ${query.limit + 1}`
  const { rows } = await engine.pool.query<Row>(isPlain(query) ? compileNamed(page) : compile(page))
  const shown = rows.slice(0, query.limit)
  const see = sightOf(engine, actor, resource)
  const cursorOf = (row: Row) =>
    encodeCursor(
      question,
      order.map((_, index) => row[`_sort${index}`]),
    )
  return {
    items: shown.map((row) => see(fromColumns(resource, row), query.fields)),
    next: rows.length > query.limit ? cursorOf(shown.at(-1)!) : null,
    ...(query.cursors ? { cursors: shown.map(cursorOf) } : {}),
  }
}

/** A list without words or conditions: one of few forms, worth a prepared statement. */
function isPlain({ q, filter, cursor, asOf }: Query): boolean {
  return !q && !cursor && !asOf && (!filter || (filter.op === 'all' && filter.rules.length === 0))
}

type Order = { expression: Sql; type: string; descending: boolean; nullable: boolean }

/** The order of a list: what was asked, then by id, so that it is total. Found records come best first. */
function orderOf(resource: Resource, sort: readonly Sort[], search: Search | undefined): Order[] {
  const fields = storedFields(resource)
  const asked = sort.map(({ field, descending }): Order => {
    const { column: type, optional = false, derived } = fields[field]
    const expression = type === 'text' ? sql`${column(field)} collate "C"` : column(field)
    return { expression, type, descending, nullable: optional || derived !== undefined }
  })
  const ranked: Order[] =
    search && asked.length === 0
      ? [{ expression: search.rank, type: 'real', descending: true, nullable: false }]
      : []
  return [...ranked, ...asked, { expression: column('id'), type: 'uuid', descending: false, nullable: false }]
}

/** Rows that come after these sort values: (a > x) or (a = x and (b > y or …)), nulls last in either direction. */
function afterCursor(order: Order[], values: unknown[]): Sql {
  const [first, ...rest] = order
  const [value, ...others] = values
  const beyond = beyondValue(first, value)
  if (rest.length === 0) return beyond
  const equal =
    value === null
      ? sql`${first.expression} is null`
      : sql`${first.expression} = ${value}::${sql.raw(first.type)}`
  return sql`(${beyond} or (${equal} and ${afterCursor(rest, others)}))`
}

function beyondValue({ expression, type, descending, nullable }: Order, value: unknown): Sql {
  if (value === null) return sql`false`
  const further = sql`${expression} ${sql.raw(descending ? '<' : '>')} ${value}::${sql.raw(type)}`
  return nullable ? sql`(${further} or ${expression} is null)` : further
}

/** Puts the referenced records in the place of their ids: one query a field, whatever the number of rows. */
async function expand(
  engine: Engine,
  actor: Actor,
  resource: Resource,
  items: Row[],
  names: readonly string[],
  asOf: string | undefined,
): Promise<void> {
  for (const name of names) {
    const target = resourceOf(engine, resource.fields[name].to!)
    const source = await sourceOf(engine.pool, target, keepsHistory(target) ? asOf : undefined)
    const ids = [...new Set(items.flatMap((item) => (item[name] ? [item[name] as string] : [])))]
    const { text, values } = compile(sql`select ${sql.raw(selectList(target))} from ${source} t
where t.id = any(${ids}::uuid[]) and ${where(target, accessTo(engine, actor, target, 'read').rule, actor)}`)
    const { rows } = await engine.pool.query<Row>(text, values)
    const see = sightOf(engine, actor, target)
    const byId = new Map(rows.map((row) => [row.id, see(fromColumns(target, row))]))
    for (const item of items) item[name] = item[name] ? (byId.get(item[name]) ?? { id: item[name] }) : null
  }
}
