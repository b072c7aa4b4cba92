import type { Queryable } from './pool.ts'

/** Tasks that are told apart; what is beyond them, in a queue that somebody else filled, is counted as `other`. */
const TASKS_MAX = 100
/** Months of the log that are told apart; older ones are counted together. */
const MONTHS_MAX = 36
/** Events that a lag is counted up to: beyond it, seconds say enough, and counting would read the whole log. */
export const LAG_EVENTS_MAX = 10_000

/** Jobs by task and state. */
export async function jobNumbers(
  client: Queryable,
): Promise<{ task: string; state: string; count: number }[]> {
  const { rows } = await client.query<{ task: string; state: string; count: number }>({
    name: 'job numbers',
    text: `with counted as (select task, state, count(*) from job group by task, state),
known as (select task from counted group by task order by sum(count) desc, task limit $1)
select case when task in (select task from known) then task else 'other' end as task, state, sum(count)::bigint as count
from counted group by 1, 2 order by 1, 2`,
    values: [TASKS_MAX],
  })
  return rows
}

/** Seconds that the oldest job is due and not begun; 0 when none is. */
export async function oldestDueSeconds(client: Queryable): Promise<number> {
  const { rows } = await client.query<{ seconds: number }>({
    name: 'oldest due job',
    text: `select coalesce(extract(epoch from now() - min(run_at)), 0)::float8 as seconds
from graphile_worker._private_jobs where is_available and run_at <= now()`,
  })
  return rows[0].seconds
}

/** How far each of these followers is behind the log. One that has not begun yet is behind all of it. */
export async function followerLags(
  client: Queryable,
  followers: readonly string[],
): Promise<{ follower: string; events: number; seconds: number }[]> {
  const { rows } = await client.query<{ follower: string; events: number; seconds: number }>({
    name: 'follower lags',
    text: `select n.name as follower, l.events, coalesce(extract(epoch from now() - l.oldest), 0)::float8 as seconds
from unnest($1::text[]) n(name) left join follower f on f.name = n.name
cross join lateral (
  select count(*) as events, min(time) as oldest from (
    select time from event where (transaction, position) > (coalesce(f.transaction, '0'), coalesce(f.position, 0))
    order by transaction, position limit $2
  ) unseen
) l`,
    values: [followers, LAG_EVENTS_MAX],
  })
  return rows
}

/** Rows of all imports that were applied, by what became of them: whoever applied them, and undone since or not. */
export async function importNumbers(client: Queryable): Promise<{ verdict: string; rows: number }[]> {
  const { rows } = await client.query<{ verdict: string; rows: number }>({
    name: 'import numbers',
    text: `select key as verdict, sum(value::bigint)::bigint as rows from import, jsonb_each_text(counts)
where state in ('applied', 'undone') and key in ('created', 'updated', 'unchanged', 'superseded', 'held', 'rejected', 'removed') group by key order by key`,
  })
  return rows
}

/** The log by month, as PostgreSQL last counted it; `older` is what lies before the months that are told apart. */
export async function logNumbers(
  client: Queryable,
): Promise<{ month: string; events: number; bytes: number }[]> {
  const { rows } = await client.query<{ month: string; events: number; bytes: number }>({
    name: 'log numbers',
    text: `with parts as (
  select substr(c.relname, 7) as month, greatest(c.reltuples, s.n_live_tup, 0)::bigint as events,
    pg_total_relation_size(c.oid) as bytes, row_number() over (order by c.relname desc) as nth
  from pg_partition_tree('event') p join pg_class c on c.oid = p.relid left join pg_stat_user_tables s on s.relid = c.oid
  where p.isleaf
)
select case when nth <= $1 then replace(month, '_', '-') else 'older' end as month, sum(events)::bigint as events, sum(bytes)::bigint as bytes
from parts group by 1 order by 1`,
    values: [MONTHS_MAX + 1],
  })
  return rows
}
