import { sql } from 'kysely'
import type { Actor } from '../kernel/actor.ts'
import type { Row } from '../kernel/field.ts'
import type { Access } from '../kernel/grants/access.ts'
import { intersection, type Names } from '../kernel/grants/names.ts'
import { badRequest } from '../kernel/problem.ts'
import { same } from '../kernel/record.ts'
import { keepsHistory, type Resource } from '../kernel/resource.ts'
import { all, matches } from '../kernel/rule.ts'
import { compile } from '../store/compile.ts'
import { where } from '../store/where.ts'
import { cut } from './access/sight.ts'
import { decodeCursor, encodeCursor } from './cursor.ts'
import { requirePossible, resourceOf } from './lookup.ts'
import type { Engine } from './types.ts'

/** How a record differs between two times: the fields that are not the same, as they were and as they are. */
export type Difference = {
  record: string
  key: string
  effect: 'created' | 'changed' | 'archived' | 'restored' | 'deleted'
  /** null for a record that was not there. */
  before: Row | null
  /** null for a record that is gone. */
  after: Row | null
  /** time of the last change. */
  time: string
}

/** Between these times, of this resource. `until` is now when absent. */
export type DiffQuery = { asOf: string; until?: string; cursor?: string; limit: number }

type Fact = Omit<Difference, 'effect'> & { made: boolean; gone: boolean; shown: boolean }

/** Records that are not as they stood at `asOf`, in the order of their ids; what was changed and put back is none. */
export async function diff(
  engine: Engine,
  actor: Actor,
  resourceName: string,
  query: DiffQuery,
): Promise<{ items: Difference[]; next: string | null }> {
  const resource = resourceOf(engine, resourceName)
  const accesses = ['read', 'history'].map((verb) => requirePossible(engine, actor, resource, verb))
  const open = accesses.map(({ always }) => always).reduce(intersection)
  if (!keepsHistory(resource)) throw badRequest('as_of', `${resource.plural} keep no history.`)
  const question = ['diff', resource.name, query.asOf, query.until ?? '']
  let after = query.cursor ? String(decodeCursor(question, query.cursor)[0]) : null
  const items: Difference[] = []
  // A page of facts may hold few differences, so it is filled from as many pages as it takes.
  for (;;) {
    const facts = await factsSince(engine, accesses, resource, actor, query, after)
    for (const fact of facts) {
      after = fact.record
      const difference = visible(accesses, actor, fact) ? differenceOf(resource, fact, open) : undefined
      if (difference) items.push(difference)
      if (items.length === query.limit) return { items, next: encodeCursor(question, [after]) }
    }
    if (facts.length < query.limit) return { items, next: null }
  }
}

/** What happened to each record since, folded: its first `before` and its last `after`. */
async function factsSince(
  engine: Engine,
  accesses: readonly Access[],
  resource: Resource,
  actor: Actor,
  { asOf, until, limit }: DiffQuery,
  after: string | null,
): Promise<Fact[]> {
  const { text, values } =
    compile(sql`select e.*, ${where(resource, all(...accesses.map(({ rule }) => rule)), actor)} as shown from (

  select record, max(key) as key, (array_agg(before is null order by position))[1] as made, (array_agg(action = 'delete' order by position desc))[1] as gone,
    serai_merge(before order by position desc) as before, serai_merge(after order by position) as after, max(time) as time
  from event where resource = ${resource.name} and time > ${asOf}::timestamptz and (${until ?? null}::timestamptz is null or time <= ${until ?? null}::timestamptz)
    and (${after}::uuid is null or record > ${after}::uuid)
  group by record order by record limit ${limit}
) e left join ${sql.table(resource.name)} t on t.id = e.record order by record`)
  return (await engine.pool.query<Fact>(text, values)).rows
}

/** A row that is no more is judged by what the log says of it. */
function visible(accesses: readonly Access[], actor: Actor, { gone, shown, before }: Fact): boolean {
  return gone ? accesses.every(({ rule }) => matches(rule, before ?? {}, actor)) : shown
}

function differenceOf(resource: Resource, fact: Fact, open: Names): Difference | undefined {
  const { record, key, time, made, gone } = fact
  if (made && gone) return undefined
  const entry = { record, key, time }
  if (made) return { ...entry, effect: 'created', before: null, after: cut(fact.after!, open) }
  if (gone) return { ...entry, effect: 'deleted', before: cut(fact.before ?? {}, open), after: null }
  const before = fact.before ?? {}
  const names = Object.keys(fact.after!).filter(
    (name) => resource.fields[name] && !same(before[name], fact.after![name]),
  )
  if (names.length === 0) return undefined
  const only = (row: Row) => cut(Object.fromEntries(names.map((name) => [name, row[name] ?? null])), open)
  return { ...entry, effect: effectOf(names, fact.after!), before: only(before), after: only(fact.after!) }
}

function effectOf(names: string[], after: Row): Difference['effect'] {
  if (!names.includes('archived_at')) return 'changed'
  return after.archived_at === null ? 'restored' : 'archived'
}
