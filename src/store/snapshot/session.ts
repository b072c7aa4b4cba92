import pg from 'pg'
import { trackConnection } from '../connections.ts'

/**
 * Everything that decides how a value is written as text is pinned, so that the same row gives the same bytes on every
 * server; `row_security=off` makes a policy that would hide rows an error instead of a smaller backup.
 */
const SETTINGS = {
  TimeZone: 'UTC',
  DateStyle: 'ISO,YMD',
  IntervalStyle: 'postgres',
  extra_float_digits: '1',
  bytea_output: 'hex',
  search_path: 'public',
  row_security: 'off',
  statement_timeout: '0',
  lock_timeout: '0',
  idle_in_transaction_session_timeout: '0',
  jit: 'off',
  'serai.logged': 'on',
}

/** One connection with pinned text formats for as long as `work` runs. Its own pool of one: COPY occupies a connection. */
export async function withSession<Result>(
  connection: pg.ClientConfig,
  work: (client: pg.Client) => Promise<Result>,
): Promise<Result> {
  const client = new pg.Client({ ...connection, application_name: 'serai snapshot' })
  // A lost connection also rejects the statement under way; without a listener it would end the process as well.
  client.on('error', () => undefined)
  await client.connect()
  trackConnection(client)
  try {
    for (const [name, value] of Object.entries(SETTINGS))
      await client.query('select set_config($1, $2, false)', [name, value])
    return await work(client)
  } finally {
    await client.end()
  }
}

/** The same server and user, another database; a URL is taken apart the way `pg` does it. */
export function onDatabase(connection: pg.ClientConfig, database: string): pg.ClientConfig {
  const { host, port, user, password, ssl } = new pg.Client(connection)
  return { host, port, user, password, ssl, database } as pg.ClientConfig
}

/**
 * Runs `work` in a transaction and commits when it returns. When it throws the session is over, and closing it rolls
 * back: a connection that was stopped in the middle of a COPY would never answer a `rollback`.
 */
export async function inTransaction<Result>(
  client: pg.ClientBase,
  begin: string,
  work: () => Promise<Result>,
): Promise<Result> {
  await client.query(begin)
  const result = await work()
  await client.query('commit')
  return result
}

/** The text of a refusal by PostgreSQL, with what it knows of the place. */
export function describeError(error: unknown): string {
  if (!(error instanceof pg.DatabaseError)) return (error as Error).message
  const { message, detail, table: name, constraint } = error
  const place = [name && `table ${name}`, constraint && `constraint ${constraint}`].filter(Boolean).join(', ')
  return [message, detail, place && `(${place})`].filter(Boolean).join(' ')
}
