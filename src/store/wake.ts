import { randomBytes } from 'node:crypto'
import pg from 'pg'
import { trackConnection } from './connections.ts'
import type { Pool } from './pool.ts'

const CHANNEL = 'serai_wake'
/** The first call is told at once, those within this time after it together: a busy process sends 10 messages a second. */
const GATHER_MS = 100
const RECONNECT_MS = 1_000
const CONNECT_TIMEOUT_MS = 5_000

/** Tells every process on the database, this one too, that the log has something new. */
export type Wake = {
  /** after a commit: this process looks at once, the others are told a moment later. Costs the caller nothing. */
  wake(): void
  /** calls the listener whenever there may be something new; returns what ends that. */
  onWake(listener: () => void): () => void
  /** hears what other processes tell, until closed; a lost connection is made again, whoever listens looks by itself meanwhile. */
  listen(): void
  /** sends what is still to be told and stops listening. */
  close(): Promise<void>
}

/**
 * Messages are hints, nothing depends on them: whoever waits for one looks by itself within a second. They are sent
 * outside of every transaction, for NOTIFY takes a lock that all commits with one queue up for.
 */
export function createWake(pool: Pool, connection: pg.ClientConfig): Wake {
  const listeners = new Set<() => void>()
  const tell = () => {
    for (const listener of listeners) listener()
  }
  const self = randomBytes(9).toString('base64url')
  const announcer = createAnnouncer(pool, self)
  let ear: { close(): Promise<void> } | undefined
  return {
    wake() {
      tell()
      announcer.announce()
    },
    onWake(listener) {
      listeners.add(listener)
      return () => void listeners.delete(listener)
    },
    listen() {
      ear ??= openEar(connection, self, tell)
    },
    async close() {
      await Promise.all([announcer.close(), ear?.close()])
    },
  }
}

/** Sends a message for the first call, and one for all that come within a moment after it. */
function createAnnouncer(pool: Pool, self: string): { announce(): void; close(): Promise<void> } {
  let timer: NodeJS.Timeout | undefined
  let pending = false
  let sending: Promise<void> | undefined

  function announce(): void {
    pending = true
    if (!timer) tell()
  }

  function tell(): void {
    pending = false
    sending = send(pool, self)
    timer = setTimeout(() => {
      timer = undefined
      if (pending) tell()
    }, GATHER_MS)
  }

  async function close(): Promise<void> {
    clearTimeout(timer)
    await sending
    if (pending) await send(pool, self)
  }

  return { announce, close }
}

// The message is worth no wait for the disk. When the database is away there is nobody to tell, and nothing was changed.
async function send(pool: Pool, self: string): Promise<void> {
  await pool
    .query({
      name: 'tell others',
      text: "select set_config('synchronous_commit', 'off', true), pg_notify($1, $2)",
      values: [CHANNEL, self],
    })
    .catch(() => undefined)
}

/** One connection that hears the others; it calls `tell` for every message, and after every time that it was deaf. */
function openEar(connection: pg.ClientConfig, self: string, tell: () => void): { close(): Promise<void> } {
  let closed = false
  let client: pg.Client | undefined
  let waiting: { timer: NodeJS.Timeout; done(): void } | undefined
  const running = loop()

  async function loop(): Promise<void> {
    while (!closed) {
      await hear().catch(() => undefined) // the next attempt follows
      if (!closed) await pause()
    }
  }

  async function hear(): Promise<void> {
    const ear = new pg.Client({
      ...connection,
      application_name: 'serai listen',
      connectionTimeoutMillis: CONNECT_TIMEOUT_MS,
      keepAlive: true,
    })
    client = ear
    const ended = new Promise<void>((resolve) => ear.once('end', resolve))
    ear.on('error', () => void ear.end()) // a lost connection is not always an ended one
    ear.on('notification', ({ payload }) => void (payload !== self && tell()))
    await ear.connect()
    trackConnection(ear)
    await ear.query(`listen ${CHANNEL}`)
    tell()
    if (closed) await ear.end()
    await ended
  }

  function pause(): Promise<void> {
    return new Promise((done) => {
      waiting = { timer: setTimeout(done, RECONNECT_MS), done }
    })
  }

  return {
    async close() {
      closed = true
      clearTimeout(waiting?.timer)
      waiting?.done()
      await client?.end().catch(() => undefined)
      await running
    },
  }
}
