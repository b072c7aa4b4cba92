import { sql } from 'kysely'
import { badRequest } from '../kernel/problem.ts'
import { keepsHistory, type Resource } from '../kernel/resource.ts'
import { relationAt } from '../store/past.ts'
import type { Queryable } from '../store/pool.ts'
import type { Sql } from '../store/where.ts'

/** What rows are read from, to be followed by an alias: the table, or the table as it stood at a time (RFC 3339). */
export async function sourceOf(client: Queryable, resource: Resource, asOf?: string): Promise<Sql> {
  if (asOf === undefined) return sql`${sql.table(resource.name)}`
  if (!keepsHistory(resource))
    throw badRequest('as_of', `${resource.plural} keep no history, so as_of is not for them.`)
  if (Date.parse(asOf) > Date.now()) throw badRequest('as_of', `as_of is ${asOf}, which is still to come.`)
  return relationAt(client, resource, asOf)
}
