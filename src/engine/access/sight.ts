import type { Actor } from '../../kernel/actor.ts'
import type { Row } from '../../kernel/field.ts'
import { type Access, fieldsOpen } from '../../kernel/grants/access.ts'
import { has, type Names } from '../../kernel/grants/names.ts'
import { badRequest } from '../../kernel/problem.ts'
import type { Resource } from '../../kernel/resource.ts'
import { fieldsOf, isEverybody, matches } from '../../kernel/rule.ts'
import { accessTo } from '../lookup.ts'
import { present } from '../present.ts'
import type { Engine, Query } from '../types.ts'

/** What everybody is told of a record that is told of it at all. */
const ALWAYS: readonly string[] = ['id', 'version']

/** How an actor sees records that it may read: as they are shown, without the fields that are hidden from it. */
export function sightOf(
  engine: Engine,
  actor: Actor,
  resource: Resource,
): (row: Row, only?: readonly string[]) => Row {
  const access = accessTo(engine, actor, resource, 'read')
  if (access.always === null) return (row, only) => present(resource, row, only)
  return (row, only) => cut(present(resource, row, only), fieldsOpen(access, row, actor))
}

/** The same for records that the actor wrote, and may not be able to read: of those it is told the id. */
export function answerOf(engine: Engine, actor: Actor, resource: Resource): (row: Row) => Row {
  const { rule } = accessTo(engine, actor, resource, 'read')
  const see = sightOf(engine, actor, resource)
  if (isEverybody(rule)) return (row) => see(row)
  return (row) => (matches(rule, row, actor) ? see(row) : present(resource, row, ALWAYS))
}

/** A row, or the part of a row that an event holds, without what is hidden. */
export function cut(row: Row, open: Names): Row {
  if (open === null) return row
  return Object.fromEntries(Object.entries(row).filter(([name]) => has(open, name) || ALWAYS.includes(name)))
}

/**
 * A question may only look at fields that are open on every record: by filtering, sorting, counting values or searching, the
 * hidden ones could be guessed.
 */
export function refuseHidden(
  { always }: Access,
  resource: Resource,
  query: Partial<Pick<Query, 'filter' | 'sort' | 'facets' | 'expand' | 'q'>>,
): void {
  if (always === null) return
  const searched = query.q
    ? Object.entries(resource.fields).flatMap(([name, { search }]) => (search ? [name] : []))
    : []
  const asked: [string, readonly string[]][] = [
    ['filter', query.filter ? fieldsOf(query.filter) : []],
    ['sort', query.sort?.map(({ field }) => field) ?? []],
    ['facets', query.facets ?? []],
    ['expand', query.expand ?? []],
    ['q', searched],
  ]
  for (const [parameter, names] of asked) {
    const hidden = names.find((name) => !has(always, name) && !ALWAYS.includes(name))
    if (hidden !== undefined)
      throw badRequest(
        parameter,
        `${parameter} looks at ${hidden}, which is hidden from you on some ${resource.plural}. An owner can grant it.`,
      )
  }
}
