import type { Pool } from '../store/pool.ts'
import { sourceNumbers } from '../store/sources.ts'
import { queueNumbers } from '../store/upkeep.ts'
import type { Backups } from './backup.ts'

type Gauge = { name: string; help: string; value: number }

/** Numbers of the house for its metrics. */
export async function gaugesOf(pool: Pool, backups: Backups): Promise<Gauge[]> {
  const [jobs, list, sources] = await Promise.all([queueNumbers(pool), backups.list(), sourceNumbers(pool)])
  const verified = list.filter((backup) => backup.verified).map((backup) => Date.parse(backup.created_at))
  const age = verified.length ? (Date.now() - Math.max(...verified)) / 1_000 : -1
  return [
    {
      name: 'serai_pool_connections',
      help: 'Connections of the pool, idle ones too.',
      value: pool.totalCount,
    },
    { name: 'serai_pool_waiting', help: 'Callers that wait for a connection.', value: pool.waitingCount },
    { name: 'serai_jobs_waiting', help: 'Jobs that are due.', value: jobs.waiting },
    { name: 'serai_jobs_dead', help: 'Jobs that failed for the last time.', value: jobs.dead },
    { name: 'serai_jobs_oldest_seconds', help: 'Age of the oldest due job.', value: jobs.oldest_seconds },
    {
      name: 'serai_sources_failing',
      help: 'Import sources that fail; each began with an alarm event.',
      value: sources.failing.length,
    },
    {
      name: 'serai_sources_late_seconds',
      help: 'How long the most overdue import source has waited.',
      value: sources.late_seconds,
    },
    { name: 'serai_backups', help: 'Backups there are.', value: list.length },
    {
      name: 'serai_backup_verified_age_seconds',
      help: 'Age of the last verified backup; -1 when there is none.',
      value: age,
    },
  ]
}
