import type { Fault } from '../kernel/fault.ts'
import type { Row } from '../kernel/field.ts'
import { isUuid } from '../kernel/fields/ref.ts'
import { notFound } from '../kernel/problem.ts'
import type { Address, Counts, Verdict } from '../kernel/proposal.ts'
import type { Queryable } from './pool.ts'

/** An uploaded file: its key in the folder of uploads, its hash and its size in bytes. */
export type StoredFile = { key: string; sha256: string; size: number }

/** A row of `import`. `head` and `mapping` are what the intake said of the file. */
// biome-ignore lint/suspicious/noExplicitAny: the store keeps the intake's documents without knowing their shape
type Document = any
export type ImportRecord = {
  id: string
  resource: string
  state: string
  file_name: string
  file_key: string
  options: Document
  head: Document | null
  mapping: Document | null
  counts: Counts
  change: string | null
  undo_change: string | null
}

/** Makes the import, or finds the one with the same identity that is neither undone nor failed. */
export async function insertImport(
  client: Queryable,
  request: {
    id: string
    resource: string
    fileName: string
    file: StoredFile
    identity: string
    options: object
    actor: string
  },
): Promise<{ id: string; fresh: boolean }> {
  const { rows } = await client.query<{ id: string }>(
    `insert into import (id, resource, file_name, file_key, sha256, size_bytes, identity, options, created_by)
values ($1, $2, $3, $4, $5, $6, $7, $8, $9)
on conflict (identity) where state not in ('undone', 'failed', 'cancelled') do update set updated_at = import.updated_at returning id`,
    [
      request.id,
      request.resource,
      request.fileName,
      request.file.key,
      request.file.sha256,
      request.file.size,
      request.identity,
      JSON.stringify(request.options),
      request.actor,
    ],
  )
  return { id: rows[0].id, fresh: rows[0].id === request.id }
}

/** One import; 404 when there is none. */
export async function getImport(client: Queryable, id: string): Promise<ImportRecord> {
  const { rows } = isUuid(id)
    ? await client.query<ImportRecord>({
        name: 'get import',
        text: 'select id, resource, state, file_name, file_key, options, head, mapping, counts, change, undo_change from import where id = $1',
        values: [id],
      })
    : { rows: [] }
  if (!rows[0]) throw notFound(`There is no import "${id}".`)
  return rows[0]
}

/** A second look at the bytes of an import, as an import of its own that nothing finds by identity. */
export async function copyImport(
  client: Queryable,
  id: string,
  copy: string,
  actor: string,
): Promise<string> {
  await client.query(
    `insert into import (id, resource, file_name, file_key, sha256, size_bytes, identity, options, created_by)
select $2::uuid, resource, file_name, file_key, sha256, size_bytes, ($2::uuid)::text, options, $3 from import where id = $1`,
    [id, copy, actor],
  )
  return copy
}

/** The copy takes the place of the original: from now on the same bytes mean it. */
export async function replaceIdentity(client: Queryable, original: string, copy: string): Promise<void> {
  const { rows } = await client.query<{ identity: string }>('select identity from import where id = $1', [
    original,
  ])
  await client.query("update import set identity = identity || ':' || id where id = $1", [original])
  await client.query('update import set identity = $2 where id = $1', [copy, rows[0].identity])
}

export async function dropImport(client: Queryable, id: string): Promise<void> {
  await client.query('delete from import_row where import = $1', [id])
  await client.query('delete from import where id = $1', [id])
}

/** Says what was found in the file, unless somebody else has planned it meanwhile. */
export async function markParsed(
  client: Queryable,
  id: string,
  head: object,
  mapping: object | undefined,
): Promise<void> {
  await client.query(
    "update import set state = 'parsed', head = $2, mapping = $3, version = version + 1, updated_at = now() where id = $1 and state in ('uploaded', 'parsed')",
    [id, JSON.stringify(head), mapping ? JSON.stringify(mapping) : null],
  )
}

export async function markPlanned(
  client: Queryable,
  id: string,
  planned: { counts: Counts; planHash: string; rulesStamp: string | null; warnings: Fault[] },
): Promise<void> {
  await client.query(
    "update import set state = 'planned', counts = $2, plan_hash = $3, warnings = $4, rules_stamp = $5, planned_at = now(), version = version + 1, updated_at = now() where id = $1",
    [
      id,
      JSON.stringify(planned.counts),
      planned.planHash,
      JSON.stringify(planned.warnings),
      planned.rulesStamp,
    ],
  )
}

export async function markFailed(client: Queryable, id: string, failure: string): Promise<void> {
  await client.query(
    "update import set state = 'failed', failure = $2, version = version + 1, updated_at = now() where id = $1 and state in ('uploaded', 'parsed', 'planned')",
    [id, failure],
  )
}

/** Locks the import for this transaction and says how far it is. */
export async function lockImport(client: Queryable, id: string): Promise<string> {
  const { rows } = await client.query<{ state: string }>(
    'select state from import where id = $1 for update',
    [id],
  )
  return rows[0]?.state ?? 'cancelled'
}

/** True when the staged rows are all there. They are unlogged: a crash of PostgreSQL empties them, and the file is read again. */
export async function planIsWhole(
  client: Queryable,
  { id, counts }: Pick<ImportRecord, 'id' | 'counts'>,
): Promise<boolean> {
  const { rows } = await client.query<{ staged: number }>(
    "select count(*) as staged from import_row where import = $1 and verdict <> 'removed'",
    [id],
  )
  return rows[0].staged === (counts.read ?? 0)
}

export async function markApplied(
  client: Queryable,
  id: string,
  applied: { counts: Counts; change: string | null; backup: string | null },
): Promise<void> {
  await client.query(
    "update import set state = 'applied', counts = $2, change = $3, backup = $4, applied_at = now(), version = version + 1, updated_at = now() where id = $1",
    [id, JSON.stringify(applied.counts), applied.change, applied.backup],
  )
  // What was applied is in the log now; the refused and held rows stay for whoever mends them.
  await client.query(
    "delete from import_row where import = $1 and verdict in ('new', 'changed', 'same', 'superseded', 'removed')",
    [id],
  )
}

export async function markUndone(client: Queryable, id: string, change: string | null): Promise<void> {
  await client.query(
    "update import set state = 'undone', undo_change = $2, undone_at = now(), version = version + 1, updated_at = now() where id = $1",
    [id, change],
  )
}

export async function markRedone(client: Queryable, id: string): Promise<void> {
  await client.query(
    "update import set state = 'applied', undo_change = null, undone_at = null, version = version + 1, updated_at = now() where id = $1",
    [id],
  )
}

export async function markCancelled(client: Queryable, id: string): Promise<boolean> {
  const { rowCount } = await client.query(
    "update import set state = 'cancelled', version = version + 1, updated_at = now() where id = $1 and state in ('uploaded', 'parsed', 'planned')",
    [id],
  )
  if (rowCount) await client.query('delete from import_row where import = $1', [id])
  return rowCount === 1
}

type StagedPage = {
  position: number
  address: Address
  key: string | null
  record: string | null
  verdict: Verdict
  before: Row | null
  after: Row | null
  errors: Fault[]
  warnings: Fault[]
}

/** Rows of a plan in the order of the file. */
export async function listRows(
  client: Queryable,
  id: string,
  page: { verdict?: Verdict; after?: number; limit: number },
): Promise<StagedPage[]> {
  const { rows } = await client.query<StagedPage>(
    `select position, address, serai_key(key) as key, record, verdict, before, coalesce(changes, after) as after, coalesce(faults, '[]') as errors, coalesce(warnings, '[]') as warnings
from import_row where import = $1 and ($2::text is null or verdict = $2) and position > $3 order by position limit $4`,
    [id, page.verdict ?? null, page.after ?? -1, page.limit],
  )
  return rows
}

/** Warnings of rows with their place, the first `limit`. */
export async function rowWarnings(client: Queryable, id: string, limit: number): Promise<Fault[]> {
  const { rows } = await client.query<{ warning: Fault }>(
    `select w || jsonb_build_object('label', serai_key(r.key), 'place', serai_place(r.address)) as warning
from import_row r, jsonb_array_elements(r.warnings) w where r.import = $1 and r.warnings is not null order by r.position limit $2`,
    [id, limit],
  )
  return rows.map((row) => row.warning)
}

const REJECTS_CHUNK = 500

/** The refused rows with what is needed to write them again. */
export async function* rejectedRows(
  client: Queryable,
  id: string,
): AsyncGenerator<{ source: unknown; faults: Fault[]; address: Address }> {
  let after = -1
  for (;;) {
    const { rows } = await client.query<{
      position: number
      source: unknown
      faults: Fault[]
      address: Address
    }>(
      "select position, source, faults, address from import_row where import = $1 and verdict = 'rejected' and position > $2 order by position limit $3",
      [id, after, REJECTS_CHUNK],
    )
    if (rows.length === 0) return
    yield* rows
    after = rows.at(-1)!.position
  }
}

export async function templateByName(
  client: Queryable,
  name: string,
): Promise<{ version: number; mapping: Document } | null> {
  const { rows } = await client.query<{ version: number; mapping: Document }>(
    'select version, mapping from import_template where name = $1',
    [name],
  )
  return rows[0] ?? null
}

/** The mapping that a file with this header was given last: a saved template's, or else that of an applied import. */
export async function mappingByHeader(
  client: Queryable,
  resource: string,
  fingerprint: string,
  header: readonly string[],
): Promise<Document | null> {
  const { rows } = await client.query<{ mapping: Document }>(
    `(select mapping from import_template where resource = $1 and fingerprint = $2 order by updated_at desc limit 1)
union all
(select mapping from import where resource = $1 and state = 'applied' and head -> 'header' = $3 order by applied_at desc limit 1)
limit 1`,
    [resource, fingerprint, JSON.stringify(header)],
  )
  return rows[0]?.mapping ?? null
}
