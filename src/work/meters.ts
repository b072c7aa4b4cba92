import { Counter, Histogram, Registry } from 'prom-client'

const JOB_BUCKETS_SECONDS = [0.005, 0.025, 0.1, 0.5, 1, 5, 15, 60, 300, 1_800]

/** What this process counted of its own work, for its metrics. */
export type Meters = {
  job(task: string, outcome: 'done' | 'failed' | 'dead', seconds: number): void
  freed(jobs: number): void
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
  return {
    job: (task, outcome, seconds) => durations.observe({ task, outcome }, seconds),
    freed: (jobs) => freed.inc(jobs),
    text: () => registers[0].metrics(),
  }
}
