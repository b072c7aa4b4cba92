import type { Client, PoolClient } from 'pg'
import type { Engine } from '../../engine/types.ts'

/** How long work may take to notice that its connections are gone. */
const UNWIND_MS = 5_000

/** Ctrl-C: what was under way was rolled back. */
export class Interrupted extends Error {
  readonly code = 'interrupted'
}

/**
 * Does `work` until it ends or the signal says stop. Then every connection that is at work is cut, so that PostgreSQL rolls its
 * transaction back, and none that is taken later works: whatever had not been committed never happened.
 */
export async function untilInterrupted<Result>(
  pool: Engine['pool'],
  signal: AbortSignal,
  work: () => Promise<Result>,
): Promise<Result> {
  const busy = new Set<PoolClient>()
  pool.on('acquire', (client) => {
    busy.add(client)
    if (signal.aborted) cut(client)
  })
  pool.on('release', (_error, client) => void busy.delete(client))
  if (signal.aborted) throw new Interrupted('Interrupted before it began.')
  const { promise: stopped, reject } = Promise.withResolvers<never>()
  let timer: NodeJS.Timeout | undefined
  const stop = () => {
    for (const client of busy) cut(client)
    timer = setTimeout(() => reject(new Interrupted('Interrupted.')), UNWIND_MS)
  }
  signal.addEventListener('abort', stop, { once: true })
  try {
    return await Promise.race([work(), stopped])
  } finally {
    signal.removeEventListener('abort', stop)
    clearTimeout(timer)
  }
}

// A pool hands out whole clients; only its types leave `end` out. Ending one that is busy drops the connection at once.
function cut(client: PoolClient): void {
  ;(client as unknown as Client).end().catch(() => undefined)
}
