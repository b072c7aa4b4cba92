import DataLoader from 'dataloader'
import { accessTo } from '../../engine/lookup.ts'
import { read } from '../../engine/read.ts'
import type { Engine } from '../../engine/types.ts'
import type { Actor } from '../../kernel/actor.ts'
import type { Row } from '../../kernel/field.ts'
import { keepsHistory, type Resource } from '../../kernel/resource.ts'
import { compare, isNobody } from '../../kernel/rule.ts'
import type { Context } from './context.ts'

/**
 * Reads references in batches: all that are asked for at the same moment, of one resource, are one query. Nothing is kept
 * after that, for a mutation between two reads changes what there is.
 */
export function createLoader(engine: Engine, actor: Actor): Context['load'] {
  const loaders = new Map<string, DataLoader<string, Row>>()
  return (resource, id, asOf) => {
    const name = `${resource.name} ${asOf ?? ''}`
    let loader = loaders.get(name)
    if (!loader) {
      loader = new DataLoader((ids) => recordsOf(engine, actor, resource, ids, asOf), { cache: false })
      loaders.set(name, loader)
    }
    return loader.load(id)
  }
}

const times = new WeakMap<Row, string>()

/** Marks records as read of a time, so that what they refer to is read of the same. */
export function ofTime(rows: Row[], asOf: string | undefined): Row[] {
  if (asOf) for (const row of rows) times.set(row, asOf)
  return rows
}

/** The time that a record was read of; undefined for now. */
export function timeOf(row: Row): string | undefined {
  return times.get(row)
}

/** A record that the actor may not see shows its id alone, as under `?expand=`. */
async function recordsOf(
  engine: Engine,
  actor: Actor,
  resource: Resource,
  ids: readonly string[],
  asOf: string | undefined,
): Promise<Row[]> {
  const distinct = [...new Set(ids)]
  const rows = isNobody(accessTo(engine, actor, resource, 'read').rule)
    ? { items: [] }
    : await read(engine, actor, resource.name, {
        filter: compare('id', 'in', distinct),
        sort: [],
        limit: distinct.length,
        archived: 'with',
        ...(asOf && keepsHistory(resource) ? { asOf } : {}),
      })
  const byId = new Map(ofTime(rows.items, asOf).map((row) => [row.id, row]))
  return ids.map((id) => byId.get(id) ?? { id })
}
