import { sql } from 'kysely'
import type { PoolClient } from 'pg'
import Cursor from 'pg-cursor'
import type { Actor } from '../kernel/actor.ts'
import { writeDocument } from '../kernel/document.ts'
import type { Row } from '../kernel/field.ts'
import { type Access, fieldsOpen, sameAccess } from '../kernel/grants/access.ts'
import { has, intersection } from '../kernel/grants/names.ts'
import { forbidden } from '../kernel/problem.ts'
import type { Resource } from '../kernel/resource.ts'
import { compile } from '../store/compile.ts'
import { canonicalTypes } from '../store/pool.ts'
import { fromColumns, selectList } from '../store/rows.ts'
import { where } from '../store/where.ts'
import { refuseHidden } from './access/sight.ts'
import { explain } from './constraints.ts'
import { requirePossible, resourceOf } from './lookup.ts'
import { conditionOf } from './read.ts'
import { searchOf } from './search.ts'
import { sourceOf } from './source.ts'
import type { Engine, Query } from './types.ts'

const CHUNK_ROWS = 100

/**
 * All matching records as documents of a file, in chunks, from one snapshot: a cursor in one statement, so memory is flat
 * and later writes are not seen. The order is that of the ids: the order in which records were made.
 */
export async function* exportDocuments(
  engine: Engine,
  actor: Actor,
  resourceName: string,
  query: Pick<Query, 'q' | 'filter' | 'archived' | 'asOf'>,
): AsyncGenerator<Row[]> {
  const resource = resourceOf(engine, resourceName)
  const readable = requirePossible(engine, actor, resource, 'read')
  const exportable = requirePossible(engine, actor, resource, 'export')
  refuseHidden(readable, resource, query)
  const search = query.q ? await searchOf(engine.pool, resource, query.q) : undefined
  const source = await sourceOf(engine.pool, resource, query.asOf)
  const { text, values } = compile(sql`select ${sql.raw(selectList(resource))} from ${source} t
where ${conditionOf(engine, resource, actor, query, search)} and ${where(resource, exportable.rule, actor)} order by t.id`)
  const document = documentOf(resource, actor, [readable, exportable])
  const client = await engine.pool.connect()
  const cursor = new Cursor<Row>(text, values, { types: canonicalTypes })
  let broken: Error | undefined
  try {
    await client.query('begin transaction isolation level repeatable read read only')
    await client.query('set local statement_timeout = 0')
    client.query(cursor)
    for (let rows = await cursor.read(CHUNK_ROWS); rows.length > 0; rows = await cursor.read(CHUNK_ROWS)) {
      requireStill(engine, actor, resource, [readable, exportable])
      yield rows.map((row) => document(fromColumns(resource, row)))
    }
  } catch (error) {
    broken = error as Error
    throw await explain(engine.pool, error).catch(() => error)
  } finally {
    // A reader that goes away leaves the cursor open; the transaction cannot end before it.
    broken ??= await end(client, cursor)
    client.release(broken)
  }
}

/** A record as a document; what is hidden from the actor is empty there. */
function documentOf(resource: Resource, actor: Actor, accesses: Access[]): (row: Row) => Row {
  if (accesses.every(({ always }) => always === null)) return (row) => writeDocument(resource.fields, row)
  return (row) => {
    const open = accesses.map((access) => fieldsOpen(access, row, actor)).reduce(intersection)
    const seen = Object.entries(row).map(([name, value]) => [name, has(open, name) ? value : null])
    return writeDocument(resource.fields, Object.fromEntries(seen))
  }
}

/** An export may take minutes, and a grant may end meanwhile. */
function requireStill(engine: Engine, actor: Actor, resource: Resource, [read, write]: Access[]): void {
  const now = ['read', 'export'].map((verb) => requirePossible(engine, actor, resource, verb))
  if (sameAccess(now[0], read) && sameAccess(now[1], write)) return
  throw forbidden(`What ${actor.name} may export of ${resource.plural} changed meanwhile. Begin again.`)
}

async function end(client: PoolClient, cursor: Cursor): Promise<Error | undefined> {
  try {
    await cursor.close()
    await client.query('rollback')
    return undefined
  } catch (error) {
    return error as Error
  }
}
