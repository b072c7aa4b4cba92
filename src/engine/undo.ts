import type { Actor } from '../kernel/actor.ts'
import type { Row } from '../kernel/field.ts'
import { isUuid } from '../kernel/fields/ref.ts'
import { conflict, forbidden, notFound } from '../kernel/problem.ts'
import { same } from '../kernel/record.ts'
import type { Resource } from '../kernel/resource.ts'
import { matches } from '../kernel/rule.ts'
import { uuidv7 } from '../kernel/uuid.ts'
import type { Inspect } from '../kernel/validation.ts'
import { beginBulk, settleLater } from '../store/bulk.ts'
import type { Queryable } from '../store/pool.ts'
import {
  fromColumns,
  insertRows,
  type Stamp,
  selectList,
  type Update,
  updateRows,
  type Write,
} from '../store/rows.ts'
import { traceparent } from '../store/trace.ts'
import { explain } from './constraints.ts'
import { getChange } from './history.ts'
import { freshInspection } from './inspection.ts'
import { requirePossible, resourceOf } from './lookup.ts'
import { labelKey, updateOf } from './perform.ts'
import { facts } from './present.ts'
import { claimOf, findReplay, once } from './replay.ts'
import type { Engine, Kept, UndoOutcome } from './types.ts'

const CHUNK_RECORDS = 2_000
const KEPT_MAX = 10_000

/** What one change did to one record: the first `before` and the last `after` of its events, and whether it is gone since. */
type Fact = { resource: string; record: string; key: string; before: Row | null; after: Row; gone: boolean }

export type UndoRequest = {
  actor: Actor
  change: string
  /** idempotency key: the same undo with the same key is done once and answered again. */
  key?: string | null
  dryRun?: boolean
  reason?: string | null
  requestId?: string | null
}

/**
 * Takes a change back, as a change of its own: every value that it wrote and nobody changed since gets its old value;
 * records that it made and nobody touched are archived; the rest is left alone and listed. Undoing an undo is a redo.
 */
export async function undo(engine: Engine, request: UndoRequest): Promise<UndoOutcome> {
  const claim = claimOf({ ...request, resource: 'change', action: 'undo', targets: [request.change] })
  const known = claim && (await findReplay<UndoOutcome>(engine.pool, claim))
  if (known) return known
  const client = await engine.pool.connect()
  let broken: Error | undefined
  try {
    await client.query('begin')
    await beginBulk(client)
    const outcome = await once(client, claim, () => undoWith(engine, client, request))
    await client.query(request.dryRun ? 'rollback' : 'commit')
    if (outcome.change) engine.wake()
    return outcome
  } catch (error) {
    broken = await client.query('rollback').then(
      () => undefined,
      (failure: Error) => failure,
    )
    throw await explain(engine.pool, error).catch(() => error)
  } finally {
    client.release(broken)
  }
}

/** Takes the last undo of a change back: what it put away comes again. 409 when the change is not undone. */
export async function redo(engine: Engine, request: UndoRequest): Promise<UndoOutcome> {
  const { undone_by } = await getChange(engine, request.actor, request.change)
  const undos = await Promise.all(undone_by.map((id) => getChange(engine, request.actor, id)))
  const last = undos
    .filter((each) => each.undone_by.length === 0)
    .sort((left, right) => (left.id < right.id ? -1 : 1))
    .at(-1)
  if (!last) throw conflict('redo', `Change ${request.change} is not undone, so there is nothing to redo.`)
  return undo(engine, { ...request, change: last.id })
}

/** The same inside a transaction of the caller, who has more to write with it. */
export async function undoWith(
  engine: Engine,
  client: Queryable,
  request: UndoRequest,
): Promise<UndoOutcome> {
  const { actor, change, dryRun = false } = request
  if (!isUuid(change)) throw notFound(`There is no change "${change}".`)
  const stamp: Stamp = {
    change: uuidv7(),
    actor: actor.id,
    action: 'undo',
    reason: request.reason ?? null,
    request: request.requestId ?? null,
    cause: change,
    trace: traceparent(),
  }
  const kept: Kept[] = []
  const written = new Map<string, number>()
  for await (const found of factsOf(client, change))
    for (const [name, group] of Map.groupBy(found, (fact) => fact.resource)) {
      const rows = await undoGroup(engine, client, resourceOf(engine, name), actor, group, stamp, kept)
      written.set(name, (written.get(name) ?? 0) + rows)
    }
  if (written.size === 0) throw notFound(`There is no change "${change}", or it wrote nothing.`)
  for (const [table, rows] of written) await settleLater(client, table, rows)
  const restored = written.values().reduce((sum, rows) => sum + rows, 0)
  return { change: restored > 0 && !dryRun ? stamp.change : null, restored, kept, replayed: false, dryRun }
}

async function undoGroup(
  engine: Engine,
  client: Queryable,
  resource: Resource,
  actor: Actor,
  group: Fact[],
  stamp: Stamp,
  kept: Kept[],
): Promise<number> {
  const access = requirePossible(engine, actor, resource, 'undo')
  const may = (row: Row) => access.always === null && matches(access.rule, row, actor)
  const { inspect } = await freshInspection(engine, client, resource)
  const current = await lockRows(
    client,
    resource,
    group.map((fact) => fact.record),
  )
  const lost: Write[] = []
  const writes = group.flatMap((fact): Update[] => {
    const row = current.get(fact.record)
    if (!row) {
      lost.push(...revive(resource, actor, may, fact, kept))
      return []
    }
    if (!may(row)) throw forbidden(`${actor.name} may not undo changes of ${resource.name} ${fact.key}.`)
    return revertOne(resource, inspect, fact, row, stamp, kept)
  })
  const written = await updateRows(client, resource, writes, stamp)
  const revived = await insertRows(client, resource, lost, stamp)
  return written.length + revived.length
}

/** A row that was deleted past Serai is made again, with its id. */
function revive(
  resource: Resource,
  actor: Actor,
  may: (row: Row) => boolean,
  fact: Fact,
  kept: Kept[],
): Write[] {
  if (!fact.gone || fact.before === null) return keep(kept, fact, null, 'the record is gone')
  const row = { ...fact.before, id: fact.record }
  if (!may(row)) throw forbidden(`${actor.name} may not undo changes of ${resource.name} ${fact.key}.`)
  if (secretFields(resource).length)
    return keep(kept, fact, null, `its ${secretFields(resource).join(', ')} is in no log; make it again`)
  return [{ row, key: fact.key, before: null, after: facts(resource, row) }]
}

function secretFields(resource: Resource): string[] {
  return Object.entries(resource.fields).flatMap(([name, { secret, optional }]) =>
    secret && !optional ? [name] : [],
  )
}

function revertOne(
  resource: Resource,
  inspect: Inspect,
  fact: Fact,
  row: Row,
  stamp: Stamp,
  kept: Kept[],
): Update[] {
  const { patch, left } = revert(resource, fact, row, stamp)
  for (const { field, reason } of left) keep(kept, fact, field, reason)
  const write = updateOf(resource, row, patch)
  if (!write) return []
  const [fault] = inspect(write.row, row).faults
  return fault
    ? keep(kept, fact, fault.path, `the old value no longer fits: ${fault.detail}`)
    : [{ ...write, key: labelKey(resource, write.row) }]
}

/** The fields to put back, and those that somebody changed since. A record that the change made is archived when untouched. */
export function revert(
  resource: Resource,
  fact: Fact,
  row: Row,
  stamp: Pick<Stamp, 'actor' | 'reason' | 'cause'>,
): { patch: Row; left: { field: string | null; reason: string }[] } {
  const touched = Object.keys(fact.after).filter(
    (name) => resource.fields[name] && !same(row[name], fact.after[name]),
  )
  if (fact.before === null) {
    if (touched.length)
      return {
        patch: {},
        left: [{ field: null, reason: `changed since it was made (${touched.join(', ')})` }],
      }
    if (!resource.traits.includes('archivable'))
      return { patch: {}, left: [{ field: null, reason: `a ${resource.name} cannot be archived` }] }
    const archive = {
      archived_at: new Date().toISOString().replace('Z', '000Z'),
      archived_by: stamp.actor,
      archive_reason: stamp.reason ?? `undo of ${stamp.cause}`,
    }
    return { patch: archive, left: [] }
  }
  const names = Object.keys(fact.after).filter((name) => resource.fields[name])
  return {
    patch: Object.fromEntries(
      names.filter((name) => !touched.includes(name)).map((name) => [name, fact.before?.[name] ?? null]),
    ),
    left: touched.map((field) => ({ field, reason: 'changed since' })),
  }
}

function keep(kept: Kept[], fact: Fact, field: string | null, reason: string): [] {
  if (kept.length < KEPT_MAX)
    kept.push({ resource: fact.resource, record: fact.record, key: fact.key, field, reason })
  return []
}

/** The facts of a change in chunks of records, several events of one record folded into one. */
async function* factsOf(client: Queryable, change: string): AsyncGenerator<Fact[]> {
  let after: string | null = null
  for (;;) {
    const { rows }: { rows: Fact[] } = await client.query<Fact>({
      name: 'facts of a change',
      text: `select resource, record, max(key) as key,
  case when bool_or(before is null) then null else serai_merge(before order by position desc) end as before,
  serai_merge(after order by position) as after,
  (array_agg(action = 'delete' order by position desc))[1] as gone
from event where change = $1 and ($2::uuid is null or record > $2)
group by resource, record order by record limit $3`,
      values: [change, after, CHUNK_RECORDS],
    })
    if (rows.length === 0) return
    yield rows
    after = rows.at(-1)!.record
  }
}

async function lockRows(client: Queryable, resource: Resource, ids: string[]): Promise<Map<string, Row>> {
  const { rows } = await client.query<Row>({
    name: `lock ${resource.name}`,
    text: `select ${selectList(resource)} from "${resource.name}" t where t.id = any($1::uuid[]) order by t.id for update`,
    values: [ids],
  })
  return new Map(rows.map((row) => [row.id as string, fromColumns(resource, row)]))
}
