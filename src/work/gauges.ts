import {
  followerLags,
  importNumbers,
  jobNumbers,
  LAG_EVENTS_MAX,
  logNumbers,
  oldestDueSeconds,
} from '../store/numbers.ts'
import type { Pool } from '../store/pool.ts'
import { sourceNumbers } from '../store/sources.ts'
import type { Backups } from './backup.ts'

type Gauge = {
  name: string
  help: string
  value: number
  labels?: Record<string, string>
  type?: 'counter'
}

/**
 * Numbers of the house for its metrics. Those of the database are the same whichever process tells them. Labels hold names
 * that are declared (tasks, followers, states) or few (months), never data.
 */
export async function gaugesOf(pool: Pool, backups: Backups, followers: readonly string[]): Promise<Gauge[]> {
  const [jobs, lags, log, imports, sources, kept] = await Promise.all([
    gaugesOfJobs(pool),
    gaugesOfFollowers(pool, followers),
    gaugesOfLog(pool),
    countersOfImports(pool),
    gaugesOfSources(pool),
    gaugesOfBackups(backups),
  ])
  return [...gaugesOfPool(pool), ...jobs, ...lags, ...log, ...imports, ...sources, ...kept]
}

function gaugesOfPool(pool: Pool): Gauge[] {
  return [
    {
      name: 'serai_db_pool_max_connections',
      help: 'Connections that this process may open to the database.',
      value: pool.options.max,
    },
    {
      name: 'serai_db_pool_open_connections',
      help: 'Connections that this process has open, idle ones too.',
      value: pool.totalCount,
    },
    {
      name: 'serai_db_pool_in_use_connections',
      help: 'Connections of this process that are at work.',
      value: pool.totalCount - pool.idleCount,
    },
    {
      name: 'serai_db_pool_waiting_requests',
      help: 'Callers of this process that wait for a connection.',
      value: pool.waitingCount,
    },
  ]
}

async function gaugesOfJobs(pool: Pool): Promise<Gauge[]> {
  const [numbers, oldest] = await Promise.all([jobNumbers(pool), oldestDueSeconds(pool)])
  return [
    ...numbers.map(({ task, state, count }) => ({
      name: 'serai_queued_jobs',
      help: 'Jobs in the queue, by task and state; dead ones wait for a person.',
      labels: { task, state },
      value: count,
    })),
    {
      name: 'serai_job_oldest_due_seconds',
      help: 'Age of the queue: how long the oldest job is due that nobody has begun.',
      value: oldest,
    },
  ]
}

async function gaugesOfFollowers(pool: Pool, followers: readonly string[]): Promise<Gauge[]> {
  const lags = await followerLags(pool, followers)
  return lags.flatMap(({ follower, events, seconds }) => [
    {
      name: 'serai_follower_lag_events',
      help: `Events of the log that a follower has not seen; counted up to ${LAG_EVENTS_MAX}.`,
      labels: { follower },
      value: events,
    },
    {
      name: 'serai_follower_lag_seconds',
      help: 'Age of the oldest event that a follower has not seen.',
      labels: { follower },
      value: seconds,
    },
  ])
}

async function gaugesOfLog(pool: Pool): Promise<Gauge[]> {
  const months = await logNumbers(pool)
  return months.flatMap(({ month, events, bytes }) => [
    {
      name: 'serai_log_events',
      help: 'Events of the log by month, as PostgreSQL last counted them.',
      labels: { month },
      value: events,
    },
    {
      name: 'serai_log_size_bytes',
      help: 'Size of the log by month, indexes and all.',
      labels: { month },
      value: bytes,
    },
  ])
}

/** From the database and not from this process, since a file also comes in by the command line. */
async function countersOfImports(pool: Pool): Promise<Gauge[]> {
  const numbers = await importNumbers(pool)
  return numbers.map(({ verdict, rows }) => ({
    name: 'serai_import_rows_total',
    type: 'counter' as const,
    help: 'Rows of imports that were applied, by what became of them.',
    labels: { verdict },
    value: rows,
  }))
}

async function gaugesOfSources(pool: Pool): Promise<Gauge[]> {
  const sources = await sourceNumbers(pool)
  return [
    {
      name: 'serai_failing_sources',
      help: 'Import sources that fail; each began with an alarm event.',
      value: sources.failing.length,
    },
    {
      name: 'serai_source_late_seconds',
      help: 'How long the most overdue import source has waited.',
      value: sources.late_seconds,
    },
  ]
}

/** Moments, not ages: they stay true however late they are read. What never happened has none. */
async function gaugesOfBackups(backups: Backups): Promise<Gauge[]> {
  const list = await backups.list()
  const latest = (times: (string | null)[]) =>
    Math.max(0, ...times.map((time) => Date.parse(time ?? '') || 0)) / 1_000
  const success = latest(list.filter(({ problem }) => problem === null).map((backup) => backup.created_at))
  const verified = latest(list.filter((backup) => backup.verified).map((backup) => backup.created_at))
  return [
    { name: 'serai_backups', help: 'Backups there are.', value: list.length },
    ...moment('serai_backup_last_success_timestamp_seconds', 'When the last backup was made.', success),
    ...moment(
      'serai_backup_last_verified_timestamp_seconds',
      'When the last backup was made that was restored on trial.',
      verified,
    ),
  ]
}

function moment(name: string, help: string, value: number): Gauge[] {
  return value > 0 ? [{ name, help, value }] : []
}
