import type pg from 'pg'
import { currentTrace } from './trace.ts'

type Statement = string | (pg.QueryConfig & { submit?: unknown; [SEEN]?: true })
type Queried = { query(statement: Statement, ...rest: unknown[]): unknown }

/** On what the pool has looked at, so that its connection does not look again. */
const SEEN = Symbol('seen')

/**
 * Puts the trace of a sampled call behind its statements, as sqlcommenter spells it, so that PostgreSQL's log and
 * `pg_stat_activity` name the call: `select 1 /*traceparent='00-…-01'*\/`.
 *
 * Of sampled calls only: a text that differs each time cannot be prepared, so it is parsed and planned anew (docs/metrics.md
 * has the numbers), and nobody pays for that who did not ask to be recorded. A header cannot break out of its comment: it
 * is 55 characters of checked hexadecimal digits and dashes, and the span in it is ours.
 *
 * It is decided where a statement is given to the pool and not on the connection that it gets: a full pool goes on in the
 * context of whoever gave a connection back, and that is another call's.
 */
export function commentTraces(pool: pg.Pool): void {
  const given = pool as unknown as Queried
  const query = given.query.bind(pool)
  given.query = (statement, ...rest) => query({ ...config(withTrace(statement)), [SEEN]: true }, ...rest)
  pool.on('connect', (client) => commentClient(client as unknown as Queried))
}

function commentClient(client: Queried): void {
  const query = client.query.bind(client)
  client.query = (statement, ...rest) =>
    query(isSettled(statement) ? statement : withTrace(statement), ...rest)
}

/** Seen by the pool, or a stream or cursor, which has its text already. */
function isSettled(statement: Statement): boolean {
  return typeof statement === 'object' && (SEEN in statement || typeof statement.submit === 'function')
}

function withTrace(statement: Statement): Statement {
  const trace = currentTrace()
  if (!trace?.sampled) return statement
  const { name: _, ...unprepared } = config(statement)
  return { ...unprepared, text: `${unprepared.text} /*traceparent='${trace.header}'*/` }
}

function config(statement: Statement): Exclude<Statement, string> {
  return typeof statement === 'string' ? { text: statement } : statement
}
