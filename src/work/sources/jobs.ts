import type { Job, Schedule } from '../../kernel/area.ts'
import { Problem } from '../../kernel/problem.ts'
import { transaction } from '../../store/pool.ts'
import { addJobs } from '../../store/queue.ts'
import { leaseDue, scheduleSource, unscheduledSources } from '../../store/sources.ts'
import { checkSource, LEASE_SECONDS, runSource } from './run.ts'
import { firstRun } from './schedule.ts'
import type { SourceContext } from './types.ts'

/** The clock looks once a minute, and enqueues what is due before it looks again. */
const HORIZON_SECONDS = 60
const DUE_MAX = 1_000

/** The work of import sources: looking for what is due, running, checking. */
export function sourceJobs(context: SourceContext): { jobs: Job[]; schedules: Schedule[] } {
  return {
    jobs: [
      { name: 'sources.due', run: async () => void (await enqueueDue(context)) },
      { name: 'sources.run', run: (payload) => runQueued(context, payload) },
      { name: 'sources.check', run: async ({ source }) => void (await checkSource(context, String(source))) },
    ],
    schedules: [{ job: 'sources.due', cron: '* * * * *' }],
  }
}

/**
 * Enqueues the sources that are due within a minute, each to the second that its jitter says. The lease that is taken here
 * belongs to the job; when its worker dies, the lease ends and the source is due again. Returns how many.
 */
export async function enqueueDue(context: SourceContext): Promise<number> {
  const { pool } = context.engine
  const random = context.random ?? Math.random
  for (const source of await unscheduledSources(pool))
    await scheduleSource(pool, source.id, firstRun(source, new Date(), random()))
  return transaction(pool, async (client) => {
    const due = await leaseDue(client, {
      withinSeconds: HORIZON_SECONDS,
      leaseSeconds: LEASE_SECONDS,
      limit: DUE_MAX,
    })
    const jobs = due.map(({ source, token, run_at }) => ({
      name: 'sources.run',
      payload: { source, token },
      runAt: run_at,
      key: `source:${source}`,
    }))
    if (jobs.length) await addJobs(client, jobs)
    return due.length
  })
}

async function runQueued(
  context: SourceContext,
  { source, token, force }: { source?: unknown; token?: unknown; force?: unknown },
): Promise<void> {
  try {
    await runSource(context, String(source), {
      force: force === true,
      ...(typeof token === 'string' ? { token } : {}),
    })
  } catch (error) {
    // Another run is at it, or the source is gone: there is nothing left to do here.
    if (!(error instanceof Problem)) throw error
    context.log.info({ source, reason: error.message }, 'source was not run')
  }
}
