import type { Actor } from '../kernel/actor.ts'
import type { Event } from '../kernel/event.ts'
import { isUuid } from '../kernel/fields/ref.ts'
import { badRequest, notFound } from '../kernel/problem.ts'
import type { Resource } from '../kernel/resource.ts'
import {
  type Change,
  listChanges as changesOf,
  listEvents as eventsOf,
  type LoggedEvent,
  type LogQuery,
} from '../store/log.ts'
import { loadTargets } from './load.ts'
import { possible, requirePossible, resourceOf, ruleOf } from './lookup.ts'
import type { Engine } from './types.ts'

/** A page of facts or changes, newest first; `next` continues it. */
export type HistoryPage<Item> = { items: Item[]; next: string | null }
export type { Change }

/** What happened to one record. */
export async function history(
  engine: Engine,
  actor: Actor,
  resourceName: string,
  target: string,
  page: { before?: string; limit: number },
): Promise<HistoryPage<Event>> {
  const resource = resourceOf(engine, resourceName)
  requirePossible(resource, 'read', actor)
  const [row] = await loadTargets(engine.pool, resource, actor, [target], false)
  return eventPage(engine, {
    resource: resource.name,
    record: row.id as string,
    limit: page.limit,
    ...before(page.before),
  })
}

/** Facts of all resources that the actor may read without regard to the row. */
export async function listEvents(
  engine: Engine,
  actor: Actor,
  query: {
    resource?: string
    record?: string
    change?: string
    actor?: string
    action?: string
    trace?: string
    before?: string
    limit: number
  },
): Promise<HistoryPage<Event>> {
  const resources = query.resource ? [resourceOf(engine, query.resource)] : [...engine.resources.values()]
  const readable = resources.filter((resource) => readsAll(resource, actor)).map((resource) => resource.name)
  if (query.resource) requirePossible(resources[0], 'read', actor)
  const { before: position, ...conditions } = query
  return eventPage(
    engine,
    { ...conditions, ...(query.resource ? { resource: resources[0].name } : {}), ...before(position) },
    readable,
  )
}

/** Calls that changed something, newest first. */
export async function listChanges(
  engine: Engine,
  actor: Actor,
  page: { before?: string; limit: number },
): Promise<HistoryPage<Change>> {
  if (page.before !== undefined && !isUuid(page.before))
    throw badRequest('cursor', 'before must be the id of a change.')
  const found = await changesOf(engine.pool, {
    limit: page.limit + 1,
    ...(page.before ? { before: page.before } : {}),
  })
  const items = found.slice(0, page.limit)
  const visible = items.filter((change) => changeVisible(engine, actor, change))
  return { items: visible, next: found.length > page.limit ? items.at(-1)!.id : null }
}

/** One change; 404 when there is none that the actor may see. */
export async function getChange(engine: Engine, actor: Actor, id: string): Promise<Change> {
  const [change] = isUuid(id) ? await changesOf(engine.pool, { id, limit: 1 }) : []
  if (!change || !changeVisible(engine, actor, change)) throw notFound(`There is no change "${id}".`)
  return change
}

async function eventPage(engine: Engine, query: LogQuery, readable?: string[]): Promise<HistoryPage<Event>> {
  const found = await eventsOf(engine.pool, { ...query, limit: query.limit + 1 })
  const items = found.slice(0, query.limit)
  const visible = readable ? items.filter((event) => readable.includes(event.resource)) : items
  return {
    items: visible.map(withoutTransaction),
    next: found.length > query.limit ? String(items.at(-1)!.position) : null,
  }
}

function changeVisible(engine: Engine, actor: Actor, change: Change): boolean {
  const resource = engine.resources.get(change.resource)
  return resource !== undefined && readsAll(resource, actor)
}

// A rule that depends on the row cannot be judged from the log alone; such readers use the record's own history.
function readsAll(resource: Resource, actor: Actor): boolean {
  return possible(ruleOf(resource, 'read'), actor)
}

function withoutTransaction({ transaction: _transaction, ...event }: LoggedEvent): Event {
  return event
}

function before(position: string | undefined): { before?: number } {
  if (position === undefined) return {}
  const number = Number(position)
  if (!Number.isSafeInteger(number) || number < 0)
    throw badRequest('cursor', 'before must be the position of an event.')
  return { before: number }
}
