import { type Applied, applyBatch, type Planned, planBatch } from '../../src/engine/batch.ts'
import type { Engine, ImportOptions } from '../../src/engine/types.ts'
import type { Proposal } from '../../src/kernel/proposal.ts'
import { uuidv7 } from '../../src/kernel/uuid.ts'
import { type Pool, transaction } from '../../src/store/pool.ts'
import { owner } from './database.ts'

/** Documents as the batch of a JSON Lines file would propose them. */
export async function* proposals(documents: Iterable<unknown>): AsyncGenerator<Proposal[]> {
  let position = 0
  for (const document of documents)
    yield [
      {
        position,
        address: { line: ++position },
        document,
        lenient: false,
        source: document,
        faults: [],
        warnings: [],
      },
    ]
}

/** Plans a batch and, if asked, applies it. */
export async function ingest(
  engine: Engine,
  name: string,
  documents: Iterable<unknown>,
  options: ImportOptions & { apply: boolean },
): Promise<{ planned: Planned; applied?: Applied; importId: string }> {
  const importId = uuidv7()
  const resource = engine.resources.get(name)!
  const planned = await transaction(engine.pool, (client) =>
    planBatch(engine, client, { actor: owner, resource, importId, proposals: proposals(documents), options }),
  )
  if (!options.apply) return { planned, importId }
  const applied = await transaction(engine.pool, (client) =>
    applyBatch(engine, client, { actor: owner, resource, importId, reason: null, requestId: null }),
  )
  return { planned, applied, importId }
}

/** How many facts there are: tests count them before and after. */
export async function eventCount(pool: Pool): Promise<number> {
  const { rows } = await pool.query<{ count: number }>('select count(*) as count from event')
  return rows[0].count
}
