import type { Row } from '../../kernel/field.ts'
import type { Resource } from '../../kernel/resource.ts'
import { type LoggedEvent, type LoggedStep, stepsSince } from '../../store/log.ts'
import type { Pool } from '../../store/pool.ts'
import { fromColumns, selectList } from '../../store/rows.ts'
import { cursorOf, isBefore, type Place, placeOf, type Sight } from './place.ts'

/** An event, and the record around it as far as readers of the log were told up to there. */
export type Happening = {
  event: LoggedEvent
  place: Place
  before: Row | null
  after: Row | null
  /** which step of the record's past it is. */
  step: number
  past: Past
}

/** What happened to one record: `states[n]` is the record before `steps[n]`, the last state is that of now. `stepAt` finds a step by its position. */
export type Past = { steps: Place[]; states: (Row | null)[]; stepAt: ReadonlyMap<number, number> }

/**
 * The records around events of one resource, with two queries for all of them: the rows of now, with everything that
 * happened since laid back. Rows are read first, so that what happens between the queries is laid back too, and that
 * changes nothing.
 */
export async function happeningsOf(
  pool: Pool,
  resource: Resource,
  events: readonly LoggedEvent[],
): Promise<Happening[]> {
  if (events.length === 0) return []
  const since = placeOf(events[0])
  const ids = [...new Set(events.map(({ record }) => record))]
  const rows = await currentRows(pool, resource, ids)
  const steps = await stepsSince(pool, ids, cursorOf(since))
  const pasts = new Map(
    [...Map.groupBy(steps, ({ record }) => record)].map(([id, each]) => [
      id,
      pastOf(resource, rows.get(id) ?? null, each),
    ]),
  )
  return inLogOrder(events, pasts, since)
}

/**
 * The rows before and after an event for a subscriber that had seen some transactions ahead of the log when it began.
 */
export function rowsAround(
  happening: Happening,
  seen: Sight | null,
): { before: Row | null; after: Row | null } {
  const { place, past, step } = happening
  if (!seen || place.transaction >= seen.xmax) return happening
  const told = past.steps.findLastIndex((each) => isBefore(each, place) || seen.sees(each.transaction)) + 1
  return { before: past.states[told], after: past.states[Math.max(told, step + 1)] }
}

/**
 * The log's order is that of transactions; a record's own is that of its versions. A transaction that began early and
 * wrote late comes first in the log with the newer version: whoever was told that stays with it, so that the last
 * message about a record always has its newest row.
 */
function inLogOrder(
  events: readonly LoggedEvent[],
  pasts: ReadonlyMap<string, Past>,
  since: Place,
): Happening[] {
  const told = new Map<string, number>()
  return events.map((event) => {
    const past = pasts.get(event.record)!
    const place = placeOf(event)
    const step = past.stepAt.get(place.position)!
    const before = told.get(event.record) ?? past.steps.findLastIndex((each) => isBefore(each, since)) + 1
    const after = Math.max(before, step + 1)
    told.set(event.record, after)
    return { event, place, before: past.states[before], after: past.states[after], step, past }
  })
}

/** Lays the steps back over the row of now, from the last to the first. */
export function pastOf(resource: Resource, row: Row | null, steps: readonly LoggedStep[]): Past {
  const states: (Row | null)[] = Array(steps.length + 1)
  states[steps.length] = row
  for (let index = steps.length - 1; index >= 0; index--) {
    const state = layBack(resource, states[index + 1], steps[index])
    if (state && index > 0) state.updated_at = steps[index - 1].time
    states[index] = state
  }
  return {
    steps: steps.map(placeOf),
    states,
    stepAt: new Map(steps.map(({ position }, index) => [position, index])),
  }
}

/** The record before a step; null when the step made it. */
function layBack(resource: Resource, after: Row | null, { record, version, before }: LoggedStep): Row | null {
  if (before === null) return null
  const row: Row = { id: record, ...after, version: version - 1 }
  for (const [name, value] of Object.entries(before)) row[name] = canonical(resource, name, value)
  return row
}

// Events of set-wise writes hold values as their columns do.
function canonical(resource: Resource, name: string, value: unknown): unknown {
  const field = resource.fields[name]
  return field?.fromColumn && value !== null && typeof value !== 'object' ? field.fromColumn(value) : value
}

async function currentRows(pool: Pool, resource: Resource, ids: string[]): Promise<Map<string, Row>> {
  const { rows } = await pool.query<Row>({
    name: `rows of ${resource.name}`,
    text: `select ${selectList(resource)} from "${resource.name}" t where t.id = any($1::uuid[])`,
    values: [ids],
  })
  return new Map(rows.map((row) => [row.id as string, fromColumns(resource, row)]))
}
