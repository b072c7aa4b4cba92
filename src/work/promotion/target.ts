import type { Readable } from 'node:stream'
import type { ImportOptions, PlannedRow } from '../../engine/types.ts'
import type { Actor } from '../../kernel/actor.ts'
import type { Row } from '../../kernel/field.ts'
import type { Verdict } from '../../kernel/proposal.ts'
import type { createImports } from '../imports.ts'

/** Another installation of Serai, as a place where imports are planned and applied. */
export type PromotionTarget = {
  /** for people: a folder, or an address. */
  place: string
  /** what it says that it is; null when it cannot be asked. */
  environment: string | null
  plan(file: { resource: string; fileName: string; body: Readable; options: ImportOptions }): Promise<Row>
  rows(id: string, verdict: Verdict, limit: number): Promise<PlannedRow[]>
  apply(id: string, reason: string): Promise<Row>
  cancel(id: string): Promise<void>
}

/** A house on this machine. */
export function houseTarget(
  imports: ReturnType<typeof createImports>,
  actor: Actor,
  place: string,
): PromotionTarget {
  return {
    place,
    environment: null,
    async plan(file) {
      const { import: record } = await imports.upload({ ...file, actor })
      return imports.plan(String(record.id), { actor })
    },
    rows: async (id, verdict, limit) => (await imports.rows(id, { actor, verdict, limit })).items,
    apply: (id, reason) => imports.apply(id, { actor, reason }),
    cancel: async (id) => void (await imports.cancel(id, { actor })),
  }
}
