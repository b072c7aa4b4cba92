import { setTimeout as sleep } from 'node:timers/promises'
import pg from 'pg'
import { ClusterError, codeOf, textOf } from './error.ts'
import { isAlive } from './processes.ts'

/** With the number of the process behind it. */
const PRESENCE_NAME = 'serai presence'
const CONNECT_TIMEOUT_MS = 10_000
const LINGER_MS = 1_000
const POLL_MS = 10
/** PostgreSQL's codes (authentication, missing database, too many connections) and ours. */
const LASTING = ['28P01', '28000', '3D000', '53300', 'password_missing', 'home_unusable']

/** The driver's client, with the two methods that its types leave out. */
export type Presence = pg.Client & { ref(): void; unref(): void }

/**
 * Opens the connection that says: this process uses the server. Its loss is an `end` event, never a crash.
 */
export async function openPresence(connection: pg.ClientConfig): Promise<Presence> {
  const presence = new pg.Client({
    ...connection,
    application_name: `${PRESENCE_NAME} ${process.pid}`,
    connectionTimeoutMillis: CONNECT_TIMEOUT_MS,
  }) as Presence
  presence.on('error', () => undefined) // whoever keeps it waits for its end
  try {
    await presence.connect()
  } catch (error) {
    throw cannotSignIn(error)
  }
  return presence
}

/**
 * Whether nobody else uses the server, a person's psql included. Backends of connections that were just closed, or
 * whose process was killed, take a moment to go, so without another living process in sight they are given one.
 */
export async function isAlone(presence: pg.Client): Promise<boolean> {
  const deadline = Date.now() + LINGER_MS
  for (;;) {
    const names = await otherClients(presence)
    if (names.length === 0) return true
    if ((await anyMember(names)) || Date.now() >= deadline) return false
    await sleep(POLL_MS)
  }
}

/** The application names of all other connections. */
async function otherClients(presence: pg.Client): Promise<string[]> {
  const { rows } = await presence.query<{ name: string }>(
    `select coalesce(application_name, '') as name from pg_stat_activity
where backend_type = 'client backend' and pid <> pg_backend_pid()`,
  )
  return rows.map(({ name }) => name)
}

async function anyMember(names: string[]): Promise<boolean> {
  const members = names.filter((name) => name.startsWith(PRESENCE_NAME))
  const alive = await Promise.all(members.map((name) => isAlive(Number(name.slice(PRESENCE_NAME.length)))))
  return alive.includes(true)
}

/** Whether the server may let us in, or be found dead, a moment later; a wrong password or database stays wrong. */
export function isPassing(error: unknown): boolean {
  const cause = (error as Error).cause ?? error
  return !LASTING.includes(codeOf(cause))
}

function cannotSignIn(error: unknown): ClusterError {
  const full = codeOf(error) === '53300'
  return new ClusterError(
    full ? 'server_full' : 'server_failed',
    `The embedded PostgreSQL runs, but does not let Serai in: ${textOf(error)}. ` +
      (full
        ? 'Too many processes or connections use it: close some, or raise max_connections in postgresql.conf.'
        : 'Look at postgres.log in the home folder; stop all Serai processes and start again.'),
    { cause: error },
  )
}
