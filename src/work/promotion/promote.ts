import { randomBytes } from 'node:crypto'
import { createReadStream, createWriteStream } from 'node:fs'
import { mkdir, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { exportDocuments } from '../../engine/export.ts'
import { resourceOf } from '../../engine/lookup.ts'
import type { Engine, PlannedRow, Query } from '../../engine/types.ts'
import { write } from '../../intake/writers/index.ts'
import type { Actor } from '../../kernel/actor.ts'
import { fileColumns } from '../../kernel/document.ts'
import type { Row } from '../../kernel/field.ts'
import type { Counts } from '../../kernel/proposal.ts'
import { uuidv7 } from '../../kernel/uuid.ts'
import type { PromotionTarget } from './target.ts'

const CHANGES_MAX = 20

export type PromotionRequest = {
  resource: string
  query: Pick<Query, 'q' | 'filter' | 'archived'>
  /** replace: what the target has besides stays; snapshot: it is archived. */
  mode: 'replace' | 'snapshot'
  maxRemovalShare?: number
}

/** What the target would do: the import that is its plan, and the first changes. */
export type PromotionPlan = { import: Row; changes: PlannedRow[] }

/**
 * Brings the records of this house to another as an import there: one snapshot of them is exported, and the target plans it.
 * Nothing is written until that very plan is applied; undoing the import there takes it back.
 */
export async function planPromotion(
  {
    engine,
    actor,
    folder,
    environment,
  }: { engine: Engine; actor: Actor; folder: string; environment: string },
  target: PromotionTarget,
  request: PromotionRequest,
): Promise<PromotionPlan> {
  const resource = resourceOf(engine, request.resource)
  await mkdir(folder, { recursive: true })
  const path = join(folder, `${uuidv7()}.jsonl`)
  try {
    const documents = exportDocuments(engine, actor, resource.name, request.query)
    const bytes = write('jsonl', fileColumns(resource), documents)
    await pipeline(Readable.from(bytes), createWriteStream(path, { flags: 'wx' }))
    const body = Readable.from(signed(path), { objectMode: false })
    const { mode, maxRemovalShare: share } = request
    const planned = await target.plan({
      resource: resource.name,
      fileName: `promotion-from-${environment}.jsonl`,
      body,
      options: { mode, format: 'jsonl', ...(share === undefined ? {} : { maxRemovalShare: share }) },
    })
    return { import: planned, changes: await firstChanges(target, planned) }
  } finally {
    await rm(path, { force: true })
  }
}

/**
 * The same bytes are the same import, and one that was applied is not judged again. A promotion asks how things are now, so
 * each ends with a blank line of its own.
 */
async function* signed(path: string): AsyncGenerator<Buffer> {
  yield* createReadStream(path)
  const bits = [...randomBytes(8)].map((byte) => byte.toString(2).padStart(8, '0')).join('')
  yield Buffer.from(`${bits.replaceAll('0', ' ').replaceAll('1', '\t')}\n`)
}

async function firstChanges(target: PromotionTarget, { id, counts }: Row): Promise<PlannedRow[]> {
  const { created, updated, removed, rejected } = counts as Counts
  const wanted = [
    ['rejected', rejected],
    ['new', created],
    ['changed', updated],
    ['removed', removed],
  ] as const
  const changes: PlannedRow[] = []
  for (const [verdict, count] of wanted)
    if (count > 0 && changes.length < CHANGES_MAX)
      changes.push(...(await target.rows(String(id), verdict, CHANGES_MAX - changes.length)))
  return changes
}
