import type pg from 'pg'
import { applyBatch, lockBatches } from '../../engine/batch.ts'
import { explain } from '../../engine/constraints.ts'
import { requireAll, resourceOf } from '../../engine/lookup.ts'
import { once } from '../../engine/replay.ts'
import type { ImportOptions } from '../../engine/types.ts'
import type { Row } from '../../kernel/field.ts'
import { conflict, Problem } from '../../kernel/problem.ts'
import type { Counts } from '../../kernel/proposal.ts'
import type { Resource } from '../../kernel/resource.ts'
import { learnSize, settleLater } from '../../store/bulk.ts'
import * as table from '../../store/imports.ts'
import { type ApplyRequest, changing, type ImportContext, importClaim, show } from './context.ts'

const WAIT_SECONDS = 30

/** Writes a plan, behind a backup, in one transaction. `applied` is false when somebody else had done it before. */
export async function applyImport(
  context: ImportContext,
  id: string,
  request: ApplyRequest,
): Promise<{ applied: boolean; record: Row }> {
  const { engine } = context
  const record = await table.getImport(engine.pool, id)
  const resource = resourceOf(engine, record.resource)
  requireAll(engine, request.actor, resource, 'ingest')
  if (record.state === 'applied') return { applied: false, record: await show(context, request.actor, id) }
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
    applied = await applyLocked(context, lock, record, resource, request)
    await unlock()
  } catch (error) {
    broken = error as Error
    throw await explain(engine.pool, error).catch(() => error)
  } finally {
    lock.release(broken)
    context.applied?.()
  }
  engine.wake()
  if (applied) await learnSize(engine.pool, resource.name, changing(record.counts))
  return { applied, record: await show(context, request.actor, id) }
}

async function applyLocked(
  { engine, backup: takeBackup }: ImportContext,
  client: pg.PoolClient,
  record: table.ImportRecord,
  resource: Resource,
  request: ApplyRequest,
): Promise<boolean> {
  const { id } = record
  if ((await table.getImport(client, id)).state !== 'planned') return false
  const changes = changing(record.counts)
  request.progress?.(0, changes, 'backing up')
  const backup = changes > 0 ? await takeBackup(`before import of ${record.file_name}`) : null
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
        await settleLater(client, resource.name, changes)
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

/** More rows are wrong than its options let pass. */
export function refused({ counts, options }: Row): boolean {
  const { onError = 'abort' } = options as ImportOptions
  const { rejected } = counts as Counts
  return rejected > mayReject(onError)
}

function mayReject(onError: NonNullable<ImportOptions['onError']>): number {
  if (onError === 'abort') return 0
  return onError === 'skip' ? Number.POSITIVE_INFINITY : Number(onError.slice('stop-after='.length))
}
