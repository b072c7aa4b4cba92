import pg from 'pg'
import { trackConnection } from './connections.ts'
import type { Pool } from './pool.ts'

/** First key of the advisory lock by which a worker shows that it lives; the second is the worker's name, hashed. */
export const LIFE_LOCK_CLASS = 7_701

/** How soon an unanswered question counts as a lost connection. */
const ANSWER_MS = 2_000

/** A session that holds the lock of one worker until it ends, however it ends. */
export type LifeSession = {
  /** Rejects when the session does not answer within two seconds. */
  ask(): Promise<void>
  /** Ends at once, without a word to the server. */
  drop(): void
  /** Ends in good order. */
  close(): Promise<void>
}

/**
 * Opens a session that holds the lock of a worker. The lock is shared, so that the worker gets it again on a new session
 * while the server still believes in the old one. `onLost` is called once when the connection breaks.
 */
export async function openLife(pool: Pool, worker: string, onLost: () => void): Promise<LifeSession> {
  const client = new pg.Client({
    ...pool.options,
    // pg hides it from the spread
    password: pool.options.password,
    application_name: `serai ${worker}`,
    connectionTimeoutMillis: ANSWER_MS,
    query_timeout: ANSWER_MS,
    keepAlive: true,
  })
  const silence = () => client.removeListener('error', onLost).removeListener('end', onLost)
  const drop = () => {
    silence().on('error', () => undefined)
    // What hangs cannot be asked to end.
    ;(client as unknown as { connection: { stream: { destroy(): void } } }).connection.stream.destroy()
  }
  client.once('error', onLost).once('end', onLost)
  try {
    await client.connect()
    trackConnection(client)
    // A machine that loses its power says no goodbye: the server asks after 3 s of silence, and gives it up after 7.
    await client.query(
      "select set_config('tcp_keepalives_idle', '3', false), set_config('tcp_keepalives_interval', '2', false), set_config('tcp_keepalives_count', '2', false)",
    )
    await client.query('select pg_advisory_lock_shared($1, hashtext($2))', [LIFE_LOCK_CLASS, worker])
  } catch (error) {
    drop()
    throw error
  }
  return {
    ask: async () => void (await client.query('select 1')),
    drop,
    async close() {
      silence()
      await client.end()
    },
  }
}
