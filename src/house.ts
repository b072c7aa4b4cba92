import { readFileSync } from 'node:fs'
import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { type Logger, pino } from 'pino'
import type { Services } from './doors/services.ts'
import { createBook } from './engine/access/book.ts'
import { createKeeper, type Keeper } from './engine/access/keeper.ts'
import { createFeed } from './engine/feed.ts'
import { queryOf } from './engine/rules.ts'
import { settleShadows } from './engine/shadows.ts'
import type { Engine } from './engine/types.ts'
import type { Area } from './kernel/area.ts'
import { guardedFetch } from './ports/fetch-guarded.ts'
import { diskObjects } from './ports/objects-disk.ts'
import type { Settings } from './settings.ts'
import { type Cluster, joinCluster } from './store/cluster.ts'
import { abandonConnections } from './store/connections.ts'
import { migrateUp, migrationStatus } from './store/migrate.ts'
import { openPool, type Pool } from './store/pool.ts'
import { ensureEventPartitions } from './store/upkeep.ts'
import { createWake, type Wake } from './store/wake.ts'
import { proveBehind } from './work/backup/behind.ts'
import { type Backups, openBackups } from './work/backup.ts'
import { gaugesOf } from './work/gauges.ts'
import { createImports } from './work/imports.ts'
import { createMeters, type Meters } from './work/meters.ts'
import { prepareQueue } from './work/runner.ts'
import { checkSource, runSource } from './work/sources/run.ts'
import type { SourceContext } from './work/sources/types.ts'

/** The running house: a database joined, migrated, and everything that the doors are given. */
export type House = {
  services: Services
  engine: Engine
  pool: Pool
  cluster: Cluster
  backups: Backups
  wake: Wake
  /** keeps what people may do as the table of grants says; none when no area has one. */
  keeper: Keeper | null
  meters: Meters
  imports: ReturnType<typeof createImports>
  /** what running import sources needs, with the log that it writes to. */
  sources(log: Logger): SourceContext
  close(): Promise<void>
}

/** Release of Serai. */
export const VERSION: string = JSON.parse(
  readFileSync(new URL('../package.json', import.meta.url), 'utf8'),
).version

/** Tables that a backup leaves out: staged rows are read from their file again, replays live a day. */
const NOT_BACKED_UP = ['import_row', 'replay']

type OpenOptions = { migrate?: boolean; onProgress?(message: string): void; signal?: AbortSignal }

/** Joins the database, brings it up to date (with a backup before) and opens the services. */
export async function openHouse(
  settings: Settings,
  areas: readonly Area[],
  options: OpenOptions = {},
): Promise<House> {
  const cluster = await joinCluster(
    settings.database,
    options.onProgress ? { onProgress: options.onProgress } : {},
  )
  if (cluster.recovered) options.onProgress?.(cluster.recovered)
  let pool: Pool | undefined
  try {
    const backups = await openBackupsOf(settings, cluster, options)
    if (options.migrate !== false) await upgrade(cluster, backups, options)
    pool = openPool(cluster.connection)
    if (options.migrate !== false) await ensureEventPartitions(pool)
    const house = furnish(settings, areas, cluster, pool, backups, options)
    if (options.migrate !== false) await house.keeper?.open()
    return house
  } catch (error) {
    await pool?.end()
    await cluster.release()
    throw error
  }
}

function furnish(
  settings: Settings,
  areas: readonly Area[],
  cluster: Cluster,
  pool: Pool,
  backups: Backups,
  { signal, onProgress: report = () => undefined }: OpenOptions,
): House {
  const wake = createWake(pool, cluster.connection)
  const resources = areas.flatMap((area) => area.resources)
  const jobs = areas.flatMap((area) => area.jobs ?? [])
  const followers = areas.flatMap((area) => area.followers ?? []).map(({ name }) => name)
  const meters = createMeters()
  const named = new Map(resources.map((resource) => [resource.name, resource]))
  const access = createBook(named)
  const source = areas.find((area) => area.grants)?.grants
  const engine: Engine = {
    pool,
    ...(source ? { grants: source } : {}),
    attempts: new Map(jobs.flatMap(({ name, attempts }) => (attempts ? [[name, attempts]] : []))),
    resources: named,
    access,
    ...peopleWords(areas),
    wake: wake.wake,
  }
  const keeper = source ? createKeeper(engine, access, source) : null
  keeper?.watch(wake.onWake)
  const behind = proveBehind(backups, report)
  const current = areas.find((area) => area.current)?.current ?? (async (_query, actor) => actor)
  const feed = createFeed(engine, {
    onWake: wake.onWake,
    current: (actor) => current(queryOf(pool), actor),
  })
  const imports = createImports({
    engine,
    folder: join(settings.home, 'objects', 'uploads'),
    backup: behind.take,
    applied: behind.prove,
  })
  const sources = (log: Logger): SourceContext => ({
    engine,
    imports,
    fetch: guardedFetch({ allow: settings.fetchAllow }),
    folders: settings.importFolders,
    downloads: join(settings.home, 'downloads'),
    log,
  })
  const quiet = sources(pino({ level: 'silent' }))
  const services: Services = {
    engine,
    imports,
    backups,
    feed,
    sources: {
      run: (target, options) => runSource(quiet, target, options),
      check: (target) => checkSource(quiet, target),
    },
    environment: settings.environment,
    version: VERSION,
    database: cluster.describe,
    gauges: () => gaugesOf(pool, backups, followers),
    meters: () => meters.text(),
  }
  return {
    services,
    engine,
    pool,
    cluster,
    backups,
    wake,
    keeper,
    meters,
    imports,
    sources,
    async close() {
      await feed.stop()
      await keeper?.close()
      if (!signal?.aborted) await behind.done()
      if (signal?.aborted) await abandonConnections(cluster.connection)
      await wake.close()
      if (!signal?.aborted) await settleShadows(engine).finally(() => pool.end())
      await cluster.release()
    },
  }
}

/** Where the rules and views that people write are kept: the area that declares them. */
function peopleWords(areas: readonly Area[]): Pick<Engine, 'rules' | 'views'> {
  const rules = areas.find((area) => area.rules)?.rules
  const views = areas.find((area) => area.views)?.views
  return { ...(rules ? { rules } : {}), ...(views ? { views } : {}) }
}

async function openBackupsOf(settings: Settings, cluster: Cluster, options: OpenOptions): Promise<Backups> {
  await mkdir(settings.home, { recursive: true })
  return openBackups({
    connection: cluster.connection,
    home: settings.home,
    objects: diskObjects(join(settings.home, 'objects')),
    retentionDays: settings.backupRetentionDays,
    exclude: NOT_BACKED_UP,
    ...(options.signal ? { signal: options.signal } : {}),
  })
}

/** Runs what is pending; a database that holds something already is backed up first. */
export async function upgrade(
  cluster: Cluster,
  backups: Backups,
  { onProgress }: OpenOptions = {},
): Promise<{ ran: string[]; backup: string | null }> {
  const states = await migrationStatus(cluster.connection)
  const pending = states.filter((state) => state.applied_at === null)
  if (pending.length === 0) return { ran: [], backup: null }
  const fresh = pending.length === states.length
  const backup = fresh
    ? null
    : (await backups.take(`before migration ${pending.at(-1)!.name}`, { reuse: true })).name
  // The queue comes first: who finds no step pending may rely on it, also when another process was killed in between.
  const pool = openPool(cluster.connection, { max: 2 })
  await prepareQueue(pool).finally(() => pool.end())
  const ran = await migrateUp(cluster.connection)
  if (!fresh) onProgress?.(`Migrated the database: ${ran.join(', ')}.`)
  return { ran, backup }
}
