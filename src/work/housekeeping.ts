import type { Job, Schedule } from '../kernel/area.ts'
import type { Resource } from '../kernel/resource.ts'
import { SETTLE_JOB, settleTable } from '../store/bulk.ts'
import type { Pool } from '../store/pool.ts'
import { ensureEventPartitions, forgetGuesses, forgetReplays } from '../store/upkeep.ts'
import { refreshVocabulary } from '../store/vocabulary.ts'

const REPLAY_HOURS = 24

/** The regular work of the house itself. `backup` takes, verifies and prunes. */
export function housekeeping(
  pool: Pool,
  resources: readonly Resource[],
  backup: () => Promise<void>,
): { jobs: Job[]; schedules: Schedule[] } {
  return {
    jobs: [
      { name: 'serai.partitions', run: () => ensureEventPartitions(pool) },
      { name: 'serai.replays', run: () => forgetReplays(pool, REPLAY_HOURS) },
      { name: 'serai.guesses', run: () => forgetGuesses(pool) },
      { name: 'serai.backup', run: backup },
      { name: SETTLE_JOB, run: ({ table }) => settleTable(pool, String(table)) },
      { name: 'serai.vocabulary', run: () => refreshVocabularies(pool, resources) },
    ],
    schedules: [
      { job: 'serai.partitions', cron: '7 0 * * *' },
      { job: 'serai.replays', cron: '17 * * * *' },
      { job: 'serai.guesses', cron: '37 * * * *' },
      { job: 'serai.backup', cron: '27 2 * * *' },
      { job: 'serai.vocabulary', cron: '*/10 * * * *' },
    ],
  }
}

async function refreshVocabularies(pool: Pool, resources: readonly Resource[]): Promise<void> {
  for (const resource of resources)
    if (resource.traits.includes('searchable')) await refreshVocabulary(pool, resource)
}
