import { createHash } from 'node:crypto'
import { requireAll, resourceOf } from '../engine/lookup.ts'
import { claimOf, once } from '../engine/replay.ts'
import type { Engine, ImportOptions, PlannedRow } from '../engine/types.ts'
import { writeRejects } from '../intake/rejects.ts'
import type { FileHead } from '../intake/types.ts'
import type { Actor } from '../kernel/actor.ts'
import type { Row } from '../kernel/field.ts'
import { conflict, notFound } from '../kernel/problem.ts'
import type { Counts, Verdict } from '../kernel/proposal.ts'
import type { Resource } from '../kernel/resource.ts'
import { uuidv7 } from '../kernel/uuid.ts'
import * as table from '../store/imports.ts'
import { transaction } from '../store/pool.ts'
import { applyImport, refused } from './imports/apply.ts'
import { takeBack } from './imports/back.ts'
import { keepBytes } from './imports/bytes.ts'
import {
  type ApplyRequest,
  changing,
  type ImportContext,
  importClaim,
  type Progress,
  show,
  type Upload,
  type WayBack,
} from './imports/context.ts'
import { planImport } from './imports/plan.ts'

export type { ImportContext } from './imports/context.ts'

/** Files into records, step by step; see `Imports` in the doors for what each method promises. */
export function createImports(context: ImportContext) {
  const { engine } = context
  const plan = (id: string, request: { actor: Actor; progress?: Progress }) =>
    planImport(context, id, request)
  const undo = (id: string, request: WayBack) => takeBack(context, 'undo', id, request)
  const redo = (id: string, request: WayBack) => takeBack(context, 'redo', id, request)

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
    return { import: await show(context, request.actor, made.id), again: made.replayed || !made.fresh }
  }

  /** Another process may have applied the same import while this one was reading the file. */
  function appliedMeanwhile(id: string, actor: Actor) {
    return async (error: unknown) => {
      const record = await show(context, actor, id)
      if (record.state !== 'applied') throw error
      return record
    }
  }

  async function apply(id: string, request: ApplyRequest): Promise<Row> {
    return (await applyImport(context, id, request)).record
  }

  async function ingest(
    request: Upload & { dryRun: boolean; progress?: Progress; waitSeconds?: number; reason?: string },
  ): Promise<{ import: Row; again: boolean }> {
    const { actor, progress } = request
    const uploaded = await upload(request)
    const id = uploaded.import.id as string
    if (uploaded.again && uploaded.import.state === 'applied') return repeat(uploaded.import, request)
    const planned = await planImport(context, id, { actor, ...(progress ? { progress } : {}) }).catch(
      appliedMeanwhile(id, actor),
    )
    if (planned.state === 'applied') return repeat(planned, request)
    if (request.dryRun || refused(planned)) return { import: planned, again: uploaded.again }
    const { applied, record } = await applyImport(context, id, applyRequest(request))
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
    const planned = await planImport(context, copy, {
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
    return show(context, actor, id)
  }

  async function rows(
    id: string,
    request: { actor: Actor; verdict?: Verdict; after?: number; limit: number },
  ): Promise<{ items: PlannedRow[]; next: number | null }> {
    await show(context, request.actor, id)
    const items = await table.listRows(engine.pool, id, { ...request, limit: request.limit + 1 })
    const page = items.slice(0, request.limit)
    return { items: page, next: items.length > request.limit ? page.at(-1)!.position : null }
  }

  async function rejects(
    id: string,
    { actor }: { actor: Actor },
  ): Promise<{ fileName: string; contentType: string; body: AsyncIterable<Uint8Array> }> {
    await show(context, actor, id)
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

  return { upload, plan, apply, ingest, undo, redo, cancel, rows, rejects }
}

const CONTENT_TYPES = {
  json: 'application/json',
  jsonl: 'application/jsonl',
  csv: 'text/csv; charset=utf-8',
  xlsx: 'application/vnd.openxmlformats-officedocument.spreadsheetml.sheet',
} as const

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
