import { type StdioOptions, spawn } from 'node:child_process'
import { constants } from 'node:fs'
import {
  copyFile,
  type FileHandle,
  lstat,
  mkdir,
  mkdtemp,
  open,
  readdir,
  readFile,
  rename,
  rm,
  stat,
  truncate,
  writeFile,
} from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { type Account, canPass, give, identity } from './account.ts'
import type { Binaries } from './binaries.ts'
import { CONFIGURATION_FILE, configuration } from './configuration.ts'
import { lastLines } from './create.ts'
import { ClusterError, codeOf, textOf } from './error.ts'
import { chownIfRoot, type Home, writeSecret } from './home.ts'
import { clearOrphans, isServerProcess, kill, waitUntilGone } from './processes.ts'
import { fitsSocketAddress, livingServer, PORT, type Server, stoppedCleanly } from './state.ts'

/** What starting needs; `settings` are PostgreSQL's own and win over every file. */
export type Plan = {
  home: Home
  data: string
  binaries: Binaries
  account: Account | null
  settings: Record<string, string>
  onProgress: (message: string) => void
}

const POLL_MS = 5
const SLOW_MS = 3_000
const START_WAIT_MAX_MS = 300_000
const STOP_WAIT_MAX_MS = 60_000
const LOG_BYTES_MAX = 8 * 1024 * 1024

/**
 * Starts the server and waits until it takes connections. Only under the lock, when there is no living one. Returns
 * with it what was recovered: a sentence, or null after an orderly stop. Throws {@link ClusterError} `start_failed`
 * with the end of the log.
 */
export async function startServer(plan: Plan): Promise<{ server: Server; recovered: string | null }> {
  const begun = performance.now()
  const clean = await stoppedCleanly(plan.data)
  await clearRemains(plan.data)
  const socketFolder = await openSocketFolder(plan)
  await writeConfiguration(plan.data)
  await boundLog(plan.home)
  const server = await launch(plan, socketFolder)
  const seconds = ((performance.now() - begun) / 1000).toFixed(1)
  return { server, recovered: clean ? null : recoverySentence(seconds) }
}

/**
 * Waits until the server takes connections; null when there is none and `isComing` does not promise one either.
 * `onSlow` is called once when it takes long, as the replay of a long log does.
 */
export async function waitUntilReady(
  data: string,
  onSlow: () => void,
  isComing = () => false,
): Promise<Server | null> {
  const begun = Date.now()
  let told = false
  for (;;) {
    const server = await livingServer(data)
    if (server?.status === 'ready' || (!server && !isComing())) return server
    const waited = Date.now() - begun
    if (waited > START_WAIT_MAX_MS) throw startTimeout(data)
    if (waited > SLOW_MS && !told) onSlow()
    told ||= waited > SLOW_MS
    await sleep(POLL_MS)
  }
}

/**
 * Stops the server as PostgreSQL's fast shutdown does, waits until it is gone, and removes its socket folder. Only
 * under the lock. A server of another container is left to those who are there.
 */
export async function stopServer(server: Server, data: string): Promise<void> {
  if (!server.own) return
  if (await isServerProcess(server.pid, data)) kill(server.pid, 'SIGINT')
  if (!(await waitUntilGone(server.pid, data, STOP_WAIT_MAX_MS))) throw stopTimeout(server, data)
  if (server.socketFolder !== data) await rm(server.socketFolder, { recursive: true, force: true })
}

/** Keeps the log below its limit and one older part beside it. The server appends, so cutting it in place is safe. */
export async function boundLog(home: Home, bytesMax = LOG_BYTES_MAX): Promise<void> {
  const found = await stat(home.log).catch(() => null)
  if (!found || found.size <= bytesMax) return
  await copyFile(home.log, `${home.log}.1`)
  await chownIfRoot(`${home.log}.1`, home.owner)
  await truncate(home.log)
}

/** A killed server leaves its children for a moment, and files that would stop the next one: their number may be in use again. */
async function clearRemains(data: string): Promise<void> {
  await clearOrphans(data)
  for (const path of ['postmaster.pid', '.s.PGSQL.5432', '.s.PGSQL.5432.lock'])
    await rm(join(data, path), { force: true })
}

/**
 * The folder of the socket lies outside the home, whose path may be too long for a socket address. The same one is
 * used at every start, so that the pools of processes which outlived the server find the next one.
 */
async function openSocketFolder(plan: Plan): Promise<string> {
  const known = (await readFile(plan.home.socket, 'utf8').catch(() => '')).trim()
  if (known && (await takeFolder(known, plan.account))) return known
  const folder = await mkdtemp(join(await temporaryFolder(plan.account), 'serai-'))
  await give(folder, plan.account)
  await writeSecret(plan.home, plan.home.socket, folder)
  return folder
}

/** Makes the folder, or takes it as it is when it is the account's own and closed to others. */
async function takeFolder(folder: string, account: Account | null): Promise<boolean> {
  try {
    await mkdir(folder, { mode: 0o700 })
    await give(folder, account)
    return true
  } catch (error) {
    if (codeOf(error) !== 'EEXIST') return false
  }
  const found = await lstat(folder)
  const owner = account?.uid ?? process.getuid?.()
  if (!found.isDirectory() || found.uid !== owner || (found.mode & 0o077) !== 0) return false
  for (const name of await readdir(folder)) await rm(join(folder, name), { recursive: true })
  return true
}

/** TMPDIR, unless its name is too long for a socket or the account may not enter it. */
async function temporaryFolder(account: Account | null): Promise<string> {
  const folder = tmpdir()
  const fits = fitsSocketAddress(join(folder, 'serai-XXXXXX'))
  return fits && (await canPass(account, folder)) ? folder : '/tmp'
}

/** Under a temporary name first: in a folder of another user, root must not follow what lies there. */
async function writeConfiguration(data: string): Promise<void> {
  const path = join(data, CONFIGURATION_FILE)
  await rm(`${path}.new`, { force: true })
  await writeFile(`${path}.new`, configuration(), { flag: 'wx' })
  await rename(`${path}.new`, path)
}

/** In a session of its own, so that neither Ctrl-C nor the end of the terminal reaches it. */
async function launch(plan: Plan, socketFolder: string): Promise<Server> {
  const log = await openLog(plan.home)
  const { size } = await log.stat()
  const stdio = ['ignore', log.fd, log.fd] satisfies StdioOptions
  const child = spawn(join(plan.binaries.folder, 'bin', 'postgres'), serverArguments(plan, socketFolder), {
    ...identity(plan.account),
    cwd: '/',
    detached: true,
    stdio,
  })
  let end = ''
  child.on('error', (error) => {
    end = textOf(error)
  })
  child.on('exit', (status, signal) => {
    end = signal ?? `status ${status}`
  })
  child.unref()
  await log.close()
  const tellSlow = () =>
    plan.onProgress('PostgreSQL is still starting; after a crash it replays its log first.')
  const server = await waitUntilReady(plan.data, tellSlow, () => end === '')
  if (!server) throw await startFailed(plan, end, size)
  return server
}

function serverArguments(plan: Plan, socketFolder: string): string[] {
  const folders = `"${socketFolder.replaceAll('"', '""')}",.`
  const fixed = ['-D', plan.data, '-p', String(PORT), '-k', folders]
  const settings = { listen_addresses: '', unix_socket_permissions: '0700', ...plan.settings }
  return [...fixed, ...Object.entries(settings).flatMap(([name, value]) => ['-c', `${name}=${value}`])]
}

async function openLog(home: Home): Promise<FileHandle> {
  const { O_APPEND, O_CREAT, O_WRONLY, O_NOFOLLOW } = constants
  const log = await open(home.log, O_APPEND | O_CREAT | O_WRONLY | O_NOFOLLOW, 0o600)
  if (process.getuid?.() === 0) await log.chown(home.owner.uid, home.owner.gid)
  return log
}

function recoverySentence(seconds: string): string {
  return (
    'The database was not shut down cleanly last time (its processes were killed); PostgreSQL replayed its log and ' +
    `nothing acknowledged was lost. (${seconds} s)`
  )
}

async function startFailed(plan: Plan, end: string, logStart: number): Promise<ClusterError> {
  const log = await readFile(plan.home.log)
  const said = lastLines(log.subarray(logStart).toString()) || '(nothing)'
  return new ClusterError(
    'start_failed',
    `PostgreSQL did not start on ${plan.data} (${end}). Its log says:\n${said}\n` +
      `Mend what it names and start again; the whole log is ${plan.home.log}.`,
  )
}

function startTimeout(data: string): ClusterError {
  return new ClusterError(
    'start_failed',
    `PostgreSQL on ${data} is still starting after ${START_WAIT_MAX_MS / 60_000} minutes, perhaps replaying a long ` +
      'log. It goes on by itself: look at postgres.log, and try again later.',
  )
}

function stopTimeout(server: Server, data: string): ClusterError {
  return new ClusterError(
    'stop_timeout',
    `PostgreSQL on ${data} (process ${server.pid}) is still stopping after ${STOP_WAIT_MAX_MS / 1000} s. It goes on ` +
      'by itself: look at postgres.log.',
  )
}
