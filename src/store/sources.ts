import type { Claimant } from '../kernel/claim.ts'
import type { Row } from '../kernel/field.ts'
import { notFound } from '../kernel/problem.ts'
import type { Queryable } from './pool.ts'

/** A saved source with what the last run left behind; its secret too, so it goes to no door. */
export type SourceRecord = {
  id: string
  name: string
  resource: string
  kind: 'folder' | 'https'
  location: string
  pattern: string | null
  file_format: string | null
  encoding: string | null
  delimiter: string | null
  decimal: '.' | ',' | null
  sheet: string | null
  template: string | null
  strict: boolean
  mode: 'replace' | 'merge' | 'snapshot' | 'create' | null
  on_error: 'abort'
  max_removal_share: number | null
  every_minutes: number | null
  cron: string | null
  time_zone: string
  jitter_seconds: number
  alert_after: number
  headers: Record<string, string> | null
  auth_header: string | null
  enabled: boolean
  failing_since: string | null
  failures: number | null
  content: string | null
  etag: string | null
  last_modified: string | null
}

const LEASE_FREE =
  'import_source_state.lease_until is null or import_source_state.lease_until < now() or import_source_state.lease_token = excluded.lease_token'

/** One source by id or name; 404 when there is none. */
export async function getSource(client: Queryable, target: string): Promise<SourceRecord> {
  const { rows } = await client.query<SourceRecord>({
    name: 'get source',
    text: `select s.*, l.content, l.etag, l.last_modified from import_source s left join import_source_state l on l.source = s.id
where s.id::text = $1 or s.name = $1`,
    values: [target],
  })
  if (!rows[0]) throw notFound(`There is no import source "${target}".`)
  return rows[0]
}

/** The source as one that brings a batch: it leaves alone what sources of a higher precedence wrote. */
export async function claimantOf(client: Queryable, name: string): Promise<Claimant> {
  const { rows } = await client.query<{ name: string }>(
    'select name from import_source where precedence > (select precedence from import_source where name = $1) order by name',
    [name],
  )
  return { source: name, outrankedBy: rows.map((row) => row.name) }
}

/** Enabled sources with a schedule of which it is not known yet when they run next. */
export async function unscheduledSources(client: Queryable): Promise<SourceRecord[]> {
  const { rows } = await client.query<SourceRecord>(
    'select * from import_source where enabled and (every_minutes is not null or cron is not null) and next_run_at is null',
  )
  return rows
}

/** Says when a source runs first, unless somebody said so meanwhile. */
export async function scheduleSource(client: Queryable, id: string, next: Date | null): Promise<void> {
  await client.query('update import_source set next_run_at = $2 where id = $1 and next_run_at is null', [
    id,
    next,
  ])
}

/** A source that this process may run: until the lease ends, no other takes it. */
export type Due = { source: string; token: string; run_at: string }

/**
 * Takes the lease of every source that is due within `withinSeconds`. Two processes that ask at once get each source once:
 * rows that another looks at are skipped, and the lease is compared again where it is written.
 */
export async function leaseDue(
  client: Queryable,
  request: { withinSeconds: number; leaseSeconds: number; limit: number },
): Promise<Due[]> {
  const { rows } = await client.query<Due>(
    `with due as (
  select s.id, greatest(s.next_run_at, now()) as run_at from import_source s left join import_source_state l on l.source = s.id
  where s.enabled and (s.every_minutes is not null or s.cron is not null)
    and s.next_run_at <= now() + make_interval(secs => $1) and (l.lease_until is null or l.lease_until < now())
  order by s.next_run_at limit $3 for update of s skip locked
), leased as (
  insert into import_source_state (source, lease_token, lease_until)
  select id, gen_random_uuid(), run_at + make_interval(secs => $2) from due
  on conflict (source) do update set lease_token = excluded.lease_token, lease_until = excluded.lease_until where ${LEASE_FREE}
  returning source, lease_token as token
) select source, token, run_at from leased join due on due.id = leased.source`,
    [request.withinSeconds, request.leaseSeconds, request.limit],
  )
  return rows
}

/** Takes the lease of one source, or the one that was taken for this run before. False when another run holds it. */
export async function leaseSource(
  client: Queryable,
  id: string,
  token: string,
  leaseSeconds: number,
): Promise<boolean> {
  const { rowCount } = await client.query({
    name: 'lease source',
    text: `insert into import_source_state (source, lease_token, lease_until) values ($1, $2, now() + make_interval(secs => $3))
on conflict (source) do update set lease_token = excluded.lease_token, lease_until = excluded.lease_until where ${LEASE_FREE}`,
    values: [id, token, leaseSeconds],
  })
  return rowCount === 1
}

/** Keeps a lease for longer. False when it is not ours any more. */
export async function renewLease(
  client: Queryable,
  id: string,
  token: string,
  leaseSeconds: number,
): Promise<boolean> {
  const { rowCount } = await client.query(
    'update import_source_state set lease_until = now() + make_interval(secs => $3) where source = $1 and lease_token = $2 and lease_until is not null',
    [id, token, leaseSeconds],
  )
  return rowCount === 1
}

/** Lets go of a lease, if it is still ours. */
export async function releaseSource(client: Queryable, id: string, token: string): Promise<void> {
  await client.query(
    'update import_source_state set lease_until = null where source = $1 and lease_token = $2',
    [id, token],
  )
}

/** What a run leaves for people and for the next run. */
export type Settled = {
  outcome: string | null
  error: string | null
  import: string | null
  failures: number
  next: Date | null
  content: string | null
  etag: string | null
  lastModified: string | null
}

/** Writes what a run found out, if its lease is still its own. False when another run has taken over. */
export async function settleSource(
  client: Queryable,
  id: string,
  token: string,
  settled: Settled,
): Promise<boolean> {
  const { rowCount } = await client.query({
    name: 'settle source',
    text: `with ours as (
  update import_source_state set content = $4, etag = $5, last_modified = $6 where source = $1 and lease_token = $2 returning source
)
update import_source s set last_run_at = now(), next_run_at = $3, last_outcome = coalesce($7, s.last_outcome), last_error = $8,
  last_import = coalesce($9, s.last_import), failures = $10
from ours where s.id = ours.source`,
    values: [
      id,
      token,
      settled.next,
      settled.content,
      settled.etag,
      settled.lastModified,
      settled.outcome,
      settled.error,
      settled.import,
      settled.failures,
    ],
  })
  return rowCount === 1
}

/** Keeps what a check found. */
export async function noteCheck(client: Queryable, id: string, check: Row): Promise<void> {
  await client.query('update import_source set last_check = $2 where id = $1', [id, JSON.stringify(check)])
}

/** A file that was dealt with where it lies, because nothing can be moved there. */
export type SeenFile = { name: string; size: number; modified_ms: number; outcome: string }

/** Files of a source that were dealt with and could not be moved away. */
export async function seenFiles(client: Queryable, source: string): Promise<Map<string, SeenFile>> {
  const { rows } = await client.query<SeenFile>(
    'select name, size, modified_ms, outcome from import_source_file where source = $1',
    [source],
  )
  return new Map(rows.map((row) => [row.name, row]))
}

export async function rememberFile(client: Queryable, source: string, file: SeenFile): Promise<void> {
  await client.query(
    `insert into import_source_file (source, name, size, modified_ms, outcome) values ($1, $2, $3, $4, $5)
on conflict (source, name) do update set size = excluded.size, modified_ms = excluded.modified_ms, outcome = excluded.outcome, seen_at = now()`,
    [source, file.name, file.size, file.modified_ms, file.outcome],
  )
}

/** How the sources are, for metrics and the doctor. */
export async function sourceNumbers(
  client: Queryable,
): Promise<{ enabled: number; failing: string[]; late_seconds: number }> {
  const { rows } = await client.query<{ enabled: number; failing: string[]; late_seconds: number }>(
    `select count(*) filter (where enabled) as enabled, coalesce(array_agg(name order by name) filter (where failing_since is not null), '{}') as failing,
  coalesce(extract(epoch from now() - min(next_run_at) filter (where enabled and next_run_at < now())), 0)::float8 as late_seconds from import_source`,
  )
  return rows[0]
}
