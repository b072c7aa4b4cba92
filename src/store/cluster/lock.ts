import { createHash } from 'node:crypto'
import { createServer, type Server } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { ClusterError, codeOf } from './error.ts'

const RETRY_MS = 20
const WAIT_MAX_MS = 60_000

/**
 * Runs `work` while no other process of this machine starts or stops the database of the same home (a real path).
 * The lock is a listening socket in Linux's abstract namespace: it has no file, so the kernel removes it with its
 * holder, however the holder ends. Waits up to `waitMaxMs`, then throws {@link ClusterError} `lock_timeout`.
 */
export async function withLock<Result>(
  home: string,
  work: () => Promise<Result>,
  waitMaxMs = WAIT_MAX_MS,
): Promise<Result> {
  const lock = await acquire(home, Date.now() + waitMaxMs)
  try {
    return await work()
  } finally {
    await new Promise((resolve) => lock.close(resolve))
  }
}

async function acquire(home: string, deadline: number): Promise<Server> {
  const address = `\0serai-${createHash('sha256').update(home).digest('hex')}`
  for (;;) {
    const lock = await tryListen(address)
    if (lock) return lock
    if (Date.now() >= deadline) throw busy(home)
    await sleep(RETRY_MS)
  }
}

function tryListen(path: string): Promise<Server | null> {
  return new Promise((resolve, reject) => {
    const server = createServer((visitor) => visitor.destroy())
    server.once('error', (error) => (codeOf(error) === 'EADDRINUSE' ? resolve(null) : reject(error)))
    server.listen({ path }, () => resolve(server))
  })
}

function busy(home: string): ClusterError {
  return new ClusterError(
    'lock_timeout',
    `Another Serai process has been starting or stopping the database in ${home} for a long time. ` +
      `Look at postgres.log there and at the running processes (ps -ef | grep serai), then try again.`,
  )
}
