import type { Job, Schedule } from '../kernel/area.ts'
import type { Pool } from '../store/pool.ts'
import { ensureEventPartitions, forgetGuesses, forgetReplays } from '../store/upkeep.ts'

const REPLAY_HOURS = 24

/** The daily work of the house itself. `backup` takes, verifies and prunes. */
export function housekeeping(
  pool: Pool,
  backup: () => Promise<void>,
): { jobs: Job[]; schedules: Schedule[] } {
  return {
    jobs: [
      { name: 'serai.partitions', run: () => ensureEventPartitions(pool) },
      { name: 'serai.replays', run: () => forgetReplays(pool, REPLAY_HOURS) },
      { name: 'serai.guesses', run: () => forgetGuesses(pool) },
      { name: 'serai.backup', run: backup },
    ],
    schedules: [
      { job: 'serai.partitions', cron: '7 0 * * *' },
      { job: 'serai.replays', cron: '17 * * * *' },
      { job: 'serai.guesses', cron: '37 * * * *' },
      { job: 'serai.backup', cron: '27 2 * * *' },
    ],
  }
}
