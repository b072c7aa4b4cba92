import { createHash, randomUUID } from 'node:crypto'
import { readdir, readFile, rm, stat } from 'node:fs/promises'
import { hostname } from 'node:os'
import { join } from 'node:path'

const PREFIX = '.tmp-'
const UNFINISHED = /^\.tmp-(\d+)-(\d+)-([0-9a-f]{8})-[0-9a-f-]+$/
/** A process of another host (a container that shares the folder) cannot be asked; no backup takes this long. */
const FOREIGN_AGE_MAX_MS = 24 * 60 * 60 * 1000

/** A name for a folder that is not finished; it names its process, so that others know when nobody will finish it. */
export async function unfinishedName(): Promise<string> {
  return `${PREFIX}${process.pid}-${(await startTime(process.pid)) ?? 0}-${host()}-${randomUUID()}`
}

/** Removes the unfinished folders of processes that are gone. */
export async function removeLeftovers(folder: string): Promise<void> {
  for (const name of await readdir(folder)) {
    if (name.startsWith(PREFIX) && (await isAbandoned(folder, name)))
      await rm(join(folder, name), { recursive: true, force: true })
  }
}

async function isAbandoned(folder: string, name: string): Promise<boolean> {
  const [, pid, started, owner] = UNFINISHED.exec(name) ?? []
  if (owner === host()) return (await startTime(Number(pid))) !== started
  const { mtimeMs } = await stat(join(folder, name))
  return Date.now() - mtimeMs > FOREIGN_AGE_MAX_MS
}

/**
 * When a process began, in clock ticks since boot: process ids are given out again, id and start together are not. Null
 * when there is no such process; '0' where the system has no /proc and only the id can be asked for.
 */
async function startTime(pid: number): Promise<string | null> {
  try {
    const text = await readFile(`/proc/${pid}/stat`, 'utf8')
    // The second field is the program's name in parentheses and may hold spaces; the start is the 22nd.
    return text.slice(text.lastIndexOf(')') + 2).split(' ')[19] ?? null
  } catch {
    return isAlive(pid) ? '0' : null
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM'
  }
}

function host(): string {
  return createHash('sha256').update(hostname()).digest('hex').slice(0, 8)
}
