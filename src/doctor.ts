import { access, constants, statfs } from 'node:fs/promises'
import type { House } from './house.ts'
import type { Area } from './kernel/area.ts'
import { humanBytes } from './kernel/text.ts'
import type { Settings } from './settings.ts'
import { findDrift } from './store/drift.ts'
import { migrationStatus } from './store/migrate.ts'
import { logNumbers } from './store/numbers.ts'
import { sourceNumbers } from './store/sources.ts'

const FREE_BYTES_MIN = 512 * 1024 * 1024
const BACKUP_HOURS_MAX = 48

export type Finding = { name: string; ok: boolean; detail: string }

/** Looks at everything that an operator would look at first, and says what to do about what is wrong. */
export async function doctor(house: House, areas: readonly Area[], settings: Settings): Promise<Finding[]> {
  const checks: [string, () => Promise<Omit<Finding, 'name'>>][] = [
    [
      'node',
      async () => ({
        ok: Number(process.versions.node.split('.')[0]) >= 24,
        detail: `Node ${process.versions.node}`,
      }),
    ],
    ['environment', async () => ({ ok: true, detail: `${settings.environment} (SERAI_ENV)` })],
    ['database', () => database(house)],
    ['migrations', () => migrations(house)],
    ['schema', () => schema(house, areas)],
    ['home', () => home(settings)],
    ['disk', () => disk(settings)],
    ['backups', () => backups(house)],
    ['history', () => history(house)],
    ['sources', () => sources(house)],
  ]
  return Promise.all(
    checks.map(async ([name, check]) => ({
      name,
      ...(await check().catch((error: Error) => ({ ok: false, detail: error.message }))),
    })),
  )
}

async function database({ pool, cluster }: House) {
  const { rows } = await pool.query<{ version: string; size: string }>(
    "select current_setting('server_version') as version, pg_size_pretty(pg_database_size(current_database())) as size",
  )
  return { ok: true, detail: `${cluster.describe}, ${rows[0].size}` }
}

async function migrations({ cluster }: House) {
  const pending = (await migrationStatus(cluster.connection)).filter((state) => state.applied_at === null)
  return {
    ok: pending.length === 0,
    detail: pending.length ? `${pending.length} pending: run "serai migrate up"` : 'all applied',
  }
}

async function schema({ pool }: House, areas: readonly Area[]) {
  const found = await findDrift(
    pool,
    areas.flatMap((area) => area.resources),
  )
  return { ok: found.length === 0, detail: found.length ? found.join('; ') : 'as declared' }
}

async function history({ pool }: House) {
  const months = (await logNumbers(pool)).filter(({ events }) => events > 0)
  const told = months.map(({ month, events, bytes }) => `${month} ${events} events, ${humanBytes(bytes)}`)
  return { ok: true, detail: told.length ? told.join('; ') : 'nothing yet' }
}

async function home({ home: folder }: Settings) {
  await access(folder, constants.W_OK)
  return { ok: true, detail: folder }
}

async function disk({ home: folder }: Settings) {
  const { bavail, bsize } = await statfs(folder)
  const free = bavail * bsize
  return { ok: free >= FREE_BYTES_MIN, detail: `${(free / 1024 ** 3).toFixed(1)} GB free` }
}

async function backups({ backups: shelf }: House) {
  const newest = (await shelf.list()).filter((backup) => backup.verified).at(-1)
  if (!newest) return { ok: true, detail: 'none yet: run "serai backup"' }
  const hours = (Date.now() - Date.parse(newest.created_at)) / 3_600_000
  return {
    ok: hours <= BACKUP_HOURS_MAX,
    detail: `last verified ${hours.toFixed(1)} hours ago (${newest.name})`,
  }
}

async function sources({ pool }: House) {
  const { enabled, failing } = await sourceNumbers(pool)
  return {
    ok: failing.length === 0,
    detail: failing.length ? `failing: ${failing.join(', ')}; run "serai sources"` : `${enabled} enabled`,
  }
}
