import { fault } from '../kernel/fault.ts'
import { conflict, invalid, Problem } from '../kernel/problem.ts'
import type { Queryable } from '../store/pool.ts'

type PgError = Error & { code?: string; constraint?: string; table?: string; column?: string }

const CODES = {
  not_null: '23502',
  foreign_key: '23503',
  unique: '23505',
  check: '23514',
  exclusion: '23P01',
  /** an invariant that a trigger guards: it names itself as the constraint, and says in its message what is wrong. */
  guarded: 'SERAI',
} as const
const UNAVAILABLE = new Set([
  '57P01',
  '57P02',
  '57P03',
  '53300',
  '08000',
  '08003',
  '08006',
  'ECONNREFUSED',
  'ECONNRESET',
  'ENOENT',
  'EPIPE',
])
const FULL = new Set(['53100', 'ENOSPC'])
const TIMEOUT = '57014'

/**
 * An error of the database as a problem with a name: the invariant that was about to be broken says in its own words (the
 * comment on the constraint, written in the migration) what is wrong. Anything unknown passes through.
 */
export async function explain(client: Queryable, error: unknown): Promise<unknown> {
  const { code, constraint, column, table } = error as PgError
  if (code === undefined)
    return (error as Error)?.message?.includes('Connection terminated') ? unavailable() : error
  if (UNAVAILABLE.has(code)) return unavailable()
  if (FULL.has(code))
    return new Problem(
      507,
      'storage.full',
      'Disk full',
      'The disk of the database is full; nothing was changed. Free some space and try again.',
    )
  if (code === TIMEOUT)
    return new Problem(
      503,
      'database.timeout',
      'Took too long',
      'The database took too long to answer; nothing was changed. Narrow the question or try again.',
    )
  const words = constraint && table ? await commentOn(client, table, constraint) : null
  const path =
    constraint && table ? constraint.replace(`${table}_`, '').replace(/_(key|fkey|check|excl|idx)$/, '') : ''
  switch (code) {
    case CODES.unique:
      return conflict('unique', words ?? `Another record has the same ${path}.`, [
        fault(path, `${path}.unique`, words ?? 'is taken'),
      ])
    case CODES.exclusion:
      return conflict('overlap', words ?? `It overlaps another record (${constraint}).`, [
        fault(path, `${path}.overlap`, words ?? 'overlaps another record'),
      ])
    case CODES.foreign_key:
      return conflict(
        'reference',
        words ?? `It points to a record that does not exist, or others point to it (${path}).`,
        [fault(path, `${path}.reference`, words ?? 'does not exist')],
      )
    case CODES.guarded:
      return conflict(constraint ?? 'state', (error as PgError).message)
    case CODES.check:
      return invalid([fault(path, `${path}.check`, words ?? `breaks the rule ${constraint}`)])
    case CODES.not_null:
      return invalid([fault(column ?? '', `${column}.required`, 'is required')])
    default:
      return error
  }
}

/** The database is away: restarting, killed or full of connections. Nothing was acknowledged; the caller may try again. */
export function unavailable(): Problem {
  return new Problem(
    503,
    'database.unavailable',
    'Database unavailable',
    'The database is not answering; nothing was changed. Try again in a few seconds.',
  )
}

async function commentOn(client: Queryable, table: string, constraint: string): Promise<string | null> {
  const { rows } = await client.query<{ words: string | null }>(
    `select coalesce(
  (select obj_description(oid, 'pg_constraint') from pg_constraint where conname = $2 and conrelid = to_regclass($1)),
  obj_description(to_regclass($2), 'pg_class')) as words`,
    [table, constraint],
  )
  return rows[0]?.words ?? null
}
