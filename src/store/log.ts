import type { Event } from '../kernel/event.ts'
import type { Row } from '../kernel/field.ts'
import type { Queryable } from './pool.ts'

const COLUMNS =
  'position, transaction::text, time, change, actor, action, resource, record, key, version, before, after, reason, request, cause, trace'

/** Where a reader of the log stands. */
export type LogCursor = { transaction: string; position: number }
export type LoggedEvent = Event & { transaction: string }

/**
 * The next events after a cursor, oldest first, of transactions that are certainly over: below the snapshot's xmin.
 * A reader that asked for `position > last` would lose the events of a transaction that took its numbers early and
 * committed late.
 */
export async function nextEvents(client: Queryable, after: LogCursor, limit: number): Promise<LoggedEvent[]> {
  const { rows } = await client.query<LoggedEvent>({
    name: 'next events',
    // The table's name is needed: alone, `transaction` is the text of the answer, where 1000 comes before 999.
    text: `select ${COLUMNS} from event
where (transaction, position) > ($1::xid8, $2) and transaction < pg_snapshot_xmin(pg_current_snapshot())
order by event.transaction, event.position limit $3`,
    values: [after.transaction, after.position, limit],
  })
  return rows
}

/** Where the log stands: its last event that is certainly over, and which transactions the client's snapshot sees. */
export async function logHead(client: Queryable): Promise<{ cursor: LogCursor; snapshot: string }> {
  const { rows } = await client.query<{ snapshot: string } & LogCursor>({
    name: 'head of the log',
    text: `select pg_current_snapshot()::text as snapshot, coalesce(last.transaction::text, '0') as transaction, coalesce(last.position, 0) as position
from (select) as one left join lateral (
  select transaction, position from event where transaction < pg_snapshot_xmin(pg_current_snapshot())
  order by transaction desc, position desc limit 1
) last on true`,
  })
  const { snapshot, transaction, position } = rows[0]
  return { cursor: { transaction, position }, snapshot }
}

/** Whether the log (still) has an event exactly there. */
export async function hasEvent(client: Queryable, { transaction, position }: LogCursor): Promise<boolean> {
  const { rows } = await client.query<{ there: boolean }>({
    name: 'has event',
    text: 'select exists (select from event where transaction = $1::xid8 and position = $2) as there',
    values: [transaction, position],
  })
  return rows[0].there
}

/** What one event did to its record, as far as it is needed to take it back. */
export type LoggedStep = LogCursor & { record: string; time: string; version: number; before: Row | null }

/**
 * All that happened to these records since, by record in the order of writing: the position is taken while the record
 * is locked. An event that comes earlier in the log but was written after one of these is among them.
 */
export async function stepsSince(
  client: Queryable,
  records: readonly string[],
  since: LogCursor,
): Promise<LoggedStep[]> {
  const { rows } = await client.query<LoggedStep>({
    name: 'steps since',
    text: `with first as (
  select record, min(position) as position from event
  where record = any($1::uuid[]) and (transaction, position) >= ($2::xid8, $3) group by record
)
select e.record, e.transaction::text, e.position, e.time, e.version, e.before
from first join event e on e.record = first.record and e.position >= first.position order by e.record, e.position`,
    values: [records, since.transaction, since.position],
  })
  return rows
}

/** What is asked of the log by people: newest first, before a position. */
export type LogQuery = {
  resource?: string
  record?: string
  change?: string
  actor?: string
  action?: string
  /** 32 hexadecimal digits: the trace id, not the whole `traceparent`. */
  trace?: string
  before?: number
  limit: number
}

/** Facts, newest first. */
export async function listEvents(client: Queryable, query: LogQuery): Promise<LoggedEvent[]> {
  const { text, values } = logConditions(query)
  const { rows } = await client.query<LoggedEvent>(
    `select ${COLUMNS} from event ${text} order by position desc limit ${Number(query.limit)}`,
    values,
  )
  return rows
}

function logConditions(query: LogQuery): { text: string; values: unknown[] } {
  const values: unknown[] = []
  const conditions: string[] = []
  for (const name of ['resource', 'record', 'change', 'actor', 'action'] as const)
    if (query[name] !== undefined) conditions.push(`${name} = $${values.push(query[name])}`)
  if (query.trace !== undefined) conditions.push(`substr(trace, 4, 32) = $${values.push(query.trace)}`)
  if (query.before !== undefined) conditions.push(`position < $${values.push(query.before)}`)
  return { text: conditions.length ? `where ${conditions.join(' and ')}` : '', values }
}

/** A call that changed something, as the sum of its events. */
export type Change = {
  id: string
  time: string
  actor: string
  action: string
  resource: string
  events: number
  reason: string | null
  /** the change that this one undid, when it is an undo. */
  undoes: string | null
  /** the changes that undid this one. */
  undone_by: string[]
}

/**
 * Changes, newest first. Change ids are UUIDv7, so their order is the order of time, and a loose scan of the index over
 * them skips from change to change however many events each has.
 */
export async function listChanges(
  client: Queryable,
  query: { before?: string; id?: string; limit: number },
): Promise<Change[]> {
  const { rows } = await client.query<Change>({
    name: 'list changes',
    text: `with recursive ids as (
  select (select change from event where $2::uuid is null and ($1::uuid is null or change < $1) order by change desc limit 1) as change, 1 as n
  union all
  select (select e.change from event e where e.change < ids.change order by e.change desc limit 1), n + 1
  from ids where ids.change is not null and n < $3
), wanted as (select change from ids where change is not null union select $2::uuid where $2::uuid is not null)
select w.change as id, e.time, e.actor, e.action, e.resource, e.reason,
  (select count(*) from event c where c.change = w.change) as events,
  case when e.action = 'undo' then e.cause end as undoes,
  array(select distinct u.change::text from event u where u.cause = w.change::text and u.action = 'undo') as undone_by
from wanted w cross join lateral (select * from event e where e.change = w.change order by e.position limit 1) e
order by w.change desc`,
    values: [query.before ?? null, query.id ?? null, query.limit],
  })
  return rows
}
