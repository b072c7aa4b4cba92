import type { Queryable } from './pool.ts'

const MONTHS_AHEAD = 2

/** The log's partitions of this month and the next two are there. */
export async function ensureEventPartitions(client: Queryable): Promise<void> {
  await client.query(
    'select serai_event_partition((current_date + make_interval(months => n))::date) from generate_series(0, $1::int) n',
    [MONTHS_AHEAD],
  )
}

/**
 * Idempotency keys older than this are forgotten, but for those of jobs that are still there: whoever runs a dead one again
 * after days must not do again what it had done.
 */
export async function forgetReplays(client: Queryable, hours: number): Promise<void> {
  await client.query(
    `delete from replay where created_at < now() - make_interval(hours => $1) and not (
  actor like 'system:%' and key like 'job:%' and split_part(key, ':', 2) in (select id::text from graphile_worker._private_jobs))`,
    [hours],
  )
}

/** Numbers for the metrics: the age of the oldest event that a follower has not seen, waiting and dead jobs. */
export async function queueNumbers(
  client: Queryable,
): Promise<{ waiting: number; dead: number; oldest_seconds: number }> {
  const { rows } = await client.query<{ waiting: number; dead: number; oldest_seconds: number }>(
    `select count(*) filter (where attempts < max_attempts and run_at <= now()) as waiting, count(*) filter (where attempts >= max_attempts) as dead,
  coalesce(extract(epoch from now() - min(run_at) filter (where attempts < max_attempts and run_at <= now() and locked_at is null)), 0)::float8 as oldest_seconds
from graphile_worker.jobs`,
  )
  return rows[0]
}
