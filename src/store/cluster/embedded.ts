import { createHash, randomBytes } from 'node:crypto'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import type pg from 'pg'
import { type Account, canPass, databaseAccount, letPass } from './account.ts'
import { findBinaries, openSharedFolder, usableBinaries } from './binaries.ts'
import type { Cluster, JoinOptions } from './contract.ts'
import { createData, DATABASE_NAME, type Site } from './create.ts'
import { ClusterError } from './error.ts'
import { databasePassword, type Home, openHome } from './home.ts'
import { withLock } from './lock.ts'
import { type Entry, keepMembership } from './membership.ts'
import { isPassing, openPresence } from './presence.ts'
import { boundLog, startServer, stopServer, waitUntilReady } from './server.ts'
import { dataMissing, dataVersion, findData, reachableSocketFolder, type Server } from './state.ts'

/** For what a server that runs for root cannot reach in root's own folders. */
const SHARED_FOLDER = '/var/lib/serai'
const LOG_CHECK_MS = 600_000
const ENTER_ATTEMPTS_MAX = 50
const ENTER_DELAY_MS = 100

type Settings = {
  home: Home
  shared: string
  server: Record<string, string>
  onProgress: (message: string) => void
}
type Running = { data: string; server: Server; recovered: string | null; started: boolean }

/** Joins the server of this home, making and starting it if need be. `shared` is for tests only. */
export async function joinEmbedded(
  folder: string,
  options: JoinOptions,
  shared = SHARED_FOLDER,
): Promise<Cluster> {
  requireLinux()
  const home = await openHome(folder)
  const onProgress = options.onProgress ?? (() => undefined)
  const settings: Settings = { home, shared, server: options.settings ?? {}, onProgress }
  const enter = (mayMake: boolean) => withLock(home.path, () => enterServer(settings, mayMake))
  const first = await enter(true)
  const version = await first.presence.query<{ server_version: string }>('show server_version')
  const leave = keepMembership(first, {
    onProgress,
    reenter: () => enter(false),
    locked: (work) => withLock(home.path, work),
  })
  const logCheck = setInterval(() => boundLog(home).catch(() => undefined), LOG_CHECK_MS).unref()
  return {
    connection: first.connection,
    describe: `embedded PostgreSQL ${version.rows[0]?.server_version} in ${first.data}`,
    embedded: true,
    recovered: first.recovered,
    release: () => {
      clearInterval(logCheck)
      return leave()
    },
  }
}

/** Under the lock. A server that ends at this very moment (it was just killed) is found dead on the next look. */
async function enterServer(settings: Settings, mayMake: boolean): Promise<Entry> {
  for (let attempt = 1; ; attempt++) {
    const running = await runningServer(settings, mayMake)
    try {
      const connection = await connectionTo(running, settings.home)
      return { ...running, connection, presence: await openPresence(connection) }
    } catch (error) {
      if (running.started) await stopServer(running.server, running.data)
      if (running.started || attempt === ENTER_ATTEMPTS_MAX || !isPassing(error)) throw error
      await sleep(ENTER_DELAY_MS)
    }
  }
}

/** A process that comes back to a database must find it: an empty one in its place would look like lost data. */
async function runningServer(settings: Settings, mayMake: boolean): Promise<Running> {
  const existing = await findData(settings.home)
  if (!existing && !mayMake) throw dataMissing(settings.home)
  const living =
    existing && (await waitUntilReady(existing, () => settings.onProgress('PostgreSQL is still starting.')))
  if (living) return { data: existing, server: living, recovered: null, started: false }
  const account = await databaseAccount(settings.home, existing)
  const found = await findBinaries()
  if (existing) await requireVersion(existing, found.major)
  const binaries = await usableBinaries(found, account, settings.shared, settings.onProgress)
  if (existing) await requirePassage(settings.home, existing, account)
  else await create(settings, { binaries, account })
  const data = existing ?? (await findData(settings.home))!
  const { home, onProgress, server } = settings
  return {
    data,
    started: true,
    ...(await startServer({ home, data, binaries, account, settings: server, onProgress })),
  }
}

async function create(
  settings: Settings,
  maker: Omit<Parameters<typeof createData>[2], 'password'>,
): Promise<void> {
  settings.onProgress(`Making the database in ${settings.home.path} (once, takes about a second).`)
  const site = await chooseSite(settings, maker.account)
  await createData(settings.home, site, { ...maker, password: await databasePassword(settings.home, true) })
}

/** In the home; or, where the server's user cannot get there, in the shared folder, which the home then points to. */
async function chooseSite({ home, shared, onProgress }: Settings, account: Account | null): Promise<Site> {
  if (await reachable(home, home.path, account))
    return { folder: home.path, prefix: 'postgres.new-', data: home.link }
  await openSharedFolder(shared)
  const data = join(shared, randomBytes(8).toString('hex'))
  onProgress(
    `PostgreSQL runs as ${account?.name}, who may not enter ${home.path}: its data goes to ${data}, which ${home.link} points to.`,
  )
  const mark = createHash('sha256').update(home.path).digest('hex').slice(0, 16)
  return { folder: shared, prefix: `new-${mark}-`, data }
}

async function reachable(home: Home, folder: string, account: Account | null): Promise<boolean> {
  if (!account || (await canPass(account, folder))) return true
  await letPass(home, account)
  return canPass(account, folder)
}

async function requirePassage(home: Home, data: string, account: Account | null): Promise<void> {
  if (await reachable(home, data, account)) return
  throw new ClusterError(
    'data_unreachable',
    `PostgreSQL runs as ${account?.name}, who may not enter ${data}. Let others pass through the folders above it ` +
      `(chmod o+x), or move it to where they may and point there: mv ${data} /var/lib/serai/data && ` +
      `ln -s /var/lib/serai/data ${home.link}`,
  )
}

async function requireVersion(data: string, major: number): Promise<void> {
  const found = await dataVersion(data)
  if (found === major) return
  throw new ClusterError(
    'data_version',
    `The database in ${data} was made by PostgreSQL ${found}; this Serai brings PostgreSQL ${major} along, which cannot ` +
      `read it. Make a backup with the version of Serai that made it, move ${data} away, start this version and restore ` +
      'the backup.',
  )
}

async function connectionTo({ server, data }: Running, home: Home): Promise<pg.ClientConfig> {
  return {
    host: await reachableSocketFolder(server, data),
    port: server.port,
    user: DATABASE_NAME,
    password: await databasePassword(home, false),
    database: DATABASE_NAME,
    ssl: false,
  }
}

function requireLinux(): void {
  if (process.platform === 'linux') return
  throw new ClusterError(
    'platform_unsupported',
    `Serai brings PostgreSQL along for Linux only; this is ${process.platform}. Use a server through DATABASE_URL.`,
  )
}
