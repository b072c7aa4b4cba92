import { stat } from 'node:fs/promises'
import { setTimeout as sleep } from 'node:timers/promises'
import type pg from 'pg'
import { textOf } from './error.ts'
import { isAlone, openPresence, type Presence } from './presence.ts'
import { stopServer } from './server.ts'
import { livingServer, type Server } from './state.ts'

/** What joining once gave: the server, our presence there, and what was recovered on the way. */
export type Entry = {
  server: Server
  data: string
  connection: pg.ClientConfig
  presence: Presence
  recovered: string | null
}

/** How to get back in (starting the server if it must be) and to exclude others meanwhile. */
export type Gate = {
  reenter(): Promise<Entry>
  locked(work: () => Promise<void>): Promise<void>
  onProgress(message: string): void
}

const REJOIN_ATTEMPTS_MAX = 60
const REJOIN_DELAY_FIRST_MS = 100
const REJOIN_DELAY_MAX_MS = 5_000

/**
 * Stays with the server: when it dies under us it is started again, as anybody who joins would, and pools find it at
 * the same address. Returns how to leave: the last one out stops the server.
 */
export function keepMembership(first: Entry, gate: Gate): () => Promise<void> {
  const leaving = new AbortController()
  let entry = first
  let rejoining = Promise.resolve()
  let left: Promise<void> | undefined

  const stay = () => {
    entry.presence.unref() // a program that ends without leaving must end
    entry.presence.once('end', () => {
      if (!leaving.signal.aborted) rejoining = rejoin()
    })
  }
  const rejoin = async () => {
    const next = await enterAgain(gate, leaving.signal)
    if (!next) return
    entry = next
    stay()
  }
  const leave = async () => {
    leaving.abort()
    await rejoining
    await gate.locked(() => depart(entry))
  }
  stay()
  return () => {
    left ??= leave()
    return left
  }
}

/** Null when we are leaving, or when it stays impossible. */
async function enterAgain(gate: Gate, leaving: AbortSignal): Promise<Entry | null> {
  gate.onProgress('The database server ended; starting it again.')
  for (let attempt = 0; attempt < REJOIN_ATTEMPTS_MAX && !leaving.aborted; attempt++) {
    const delayMs = Math.min(REJOIN_DELAY_FIRST_MS * 2 ** attempt, REJOIN_DELAY_MAX_MS)
    await sleep(delayMs, undefined, { ref: false, signal: leaving }).catch(() => undefined)
    if (leaving.aborted) return null
    try {
      const entry = await gate.reenter()
      gate.onProgress(entry.recovered ?? 'The database server is back.')
      return entry
    } catch (error) {
      gate.onProgress(`The database server is not back yet: ${textOf(error)}`)
    }
  }
  if (!leaving.aborted)
    gate.onProgress('The database server did not come back. Mend what is said above and restart Serai.')
  return null
}

/** A server that was lost and came back with others is asked anew; one that is gone needs no stopping. */
async function depart({ data, connection, server, presence: known }: Entry): Promise<void> {
  const present = (await isOpen(known)) ? known : await openPresence(connection).catch(() => null)
  const unneeded = (await isAloneWith(present)) || (await isGone(data))
  await present?.end()
  if (unneeded) await stopServer((await livingServer(data)) ?? server, data)
}

async function isAloneWith(presence: Presence | null): Promise<boolean> {
  presence?.ref()
  return presence ? isAlone(presence).catch(() => false) : false
}

/** A server whose files were removed under it cannot even count, and serves nobody. */
async function isGone(data: string): Promise<boolean> {
  return !(await stat(data).catch(() => null))
}

async function isOpen(presence: Presence): Promise<boolean> {
  presence.ref()
  return presence.query('select').then(
    () => true,
    () => false,
  )
}
