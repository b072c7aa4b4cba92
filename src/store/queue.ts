import type { NewJob } from '../kernel/action.ts'
import { ATTEMPTS_MAX } from '../kernel/area.ts'
import type { Queryable } from './pool.ts'
import { traceparent } from './trace.ts'

/** Member of a payload that carries the trace of the call that enqueued the job; the job itself does not see it. */
export const TRACE_MEMBER = '_trace'

/**
 * Enqueues jobs in the caller's transaction: they exist when it commits, and only then. `attempts` says how often each is
 * tried, by its name.
 */
export async function addJobs(
  client: Queryable,
  jobs: readonly NewJob[],
  attempts?: ReadonlyMap<string, number>,
): Promise<void> {
  const trace = traceparent()
  const specs = jobs.map(({ name, payload, runAt, key }) => ({
    identifier: name,
    payload: trace ? { ...payload, [TRACE_MEMBER]: trace } : payload,
    run_at: runAt ?? null,
    job_key: key ?? null,
    max_attempts: attempts?.get(name) ?? ATTEMPTS_MAX,
  }))
  await client.query({
    name: 'add jobs',
    text: `select count(graphile_worker.add_job(identifier := identifier, payload := payload, run_at := run_at, job_key := job_key, max_attempts := max_attempts))
from jsonb_to_recordset($1::jsonb) as j(identifier text, payload json, run_at timestamptz, job_key text, max_attempts int)`,
    values: [JSON.stringify(specs)],
  })
}

/**
 * An index over the few jobs that are locked, so that looking for dead workers every other second does not read a long
 * queue. It lies on a table of graphile-worker, which does not mind an index more.
 */
export async function indexLockedJobs(client: Queryable): Promise<void> {
  await client.query(
    'create index if not exists serai_locked_jobs on graphile_worker._private_jobs (locked_by) where locked_by is not null',
  )
}

/** Workers that hold jobs or queues and whose proof of life (see `liveness.ts`) is not there at this moment. */
export async function workersWithoutLife(client: Queryable, lockClass: number): Promise<string[]> {
  const { rows } = await client.query<{ worker: string }>({
    name: 'workers without life',
    text: `select worker from (
  select locked_by as worker from graphile_worker._private_jobs where locked_by is not null
  union select locked_by from graphile_worker._private_job_queues where locked_by is not null
) w where not exists (
  select from pg_locks l where l.locktype = 'advisory' and l.granted and l.objsubid = 2 and l.database = (select oid from pg_database where datname = current_database())
    and l.classid = $1::int::oid and l.objid = hashtext(w.worker)::oid
)`,
    values: [lockClass],
  })
  return rows.map(({ worker }) => worker)
}

/**
 * Gives the jobs and queues of dead workers back. A job whose last attempt that was stays dead, with the reason. Returns how
 * many jobs were given back.
 */
export async function freeWorkers(client: Queryable, workers: readonly string[]): Promise<number> {
  const { rows } = await client.query<{ id: string; used_up: boolean }>(
    'select id::text, attempts >= max_attempts as used_up from graphile_worker._private_jobs where locked_by = any($1::text[])',
    [workers],
  )
  await client.query('select graphile_worker.force_unlock_workers($1::text[])', [workers])
  const usedUp = rows.filter((job) => job.used_up).map((job) => job.id)
  if (usedUp.length)
    await client.query('select count(*) from graphile_worker.permanently_fail_jobs($1::bigint[], $2)', [
      usedUp,
      'The worker that ran it ended without a word (killed, or its machine lost).',
    ])
  return rows.length
}
