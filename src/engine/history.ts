import type { Actor } from '../kernel/actor.ts'
import type { Event } from '../kernel/event.ts'
import { isUuid } from '../kernel/fields/ref.ts'
import { fieldsOpen } from '../kernel/grants/access.ts'
import { intersection, type Names, NONE } from '../kernel/grants/names.ts'
import { badRequest, forbidden, notFound } from '../kernel/problem.ts'
import { keyLabel } from '../kernel/resource.ts'
import { isEverybody, matches } from '../kernel/rule.ts'
import {
  type Change,
  listChanges as changesOf,
  listEvents as eventsOf,
  type LoggedEvent,
  type LogQuery,
} from '../store/log.ts'
import { cut } from './access/sight.ts'
import { loadTargets } from './load.ts'
import { accessTo, requirePossible, resourceOf } from './lookup.ts'
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
  requirePossible(engine, actor, resource, 'read')
  const access = requirePossible(engine, actor, resource, 'history')
  const [row] = await loadTargets(engine, engine.pool, resource, actor, [target], false)
  if (!matches(access.rule, row, actor))
    throw forbidden(`${actor.name} may not see the history of ${resource.name} ${keyLabel(resource, row)}.`)
  const open = intersection(
    fieldsOpen(access, row, actor),
    fieldsOpen(accessTo(engine, actor, resource, 'read'), row, actor),
  )
  const query = { resource: resource.name, record: row.id as string, limit: page.limit }
  return eventPage(engine, { ...query, ...before(page.before) }, (event) => cutEvent(event, open))
}

/**
 * Facts of all resources whose history the actor may read without regard to the row, and its own. A rule that depends on the
 * row cannot be judged from the log alone; such readers use the record's own history.
 */
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
  if (query.resource) requirePossible(engine, actor, resources[0], 'read')
  const { before: position, ...conditions } = query
  const named = query.resource ? { resource: resources[0].name } : {}
  return eventPage(engine, { ...conditions, ...named, ...before(position) }, (event) =>
    seenInLog(engine, actor, event),
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

async function eventPage(
  engine: Engine,
  query: LogQuery,
  see: (event: Event) => Event | undefined,
): Promise<HistoryPage<Event>> {
  const found = await eventsOf(engine.pool, { ...query, limit: query.limit + 1 })
  const items = found.slice(0, query.limit)
  return {
    items: items.flatMap((event) => see(withoutTransaction(event)) ?? []),
    next: found.length > query.limit ? String(items.at(-1)!.position) : null,
  }
}

/** An event as the actor may see it; undefined when it may not. */
function seenInLog(engine: Engine, actor: Actor, event: Event): Event | undefined {
  const open = openInLog(engine, actor, event.resource)
  if (open) return cutEvent(event, open.fields)
  return event.actor === actor.id ? cutEvent(event, NONE) : undefined
}

function changeVisible(engine: Engine, actor: Actor, change: Change): boolean {
  return change.actor === actor.id || openInLog(engine, actor, change.resource) !== undefined
}

/** The fields of a resource that the log shows, where it may show all of its records. */
function openInLog(engine: Engine, actor: Actor, name: string): { fields: Names } | undefined {
  const resource = engine.resources.get(name)
  if (!resource) return undefined
  const accesses = ['read', 'history'].map((verb) => accessTo(engine, actor, resource, verb))
  if (!accesses.every(({ rule }) => isEverybody(rule))) return undefined
  return { fields: intersection(accesses[0].always, accesses[1].always) }
}

/** Without the values of hidden fields. */
function cutEvent(event: Event, open: Names): Event {
  if (open === null) return event
  return { ...event, before: event.before && cut(event.before, open), after: cut(event.after, open) }
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
