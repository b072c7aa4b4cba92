import { readdir, readFile, readlink } from 'node:fs/promises'
import { setTimeout as sleep } from 'node:timers/promises'
import { codeOf } from './error.ts'

const POLL_MS = 10
const LEAVE_ALONE_MS = 1_000
const DIE_MS = 10_000

/**
 * Whether the process is a server process of this data directory (a real path). PostgreSQL works from its data
 * directory, so name and working directory tell it from any other program that was given the number since. A zombie
 * has no working directory and counts as gone.
 */
export async function isServerProcess(pid: number, data: string): Promise<boolean> {
  const folder = await readlink(`/proc/${pid}/cwd`).catch(() => '')
  if (folder !== data && folder !== `${data} (deleted)`) return false
  const name = await readFile(`/proc/${pid}/comm`, 'utf8').catch(() => '')
  return name.trim() === 'postgres'
}

/** Whether some process has this number here; one on its way out counts as gone. */
export async function isAlive(pid: number): Promise<boolean> {
  return readlink(`/proc/${pid}/cwd`).then(
    () => true,
    (error) => codeOf(error) === 'EACCES',
  )
}

/** Waits until the process is gone; false when it is still there after `waitMaxMs`. */
export async function waitUntilGone(pid: number, data: string, waitMaxMs: number): Promise<boolean> {
  return waitUntil(async () => !(await isServerProcess(pid, data)), waitMaxMs)
}

/**
 * After a postmaster was killed its backends leave when they next look up, which one that computes may not do for
 * hours, and no new postmaster may start before. Whatever they were doing is void already, so they are killed.
 */
export async function clearOrphans(data: string): Promise<void> {
  const gone = async () => (await serverProcesses(data)).length === 0
  if (await waitUntil(gone, LEAVE_ALONE_MS)) return
  for (const pid of await serverProcesses(data)) kill(pid, 'SIGKILL')
  await waitUntil(gone, DIE_MS)
}

/** Sends a signal; a process that has just ended is no error. */
export function kill(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal)
  } catch (error) {
    if (codeOf(error) !== 'ESRCH') throw error
  }
}

async function serverProcesses(data: string): Promise<number[]> {
  const pids = (await readdir('/proc')).map(Number).filter(Number.isInteger)
  const own = await Promise.all(pids.map((pid) => isServerProcess(pid, data)))
  return pids.filter((_, index) => own[index])
}

async function waitUntil(done: () => Promise<boolean>, waitMaxMs: number): Promise<boolean> {
  const deadline = Date.now() + waitMaxMs
  while (!(await done())) {
    if (Date.now() >= deadline) return false
    await sleep(POLL_MS)
  }
  return true
}
