import { lstat, open, readFile, realpath, stat } from 'node:fs/promises'
import { createConnection } from 'node:net'
import { join } from 'node:path'
import { ClusterError, codeOf } from './error.ts'
import type { Home } from './home.ts'
import { isServerProcess } from './processes.ts'

/** The server as postmaster.pid describes it. `own`: its process is visible to us, not in another container. */
export type Server = { pid: number; port: number; socketFolder: string; status: string; own: boolean }

/** The port in the name of the socket; nothing listens on the network. */
export const PORT = 5432
/** `sun_path` of a Linux socket address holds 108 bytes with its end. */
const SOCKET_PATH_BYTES_MAX = 107

/** Little-endian on every machine that the programs come for. */
const STATE_OFFSET = 16
const STATE_SHUT_DOWN = 1

/** The real path of the data directory, or null when there is none yet. Throws for a lost or foreign one. */
export async function findData(home: Home): Promise<string | null> {
  if (!(await lstat(home.link).catch(() => null))) return null
  const data = await realpath(home.link).catch((error) => {
    throw codeOf(error) === 'ENOENT' ? dataMissing(home) : error
  })
  if (!(await stat(join(data, 'PG_VERSION')).catch(() => null))) throw dataForeign(home)
  return data
}

/** The major version of PostgreSQL that made the data directory. */
export async function dataVersion(data: string): Promise<number> {
  return Number.parseInt(await readFile(join(data, 'PG_VERSION'), 'utf8'), 10)
}

/** Whether the last server of this data directory stopped in order: the state in its control file (pg_control.h). */
export async function stoppedCleanly(data: string): Promise<boolean> {
  const file = await open(join(data, 'global', 'pg_control'))
  try {
    const { buffer } = await file.read({ buffer: Buffer.alloc(4), position: STATE_OFFSET })
    return buffer.readInt32LE() === STATE_SHUT_DOWN
  } finally {
    await file.close()
  }
}

/** The living server of the data directory; null when there is none, whatever files a dead one has left. */
export async function livingServer(data: string): Promise<Server | null> {
  const server = parsePidFile(await readFile(join(data, 'postmaster.pid'), 'utf8').catch(() => ''))
  if (!server) return null
  if (await isServerProcess(server.pid, data)) return { ...server, own: true }
  return (await answers(data)) ? { ...server, own: false } : null
}

/** The folder through which this process gets at the socket. */
export async function reachableSocketFolder(server: Server, data: string): Promise<string> {
  for (const folder of server.own ? [server.socketFolder, data] : [data]) {
    const there = await stat(socketPath(folder, server.port)).catch(() => null)
    if (there && fitsSocketAddress(folder)) return folder
  }
  throw socketMissing(server, data)
}

/** The file of a socket in a folder. */
export function socketPath(folder: string, port = PORT): string {
  return join(folder, `.s.PGSQL.${port}`)
}

/** Whether the name of a socket in this folder fits into a socket address. */
export function fitsSocketAddress(folder: string): boolean {
  return Buffer.byteLength(socketPath(folder)) <= SOCKET_PATH_BYTES_MAX
}

/** The lines that PostgreSQL documents for postmaster.pid; null until it has written all that we need. */
export function parsePidFile(text: string): Omit<Server, 'own'> | null {
  const [pid, , , port, socketFolder, , , status] = text.split('\n').map((line) => line.trim())
  if (!/^\d+$/.test(pid ?? '')) return null
  return { pid: Number(pid), port: Number(port), socketFolder: socketFolder ?? '', status: status ?? '' }
}

/**
 * Whether somebody listens on the socket in the data directory. It tells a server in another container (same folder,
 * other process numbers) from a dead one; starting a second server on its files would destroy them. The way over the
 * open folder keeps the address short.
 */
async function answers(data: string): Promise<boolean> {
  const folder = await open(data)
  try {
    return await new Promise((resolve) => {
      const socket = createConnection(socketPath(`/proc/self/fd/${folder.fd}`))
      socket.on('connect', () => resolve(true)).on('error', () => resolve(false))
      socket.on('connect', () => socket.destroy())
    })
  } finally {
    await folder.close()
  }
}

/** The database was here and is not any more. */
export function dataMissing(home: Home): ClusterError {
  return new ClusterError(
    'data_missing',
    `The database in ${home.link} is gone. Put the folder back (${home.link} may be a link to it); or remove the link ` +
      'to start afresh, and restore a backup.',
  )
}

function dataForeign(home: Home): ClusterError {
  return new ClusterError(
    'data_foreign',
    `${home.link} is there, but is not a data directory of PostgreSQL (no PG_VERSION in it). Move it away, or set ` +
      'SERAI_HOME to another folder.',
  )
}

function socketMissing(server: Server, data: string): ClusterError {
  const where = server.own
    ? `its socket in ${server.socketFolder} cannot be seen`
    : 'it belongs to another container'
  return new ClusterError(
    'socket_missing',
    `PostgreSQL runs on ${data}, but ${where} from here. Run this command where the server was started, ` +
      'move the home to a shorter path, or use a server through DATABASE_URL.',
  )
}
