import type pg from 'pg'
import { explain } from '../../engine/constraints.ts'
import { once } from '../../engine/replay.ts'
import type { Engine, UndoOutcome } from '../../engine/types.ts'
import { undoWith } from '../../engine/undo.ts'
import { conflict } from '../../kernel/problem.ts'
import { beginBulk } from '../../store/bulk.ts'
import * as table from '../../store/imports.ts'
import { type ImportContext, importClaim, type WayBack } from './context.ts'

/** Takes an import back, or its undo, in one transaction. */
export async function takeBack(
  { engine }: ImportContext,
  verb: 'undo' | 'redo',
  id: string,
  request: WayBack,
): Promise<UndoOutcome> {
  const client = await engine.pool.connect()
  let broken: Error | undefined
  try {
    await client.query('begin')
    await beginBulk(client)
    const outcome = await once(client, importClaim(verb, id, request), () =>
      (verb === 'undo' ? undoLocked : redoLocked)(engine, client, id, request),
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
async function undoLocked(
  engine: Engine,
  client: pg.PoolClient,
  id: string,
  request: WayBack,
): Promise<UndoOutcome> {
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
async function redoLocked(
  engine: Engine,
  client: pg.PoolClient,
  id: string,
  request: WayBack,
): Promise<UndoOutcome> {
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
