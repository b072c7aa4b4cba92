import { sql } from 'kysely'
import type { Actor } from '../kernel/actor.ts'
import type { Row } from '../kernel/field.ts'
import { isUuid } from '../kernel/fields/ref.ts'
import { forbidden, notFound } from '../kernel/problem.ts'
import type { Resource } from '../kernel/resource.ts'
import { compile, compileNamed } from '../store/compile.ts'
import type { Queryable } from '../store/pool.ts'
import { fromColumns, selectList } from '../store/rows.ts'
import { type Sql, where } from '../store/where.ts'
import { accessTo, requirePossible } from './lookup.ts'
import type { Engine } from './types.ts'

/**
 * The stored rows of these ids or natural keys, in the order they were asked for, as the actor may see them; locked in the
 * order of their ids when `lock`, so that two callers cannot wait for each other. 404 names the first that is missing.
 * `source` is what they are read from, when that is not the table as it is now.
 */
export async function loadTargets(
  engine: Engine,
  client: Queryable,
  resource: Resource,
  actor: Actor,
  targets: readonly string[],
  lock: boolean,
  source: Sql = sql`${sql.table(resource.name)}`,
): Promise<Row[]> {
  const statement = compileNamed(sql`select ${sql.raw(selectList(resource))} from ${source} t
where ${identity(resource, targets)} and ${where(resource, accessTo(engine, actor, resource, 'read').rule, actor)}
order by t.id ${lock ? sql`for update` : sql``}`)
  const { rows } = await client.query<Row>(statement)
  const found = rows.map((row) => fromColumns(resource, row))
  return targets.map((target) => find(resource, found, target))
}

const CHUNK_ROWS = 1_000

/** Every live record that the actor may read, in chunks, in the order of the ids, so that memory is flat. */
export async function* liveRows(
  engine: Engine,
  client: Queryable,
  resource: Resource,
  actor: Actor,
): AsyncGenerator<Row[]> {
  const { rule, always } = requirePossible(engine, actor, resource, 'read')
  // Code sees whole records, and could tell of what is hidden.
  if (always !== null) throw forbidden(`Some fields of ${resource.plural} are hidden from ${actor.name}.`)
  const visible = sql`${where(resource, rule, actor)} and ${where(resource, resource.live, actor)}`
  let after: unknown = NO_ID
  for (;;) {
    const { text, values } =
      compile(sql`select ${sql.raw(selectList(resource))} from ${sql.table(resource.name)} t
where t.id > ${after}::uuid and ${visible} order by t.id limit ${CHUNK_ROWS}`)
    const { rows } = await client.query<Row>(text, values)
    if (rows.length) yield rows.map((row) => fromColumns(resource, row))
    if (rows.length < CHUNK_ROWS) return
    after = rows.at(-1)!.id
  }
}

const NO_ID = '00000000-0000-0000-0000-000000000000'

/** A row by id, or by natural key: among rows of one key, the one that holds it. */
function find(resource: Resource, rows: Row[], target: string): Row {
  const row =
    rows.find((each) => each.id === target.toLowerCase()) ??
    rows.findLast((each) => keyText(resource, each) === target)
  if (!row) throw notFound(`There is no ${resource.name} "${target}".`)
  return row
}

function identity(resource: Resource, targets: readonly string[]): Sql {
  const ids = targets.filter(isUuid)
  const keys = targets.filter((target) => !isUuid(target))
  const byId = sql`t.id = any(${ids}::uuid[])`
  if (keys.length === 0) return byId
  const byKey = sql`(${keyExpression(resource)} = any(${keys}::text[]) and ${where(resource, resource.keyed, { id: '', name: '', roles: [] })})`
  return ids.length ? sql`(${byId} or ${byKey})` : byKey
}

// One key field compares its own column, so that its unique index serves; several are joined as they stand in URLs.
function keyExpression(resource: Resource): Sql {
  if (resource.key.length === 1) return sql`t.${sql.id(resource.key[0])}`
  return sql`concat_ws('~', ${sql.join(resource.key.map((name) => sql`t.${sql.id(name)}::text`))})`
}

function keyText(resource: Resource, row: Row): string {
  return resource.key.map((name) => String(row[name] ?? '')).join('~')
}
