import { createHash } from 'node:crypto'
import type pg from 'pg'
import type { Actor } from '../kernel/actor.ts'
import { type Claimant, isSourced } from '../kernel/claim.ts'
import type { Row } from '../kernel/field.ts'
import { type Judgement, type JudgeOptions, judge, type Understood, understand } from '../kernel/judge.ts'
import { conflict, Problem } from '../kernel/problem.ts'
import type { Counts, Proposal } from '../kernel/proposal.ts'
import type { Resource } from '../kernel/resource.ts'
import { all, compare, not, type Rule } from '../kernel/rule.ts'
import { uuidv7 } from '../kernel/uuid.ts'
import type { RuleSource } from '../kernel/validation.ts'
import { beginBulk } from '../store/bulk.ts'
import { compile } from '../store/compile.ts'
import type { Queryable } from '../store/pool.ts'
import { ownColumns, patchAll, type Stamp, toRecord } from '../store/rows.ts'
import {
  applyChanged,
  applyNew,
  countVerdicts,
  holdMoved,
  rejectScattered,
  removedRecords,
  rowsByKey,
  rulesMoved,
  type StagedRow,
  shadowCounts,
  stagedRecord,
  stageRemovals,
  stageRows,
  supersede,
  warnCollisions,
} from '../store/staging.ts'
import { traceparent } from '../store/trace.ts'
import { where } from '../store/where.ts'
import { freshInspection } from './inspection.ts'
import { requireAll } from './lookup.ts'
import { queryOf } from './rules.ts'
import type { Engine, ImportOptions } from './types.ts'

const CHUNK_ROWS = 500
/** A snapshot that archives no more than this many records needs no further word. */
const REMOVALS_FREE = 5
const REMOVAL_SHARE_MAX = 0.1
/** First key of the advisory lock that batches of one resource take; the second is the resource's name, hashed. */
const LOCK_CLASS = 7_700

/** What planning found out. */
export type Planned = {
  counts: Counts
  planHash: string
  /** under which the rules that people wrote stood; null when nobody can write any. */
  rulesStamp: string | null
}

/**
 * Judges every proposal against the record that holds its key and stages the verdicts: the very rows that `applyBatch`
 * will write. Nothing of the resource itself is touched. `client` is in a transaction.
 */
export async function planBatch(
  engine: Engine,
  client: pg.ClientBase,
  request: {
    actor: Actor
    resource: Resource
    importId: string
    proposals: AsyncIterable<Proposal[]>
    options: ImportOptions
    /** the saved source that brings the batch. */
    claimant?: Claimant | undefined
    progress?(rows: number): void
  },
): Promise<Planned> {
  const { resource, importId, options, actor, claimant } = request
  requireAll(engine, actor, resource, 'ingest')
  const { stamp, inspect } = await freshInspection(engine, client, resource)
  const judging: JudgeOptions = {
    mode: options.mode ?? 'replace',
    strict: options.strict ?? false,
    inspect,
    claimant,
  }
  const hash = createHash('sha256')
  await client.query('set local statement_timeout = 0')
  await client.query('delete from import_row where import = $1', [importId])
  await stageRows(client, importId, judgeAll(engine, request, judging, hash))
  await rejectScattered(client, importId)
  await supersede(client, importId)
  await warnCollisions(client, resource, importId)
  if (judging.mode === 'snapshot') await planRemovals(client, request)
  return { counts: await countVerdicts(client, importId), planHash: hash.digest('hex'), rulesStamp: stamp }
}

// Judging reads through the pool, since the connection of the plan is busy with COPY.
async function* judgeAll(
  engine: Engine,
  request: Parameters<typeof planBatch>[2],
  judging: JudgeOptions,
  hash: ReturnType<typeof createHash>,
): AsyncGenerator<StagedRow[]> {
  const { resource, proposals } = request
  const keyed = literal(resource, resource.keyed)
  let done = 0
  const look = async (chunk: Proposal[]) => {
    const understood = chunk.map((proposal) => understand(resource, proposal, judging))
    const keys = [...new Set(understood.flatMap((each) => (each.row && each.key ? [each.key] : [])))]
    const current = keys.length ? await rowsByKey(engine.pool, resource, keyed, keys) : new Map<string, Row>()
    return { understood, current }
  }
  for await (const { understood, current } of ahead(rechunk(proposals, CHUNK_ROWS), look)) {
    const staged = understood.map((each) =>
      stage(resource, each, each.key ? current.get(each.key) : undefined, judging),
    )
    for (const row of staged)
      hash.update(`${row.position}\t${row.verdict}\t${row.record}\t${row.base_version}\t${row.after ?? ''}\n`)
    done += understood.length
    request.progress?.(done)
    yield staged
  }
}

/** Maps with one result under way while the one before is worked on: the database looks rows up while we judge. */
async function* ahead<Item, Result>(
  items: AsyncIterable<Item>,
  map: (item: Item) => Promise<Result>,
): AsyncGenerator<Result> {
  let before: Promise<Result> | undefined
  for await (const item of items) {
    const next = map(item)
    // Its failure is met when it is awaited, not while the one before is worked on.
    next.catch(() => undefined)
    if (before) yield await before
    before = next
  }
  if (before) yield await before
}

function stage(
  resource: Resource,
  understood: Understood,
  current: Row | undefined,
  judging: JudgeOptions,
): StagedRow {
  const judgement = judge(resource, understood, current, judging)
  const { proposal, key } = understood
  const warnings = [...understood.warnings, ...judgement.kept, ...judgement.warnings]
  const isNew = judgement.verdict === 'new'
  return {
    position: proposal.position,
    address: proposal.address,
    key,
    record: isNew ? uuidv7() : ((current?.id as string | undefined) ?? null),
    base_version: current ? (current.version as number) : null,
    verdict: judgement.verdict,
    before: judgement.before,
    after: judgement.row ? JSON.stringify((isNew ? stagedRecord : toRecord)(resource, judgement.row)) : null,
    // What is written is what is logged; only where columns differ from canonical values, or are secret, is it kept twice.
    changes: columnsAreCanonical(resource) ? null : judgement.after,
    faults: judgement.faults.length ? placed(proposal, understood.label, judgement) : null,
    warnings: warnings.length ? warnings : null,
    shadows: judgement.shadows.length ? judgement.shadows : null,
    source: judgement.verdict === 'rejected' ? proposal.source : null,
  }
}

const canonical = new WeakMap<Resource, boolean>()

function columnsAreCanonical(resource: Resource): boolean {
  let known = canonical.get(resource)
  if (known === undefined) {
    known = ownColumns(resource).every(([, { toColumn, secret }]) => !toColumn && !secret)
    canonical.set(resource, known)
  }
  return known
}

/** Faults with the cell they are about, when the file has cells. */
function placed({ origin }: Proposal, label: string, { faults }: Judgement): unknown[] {
  return faults.map((each) => ({
    ...each,
    label,
    ...cellOf(origin, each.path),
  }))
}

/** The cell of a path, or of what holds it: `inclusions[2]` stands in the cell of `inclusions`. */
function cellOf(origin: Proposal['origin'], path: string): { cell?: { row: number; column: string } } {
  const cell = origin?.[path] ?? origin?.[path.replace(/\[\d+\]$/, '')]
  return cell ? { cell } : {}
}

async function planRemovals(
  client: pg.ClientBase,
  { resource, importId, actor, options, claimant }: Parameters<typeof planBatch>[2],
): Promise<void> {
  requireRemovable(resource, claimant)
  const away = {
    archived_at: new Date().toISOString().replace('Z', '000Z'),
    archived_by: actor.id,
    archive_reason: `not in the snapshot ${importId}`,
  }
  const scope = literal(resource, removable(resource, claimant))
  const live = await stageRemovals(client, resource, importId, scope, away)
  const { removed, read } = await countVerdicts(client, importId)
  const whose = claimant ? `${resource.plural} that ${claimant.source} brought` : resource.plural
  if (read === 0 && removed > 0)
    throw new Problem(
      422,
      'snapshot.empty',
      'Empty snapshot',
      `The file is empty; as a snapshot it would archive all ${removed} ${whose}. Nothing was changed.`,
    )
  const share = live === 0 ? 0 : removed / live
  const allowed = options.maxRemovalShare ?? REMOVAL_SHARE_MAX
  if (removed > REMOVALS_FREE && share > allowed)
    throw new Problem(
      422,
      'snapshot.removals',
      'Too many removals',
      `The snapshot would archive ${removed} of ${live} ${whose} (${(share * 100).toFixed(1)} %); at most ${(allowed * 100).toFixed(1)} % are allowed. Nothing was changed. If that is meant, allow it: ${howToAllow(claimant, Math.ceil(share * 100) / 100)}.`,
    )
}

function howToAllow(claimant: Claimant | undefined, share: number): string {
  return claimant
    ? `set max_removal_share of the source ${claimant.source} to ${share}`
    : `--max-removal-share ${share} (max_removal_share=${share} over HTTP)`
}

function requireRemovable(resource: Resource, claimant: Claimant | undefined): void {
  if (!resource.traits.includes('archivable'))
    throw conflict(
      'snapshot',
      `${resource.plural} cannot be archived, so a snapshot cannot remove any. Use --mode replace.`,
    )
  if (claimant && !isSourced(resource))
    throw conflict(
      'snapshot',
      `${resource.plural} do not remember which source brought them, so a snapshot of one source cannot remove any. Use the mode replace.`,
    )
}

/** The records that a snapshot speaks for: those of its source, or all; never one that a person locked in its place. */
function removable(resource: Resource, claimant: Claimant | undefined): Rule {
  return all(
    resource.live,
    ...(claimant ? [compare('brought_by', '=', claimant.source)] : []),
    ...(resource.traits.includes('lockable')
      ? [not(compare('locked_fields', 'contains', 'archived_at'))]
      : []),
  )
}

/** What applying did. */
export type Applied = { change: string | null; counts: Counts }

/**
 * Executes a plan as it was made, in the caller's transaction: rows that moved since are held, everything else is written
 * set-wise with its events.
 */
export async function applyBatch(
  engine: Engine,
  client: Queryable,
  request: {
    actor: Actor
    resource: Resource
    importId: string
    reason: string | null
    requestId: string | null
    /** where rules in shadow count what they would have refused. */
    rules?: RuleSource
  },
): Promise<Applied> {
  const { actor, resource, importId } = request
  requireAll(engine, actor, resource, 'ingest')
  if (await rulesMoved(client, resource, importId))
    throw conflict(
      'import.rules_changed',
      `The validation rules of ${resource.plural} changed after the plan was made. Nothing was changed; plan the import again.`,
    )
  const stamp: Stamp = {
    change: uuidv7(),
    actor: actor.id,
    action: 'ingest',
    reason: request.reason,
    request: request.requestId,
    cause: `import:${importId}`,
    trace: traceparent(),
  }
  await beginBulk(client)
  await holdMoved(client, resource, importId, literal(resource, resource.keyed))
  const created = await applyNew(client, resource, importId, stamp)
  const updated = await applyChanged(client, resource, importId, stamp)
  const removed = await applyRemovals(client, resource, importId, stamp)
  await countShadows(client, importId, request.rules)
  return {
    change: created + updated + removed > 0 ? stamp.change : null,
    counts: await countVerdicts(client, importId),
  }
}

/** The rows are written, so what the rules in shadow said of them counts. */
async function countShadows(
  client: Queryable,
  importId: string,
  rules: RuleSource | undefined,
): Promise<void> {
  const refused = rules ? await shadowCounts(client, importId) : new Map<string, number>()
  if (refused.size) await rules?.count(queryOf(client), refused)
}

async function applyRemovals(
  client: Queryable,
  resource: Resource,
  importId: string,
  stamp: Stamp,
): Promise<number> {
  const ids = await removedRecords(client, importId)
  if (ids.length === 0) return 0
  const { rows } = await client.query<{ changes: Row }>(
    "select changes from import_row where import = $1 and verdict = 'removed' limit 1",
    [importId],
  )
  return patchAll(client, resource, ids, rows[0].changes, stamp)
}

/**
 * One batch of a resource at a time. The lock belongs to the connection: it vanishes when the process dies and cannot be
 * stolen by time. Waits up to `waitSeconds`, then says who holds it. Returns what lets go of it.
 */
export async function lockBatches(
  client: pg.ClientBase,
  resource: Resource,
  actor: Actor,
  waitSeconds: number,
): Promise<() => Promise<void>> {
  const holder = `${actor.name} since ${new Date().toISOString().slice(0, 19)}Z`
  await client.query('select set_config($1, $2, false)', [
    'application_name',
    `serai ingest: ${holder}`.slice(0, 63),
  ])
  const until = Date.now() + waitSeconds * 1_000
  while (!(await tryLock(client, resource))) {
    if (Date.now() >= until) throw await busy(client, resource)
    await new Promise((resolve) => setTimeout(resolve, 100))
  }
  return async () => {
    await client.query('select pg_advisory_unlock($1, hashtext($2))', [LOCK_CLASS, resource.name])
    await client.query("select set_config('application_name', 'serai', false)")
  }
}

async function tryLock(client: pg.ClientBase, resource: Resource): Promise<boolean> {
  const { rows } = await client.query<{ locked: boolean }>(
    'select pg_try_advisory_lock($1, hashtext($2)) as locked',
    [LOCK_CLASS, resource.name],
  )
  return rows[0].locked
}

async function busy(client: Queryable, resource: Resource): Promise<Problem> {
  const { rows } = await client.query<{ application_name: string }>(
    "select a.application_name from pg_locks l join pg_stat_activity a using (pid) where l.locktype = 'advisory' and l.classid = $1 and l.granted and l.pid <> pg_backend_pid() limit 1",
    [LOCK_CLASS],
  )
  const who = rows[0]?.application_name.replace(/^serai ingest: /, '') ?? 'another import'
  return conflict(
    'catalog.busy',
    `Another import of ${resource.plural} is running (${who}). Nothing was changed. Wait for it, or allow more time with --wait SECONDS.`,
  )
}

/** A rule that does not depend on the actor, as SQL text. */
function literal(resource: Resource, rule: Rule): string {
  const { text, values } = compile(where(resource, rule, { id: '', name: '', roles: [] }))
  return text.replaceAll(/\$(\d+)/g, (_parameter, number) => {
    const value = values[Number(number) - 1]
    return typeof value === 'boolean' ? String(value) : `'${String(value).replaceAll("'", "''")}'`
  })
}

async function* rechunk<Item>(source: AsyncIterable<Item[]>, size: number): AsyncGenerator<Item[]> {
  let held: Item[] = []
  for await (const items of source) {
    held = held.length ? [...held, ...items] : items
    while (held.length >= size) {
      yield held.slice(0, size)
      held = held.slice(size)
    }
  }
  if (held.length) yield held
}
