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

/** What signing in leaves behind: tickets and challenges that are over, and guesses of long ago. */
export async function forgetGuesses(client: Queryable): Promise<void> {
  await client.query(`with tickets as (delete from sign_in_ticket where expires_at < now()),
challenges as (delete from passkey_challenge where expires_at < now()),
codes as (delete from factor_code where expires_at < now()),
messages as (delete from sms_send where now() - interval '1 day' > all (sends))
delete from sign_in_attempt where updated_at < now() - interval '30 days' and failures < 100`)
}
