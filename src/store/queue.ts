import type { NewJob } from '../kernel/action.ts'
import type { Queryable } from './pool.ts'

const ATTEMPTS_MAX = 10

/** Enqueues jobs in the caller's transaction: they exist when it commits, and only then. */
export async function addJobs(client: Queryable, jobs: readonly NewJob[]): Promise<void> {
  const specs = jobs.map(({ name, payload, runAt, key }) => ({
    identifier: name,
    payload,
    run_at: runAt ?? null,
    job_key: key ?? null,
    max_attempts: ATTEMPTS_MAX,
  }))
  await client.query({
    name: 'add jobs',
    text: `select count(graphile_worker.add_job(identifier := identifier, payload := payload, run_at := run_at, job_key := job_key, max_attempts := max_attempts))
from jsonb_to_recordset($1::jsonb) as j(identifier text, payload json, run_at timestamptz, job_key text, max_attempts int)`,
    values: [JSON.stringify(specs)],
  })
}
