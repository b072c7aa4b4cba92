import { createHash } from 'node:crypto'
import { createWriteStream } from 'node:fs'
import { mkdir, open, rename, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { type Readable, Transform } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import type pg from 'pg'
import { applyBatch, lockBatches, planBatch } from '../engine/batch.ts'
import { explain } from '../engine/constraints.ts'
import { requireAll, resourceOf } from '../engine/lookup.ts'
import { readOne } from '../engine/read.ts'
import { type Claim, claimOf, once } from '../engine/replay.ts'
import type { Engine, ImportOptions, PlannedRow, UndoOutcome } from '../engine/types.ts'
import { undoWith } from '../engine/undo.ts'
import { entries } from '../intake/entries.ts'
import { fingerprint, suggestMapping } from '../intake/mapping.ts'
import { closeFile, openFile } from '../intake/open.ts'
import { writeRejects } from '../intake/rejects.ts'
import { type FileHead, IntakeError, type Mapping, type OpenedFile } from '../intake/types.ts'
import type { Actor } from '../kernel/actor.ts'
import { fileColumns } from '../kernel/document.ts'
import type { Fault } from '../kernel/fault.ts'
import type { Row } from '../kernel/field.ts'
import { conflict, invalid, notFound, Problem } from '../kernel/problem.ts'
import type { Counts, Verdict } from '../kernel/proposal.ts'
import type { Resource } from '../kernel/resource.ts'
import { uuidv7 } from '../kernel/uuid.ts'
import * as table from '../store/imports.ts'
import { beginBulk, transaction } from '../store/pool.ts'
import { claimantOf } from '../store/sources.ts'
import { rulesMoved } from '../store/staging.ts'

const WARNINGS_MAX = 100
const WAIT_SECONDS = 30
/** Smaller imports leave the upkeep of the table to PostgreSQL's own. */
const SETTLE_ROWS = 1_000
/** Largest file that is taken from this machine; the HTTP door has a limit of its own. */
export const FILE_BYTES_MAX = 4 * 1024 ** 3

/** What the imports need of the house. */
export type ImportContext = {
  engine: Engine
  /** folder for uploaded files, by their SHA-256. */
  folder: string
  /** takes a backup when something changed since the last one; returns its name. */
  backup(reason: string): Promise<string>
  /** called when an import was applied or refused after its backup was taken. */
  applied?(): void
  /** largest upload, bytes. */
  uploadBytesMax?: number
}

type Upload = {
  actor: Actor
  resource: string
  fileName: string
  body: Readable
  options: ImportOptions
  key?: string | null
  requestId?: string
}
const PLANNABLE = ['uploaded', 'parsed', 'planned']

type ApplyRequest = {
  actor: Actor
  progress?: Progress
  reason?: string
  wait_seconds?: number
  key?: string | null
  requestId?: string
}
type WayBack = { actor: Actor; dryRun?: boolean; reason?: string; key?: string | null; requestId?: string }
type Progress = (done: number, total: number, what: string) => void

/** Files into records, step by step; see `Imports` in the doors for what each method promises. */
export function createImports(context: ImportContext) {
  const { engine } = context

  async function upload(request: Upload): Promise<{ import: Row; again: boolean }> {
    const resource = resourceOf(engine, request.resource)
    requireAll(engine, request.actor, resource, 'ingest')
    const file = await keepBytes(context, request.body, request.fileName)
    const identity = await identityOf(engine, resource, file.sha256, request.options)
    const claim = claimOf({ ...request, resource: 'import', action: 'upload', input: identity })
    const made = await transaction(engine.pool, (client) =>
      once(client, claim, async () => ({
        change: null,
        replayed: false,
        ...(await table.insertImport(client, {
          id: uuidv7(),
          resource: resource.name,
          fileName: request.fileName,
          file,
          identity,
          options: request.options,
          actor: request.actor.id,
        })),
      })),
    )
    return { import: await show(request.actor, made.id), again: made.replayed || !made.fresh }
  }

  async function plan(id: string, { actor, progress }: { actor: Actor; progress?: Progress }): Promise<Row> {
    const record = await table.getImport(engine.pool, id)
    if (record.state === 'planned' && (await planStands(record))) return show(actor, id)
    if (!PLANNABLE.includes(record.state))
      throw conflict('import.state', `Import ${id} is ${record.state}; only a new one can be planned.`)
    try {
      await planFile(record, actor, progress)
    } catch (error) {
      const explained = await explain(engine.pool, error).catch(() => error)
      await table.markFailed(engine.pool, id, (explained as Error).message)
      throw explained instanceof IntakeError ? intakeProblem(explained) : explained
    }
    return show(actor, id)
  }

  /** A plan is made again when its rows were lost, or when people changed the rules that it was judged by. */
  async function planStands(record: table.ImportRecord): Promise<boolean> {
    const resource = resourceOf(engine, record.resource)
    return (
      (await table.planIsWhole(engine.pool, record)) && !(await rulesMoved(engine.pool, resource, record.id))
    )
  }

  async function planFile(
    record: table.ImportRecord,
    actor: Actor,
    progress: Progress | undefined,
  ): Promise<void> {
    const { options } = record
    const resource = resourceOf(engine, record.resource)
    const file = await openFile(join(context.folder, record.file_key), record.file_name, readOptions(options))
    try {
      await planOpened(record, resource, file, actor, progress)
    } finally {
      await closeFile(file)
    }
  }

  async function planOpened(
    record: table.ImportRecord,
    resource: Resource,
    file: OpenedFile,
    actor: Actor,
    progress: Progress | undefined,
  ): Promise<void> {
    const { id, options } = record
    const mapping = await mappingFor(engine, resource, file.head, options)
    await table.markParsed(engine.pool, id, file.head, mapping)
    await transaction(engine.pool, async (client) => {
      // Two who bring the same file at the same moment share one import; the second finds the plan of the first.
      const state = await table.lockImport(client, id)
      if (!PLANNABLE.includes(state) || (state === 'planned' && record.state !== 'planned')) return
      const proposals = entries(file, fileColumns(resource), mapping)
      // A spreadsheet rarely has every column, so what it leaves out stays; a JSON document is the whole record.
      const mode = options.mode ?? (file.head.header ? 'merge' : 'replace')
      const planned = await planBatch(engine, client, {
        actor,
        resource,
        importId: id,
        proposals,
        options: { ...options, mode },
        ...(options.source ? { claimant: await claimantOf(client, options.source) } : {}),
        progress: (rows) => progress?.(rows, 0, 'judging'),
      })
      await table.markPlanned(client, id, { ...planned, warnings: await collectWarnings(client, id, file) })
    })
  }

  /** Another process may have applied the same import while this one was reading the file. */
  function appliedMeanwhile(id: string, actor: Actor) {
    return async (error: unknown) => {
      const record = await show(actor, id)
      if (record.state !== 'applied') throw error
      return record
    }
  }

  async function apply(id: string, request: ApplyRequest): Promise<Row> {
    return (await applyOnce(id, request)).record
  }

  /** `applied` is false when somebody else had done it before. */
  async function applyOnce(id: string, request: ApplyRequest): Promise<{ applied: boolean; record: Row }> {
    const record = await table.getImport(engine.pool, id)
    const resource = resourceOf(engine, record.resource)
    requireAll(engine, request.actor, resource, 'ingest')
    if (record.state === 'applied') return { applied: false, record: await show(request.actor, id) }
    requireApplicable(record)
    if (!(await table.planIsWhole(engine.pool, record)))
      throw conflict(
        'import.plan_lost',
        `The plan of import ${id} was lost when the database crashed. Nothing was changed; plan it again.`,
      )
    const lock = await engine.pool.connect()
    let broken: Error | undefined
    let applied = false
    try {
      const unlock = await lockBatches(lock, resource, request.actor, request.wait_seconds ?? WAIT_SECONDS)
      applied = await applyLocked(lock, record, resource, request)
      await unlock()
    } catch (error) {
      broken = error as Error
      throw await explain(engine.pool, error).catch(() => error)
    } finally {
      lock.release(broken)
      context.applied?.()
    }
    engine.wake()
    if (applied && changing(record.counts) > SETTLE_ROWS) await table.settleTable(engine.pool, resource.name)
    return { applied, record: await show(request.actor, id) }
  }

  async function applyLocked(
    client: pg.PoolClient,
    record: table.ImportRecord,
    resource: Resource,
    request: ApplyRequest,
  ): Promise<boolean> {
    const { id } = record
    if ((await table.getImport(client, id)).state !== 'planned') return false
    const changes = changing(record.counts)
    request.progress?.(0, changes, 'backing up')
    const backup = changes > 0 ? await context.backup(`before import of ${record.file_name}`) : null
    request.progress?.(0, changes, 'writing')
    await client.query('begin')
    try {
      const state = await table.lockImport(client, id)
      if (state === 'planned')
        await once(client, importClaim('apply', id, request), async () => {
          const applied = await applyBatch(engine, client, {
            actor: request.actor,
            resource,
            importId: id,
            reason: request.reason ?? null,
            requestId: request.requestId ?? null,
            ...(engine.rules ? { rules: engine.rules } : {}),
          })
          await table.markApplied(client, id, { ...applied, backup })
          return { change: applied.change }
        })
      await client.query('commit')
      request.progress?.(changes, changes, 'written')
      return state === 'planned'
    } catch (error) {
      await client.query('rollback')
      throw error
    }
  }

  async function ingest(
    request: Upload & { dryRun: boolean; progress?: Progress; waitSeconds?: number; reason?: string },
  ): Promise<{ import: Row; again: boolean }> {
    const { actor, progress } = request
    const uploaded = await upload(request)
    const id = uploaded.import.id as string
    if (uploaded.again && uploaded.import.state === 'applied') return repeat(uploaded.import, request)
    const planned = await plan(id, { actor, ...(progress ? { progress } : {}) }).catch(
      appliedMeanwhile(id, actor),
    )
    if (planned.state === 'applied') return repeat(planned, request)
    if (request.dryRun || refused(planned)) return { import: planned, again: uploaded.again }
    const { applied, record } = await applyOnce(id, applyRequest(request))
    return applied ? { import: record, again: uploaded.again } : repeat(record, request)
  }

  /**
   * The bytes were applied before. While the records are still as they left them, this is the same import, with nothing
   * to do; otherwise it is a new one, because something changed since.
   */
  async function repeat(
    known: Row,
    request: Upload & { dryRun: boolean; progress?: Progress },
  ): Promise<{ import: Row; again: boolean }> {
    const copy = await table.copyImport(engine.pool, known.id as string, uuidv7(), request.actor.id)
    const planned = await plan(copy, {
      actor: request.actor,
      ...(request.progress ? { progress: request.progress } : {}),
    })
    const counts = planned.counts as Counts
    if (changing(counts) + counts.rejected + counts.held === 0) {
      await table.dropImport(engine.pool, copy)
      return { import: { ...known, counts, change: null }, again: true }
    }
    await table.replaceIdentity(engine.pool, known.id as string, copy)
    if (request.dryRun || refused(planned)) return { import: planned, again: false }
    return { import: await apply(copy, applyRequest(request)), again: false }
  }

  const undo = (id: string, request: WayBack) => takeBack('undo', id, request)
  const redo = (id: string, request: WayBack) => takeBack('redo', id, request)

  async function takeBack(verb: 'undo' | 'redo', id: string, request: WayBack): Promise<UndoOutcome> {
    const client = await engine.pool.connect()
    let broken: Error | undefined
    try {
      await client.query('begin')
      await beginBulk(client)
      const outcome = await once(client, importClaim(verb, id, request), () =>
        verb === 'undo' ? undoLocked(client, id, request) : redoLocked(client, id, request),
      )
      await client.query(request.dryRun ? 'rollback' : 'commit')
      if (outcome.change) engine.wake()
      return outcome
    } catch (error) {
      broken = await client.query('rollback').then(
        () => undefined,
        (failure: Error) => failure,
      )
      throw await explain(engine.pool, error).catch(() => error)
    } finally {
      client.release(broken)
    }
  }

  /** The import is locked before its state is looked at: of two who take it back at once, one does. */
  async function undoLocked(client: pg.PoolClient, id: string, request: WayBack): Promise<UndoOutcome> {
    const record = await table.getImport(client, id)
    const state = await table.lockImport(client, id)
    if (state !== 'applied')
      throw conflict('import.state', `Import ${id} is ${state}; only an applied one can be undone.`)
    if (!record.change)
      throw conflict('import.empty', `Import ${id} changed nothing, so there is nothing to undo.`)
    const outcome = await undoWith(engine, client, {
      ...request,
      change: record.change,
      reason: request.reason ?? `undo of import ${id}`,
    })
    if (!request.dryRun) await table.markUndone(client, id, outcome.change)
    return outcome
  }

  /** Takes the undo of an import back, so that it is applied again. */
  async function redoLocked(client: pg.PoolClient, id: string, request: WayBack): Promise<UndoOutcome> {
    const record = await table.getImport(client, id)
    const state = await table.lockImport(client, id)
    if (state !== 'undone' || !record.undo_change)
      throw conflict(
        'import.state',
        `Import ${id} is ${state}; only an import whose undo changed something can be redone.`,
      )
    const outcome = await undoWith(engine, client, {
      ...request,
      change: record.undo_change,
      reason: request.reason ?? `redo of import ${id}`,
    })
    if (!request.dryRun) await table.markRedone(client, id)
    return outcome
  }

  async function cancel(id: string, { actor, key }: { actor: Actor; key?: string | null }): Promise<Row> {
    const record = await table.getImport(engine.pool, id)
    requireAll(engine, actor, resourceOf(engine, record.resource), 'ingest')
    await transaction(engine.pool, (client) =>
      once(client, importClaim('cancel', id, { actor, key: key ?? null }), async () => {
        if (await table.markCancelled(client, id)) return { change: null }
        throw conflict(
          'import.state',
          `Import ${id} is ${record.state}; it is too late to cancel it. An applied import can be undone.`,
        )
      }),
    )
    return show(actor, id)
  }

  async function rows(
    id: string,
    request: { actor: Actor; verdict?: Verdict; after?: number; limit: number },
  ): Promise<{ items: PlannedRow[]; next: number | null }> {
    await show(request.actor, id)
    const items = await table.listRows(engine.pool, id, { ...request, limit: request.limit + 1 })
    const page = items.slice(0, request.limit)
    return { items: page, next: items.length > request.limit ? page.at(-1)!.position : null }
  }

  async function rejects(
    id: string,
    { actor }: { actor: Actor },
  ): Promise<{ fileName: string; contentType: string; body: AsyncIterable<Uint8Array> }> {
    await show(actor, id)
    const record = await table.getImport(engine.pool, id)
    if (!record.head || record.counts.rejected === 0) throw notFound(`Import ${id} has no rejected rows.`)
    const dot = record.file_name.lastIndexOf('.')
    const base = dot > 0 ? record.file_name.slice(0, dot) : record.file_name
    return {
      fileName: `${base}.rejects.${record.head.format}`,
      contentType: CONTENT_TYPES[(record.head as FileHead).format],
      body: writeRejects(record.head, table.rejectedRows(engine.pool, id)),
    }
  }

  function show(actor: Actor, id: string): Promise<Row> {
    return readOne(engine, actor, 'import', id)
  }

  return { upload, plan, apply, ingest, undo, redo, cancel, rows, rejects }
}

/** What makes two calls of an import's verb the same. */
function importClaim(
  action: 'apply' | 'undo' | 'redo' | 'cancel',
  id: string,
  { actor, key, dryRun }: { actor: Actor; key?: string | null; dryRun?: boolean },
): Claim | undefined {
  return claimOf({
    actor,
    key: key ?? null,
    resource: 'import',
    action,
    targets: [id],
    dryRun: dryRun ?? false,
  })
}

const CONTENT_TYPES = {
  json: 'application/json',
  jsonl: 'application/jsonl',
  csv: 'text/csv; charset=utf-8',
  xlsx: 'application/vnd.openxmlformats-officedocument.spreadsheetml.sheet',
} as const

/** Rows that applying would write. */
function changing(counts: Counts): number {
  return counts.created + counts.updated + counts.removed
}

function refused({ counts, options }: Row): boolean {
  const { onError = 'abort' } = options as ImportOptions
  const { rejected } = counts as Counts
  return rejected > mayReject(onError)
}

function mayReject(onError: NonNullable<ImportOptions['onError']>): number {
  if (onError === 'abort') return 0
  return onError === 'skip' ? Number.POSITIVE_INFINITY : Number(onError.slice('stop-after='.length))
}

function requireApplicable({ id, state, counts, options }: table.ImportRecord): void {
  if (state !== 'planned')
    throw conflict('import.state', `Import ${id} is ${state}; only a planned one can be applied.`)
  if (refused({ counts, options }))
    throw new Problem(
      422,
      'import.rejected',
      'Rows were rejected',
      `${counts.rejected} of ${counts.read} rows are wrong, so nothing was written. Mend them (the rejects file lists every reason) or import with on_error=skip.`,
    )
}

function applyRequest({
  actor,
  progress,
  waitSeconds,
  requestId,
  reason,
}: {
  actor: Actor
  progress?: Progress
  waitSeconds?: number
  requestId?: string
  reason?: string
}) {
  return {
    actor,
    ...(progress ? { progress } : {}),
    ...(waitSeconds === undefined ? {} : { wait_seconds: waitSeconds }),
    ...(requestId ? { requestId } : {}),
    ...(reason ? { reason } : {}),
  }
}

function readOptions({ format, encoding, delimiter, decimal, sheet }: ImportOptions) {
  return {
    ...(format ? { format: format as 'json' } : {}),
    ...(encoding ? { encoding } : {}),
    ...(delimiter ? { delimiter } : {}),
    ...(decimal ? { decimal } : {}),
    ...(sheet ? { sheet } : {}),
  }
}

/** Writes the upload under the name of its hash: whole, on the disk, or not at all. */
async function keepBytes(context: ImportContext, body: Readable, name: string): Promise<table.StoredFile> {
  await mkdir(context.folder, { recursive: true })
  const partial = join(context.folder, `.tmp-${uuidv7()}`)
  const hash = createHash('sha256')
  let size = 0
  const most = context.uploadBytesMax ?? FILE_BYTES_MAX
  const measure = new Transform({
    transform(chunk: Buffer, _encoding, done) {
      size += chunk.length
      hash.update(chunk)
      done(
        size > most
          ? new Problem(
              413,
              'file.size',
              'File too large',
              `${name} is larger than ${most / 1024 / 1024} MB, the most that is taken. Nothing was kept.`,
            )
          : null,
        chunk,
      )
    },
  })
  try {
    await pipeline(body, measure, createWriteStream(partial, { flags: 'wx', flush: true }))
    const sha256 = hash.digest('hex')
    await rename(partial, join(context.folder, sha256))
    await syncFolder(context.folder)
    return { key: sha256, sha256, size }
  } catch (error) {
    await rm(partial, { force: true })
    if ((error as NodeJS.ErrnoException).code === 'ENOSPC')
      throw new Problem(
        507,
        'storage.full',
        'Disk full',
        `The disk is full; ${name} was not kept. Free some space and send it again.`,
      )
    throw error
  }
}

async function syncFolder(folder: string): Promise<void> {
  const handle = await open(folder, 'r')
  try {
    await handle.sync()
  } finally {
    await handle.close()
  }
}

/** The same bytes for the same resource with the same options and template are the same import. */
async function identityOf(
  engine: Engine,
  resource: Resource,
  sha256: string,
  options: ImportOptions,
): Promise<string> {
  const template = options.template ? await table.templateByName(engine.pool, options.template) : null
  if (options.template && !template) throw notFound(`There is no import template "${options.template}".`)
  const settled = Object.entries(options)
    .filter(([, value]) => value !== undefined)
    .sort(([left], [right]) => (left < right ? -1 : 1))
  return createHash('sha256')
    .update(JSON.stringify([resource.name, sha256, settled, template?.version ?? 0]))
    .digest('hex')
}

/** For column files: the named template, what was said, what this header was mapped to before, or the best guess. */
async function mappingFor(
  engine: Engine,
  resource: Resource,
  head: FileHead,
  options: ImportOptions,
): Promise<Mapping | undefined> {
  if (!head.header) return undefined
  const columns = fileColumns(resource)
  const remembered = options.template
    ? (await table.templateByName(engine.pool, options.template))?.mapping
    : await table.mappingByHeader(engine.pool, resource.name, fingerprint(head.header), head.header)
  const mapping = suggestMapping(head.header, columns, {
    ...remembered,
    columns: { ...remembered?.columns, ...options.columns },
  }).mapping
  const taken = new Set(Object.values(mapping.columns))
  const missing = columns.filter(
    (column) => column.key && !taken.has(column.name) && mapping.constants?.[column.name] === undefined,
  )
  if (missing.length)
    throw invalid(
      [],
      `The file has no column for ${missing.map((column) => column.name).join(', ')}, which identifies a ${resource.name}. It has: ${head.header.join(', ')}. Say which one it is with --map "Header=${missing[0].name}".`,
    )
  return mapping
}

function intakeProblem(error: IntakeError): Problem {
  const status = error.code === 'file.size' ? 413 : error.code.startsWith('file.') ? 415 : 422
  return new Problem(status, error.code, 'The file cannot be read', error.message)
}

/** What a person should know of the file and of its rows, at most 100, the file's own first. */
async function collectWarnings(client: pg.ClientBase, id: string, file: OpenedFile): Promise<Fault[]> {
  const rows = await table.rowWarnings(client, id, WARNINGS_MAX)
  return [...file.head.warnings, ...rows].slice(0, WARNINGS_MAX)
}
