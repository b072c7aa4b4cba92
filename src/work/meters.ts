import { Counter, Histogram, Registry } from 'prom-client'
import type { Counts } from '../kernel/proposal.ts'

const JOB_BUCKETS_SECONDS = [0.005, 0.025, 0.1, 0.5, 1, 5, 15, 60, 300, 1_800]

/** Counts that are sums or parts of the others. */
const SUMS = new Set(['read', 'revived'])

/** What this process counted of its own work, for its metrics. */
export type Meters = {
  job(task: string, outcome: 'done' | 'failed' | 'dead', seconds: number): void
  freed(jobs: number): void
  imported(counts: Counts): void
  /** All of it as Prometheus reads it. */
  text(): Promise<string>
}

/** Counters and histograms of the work behind the doors. Their labels are names from declarations, never data. */
export function createMeters(): Meters {
  const registers = [new Registry()]
  const durations = new Histogram({
    name: 'serai_job_duration_seconds',
    help: 'Time that attempts of jobs took.',
    labelNames: ['task', 'outcome'] as const,
    buckets: JOB_BUCKETS_SECONDS,
    registers,
  })
  const freed = new Counter({
    name: 'serai_jobs_freed_total',
    help: 'Jobs of dead workers that this process gave back to the queue.',
    registers,
  })
  const rows = new Counter({
    name: 'serai_import_rows_total',
    help: 'Rows of imports that this process applied, by what became of them.',
    labelNames: ['verdict'] as const,
    registers,
  })
  return {
    job: (task, outcome, seconds) => durations.observe({ task, outcome }, seconds),
    freed: (jobs) => freed.inc(jobs),
    imported(counts) {
      for (const [verdict, count] of Object.entries(counts))
        if (!SUMS.has(verdict) && count > 0) rows.inc({ verdict }, count)
    },
    text: () => registers[0].metrics(),
  }
}
