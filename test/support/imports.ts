import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import type { TestContext } from 'node:test'
import { exportDocuments } from '../../src/engine/export.ts'
import type { ImportOptions } from '../../src/engine/types.ts'
import type { Row } from '../../src/kernel/field.ts'
import type { Counts } from '../../src/kernel/proposal.ts'
import type { Resource } from '../../src/kernel/resource.ts'
import { createImports } from '../../src/work/imports.ts'
import { owner, testEngine } from './database.ts'

export type Sent = {
  id: string
  state: string
  counts: Counts
  change: string | null
  again: boolean
  record: Row
}

/** A house that takes files. Backups are counted, not made: they have tests of their own. */
export async function importHouse(t: TestContext, extra: Resource[] = []) {
  const { engine, pool, connection } = await testEngine(t, extra)
  const folder = await mkdtemp(join(tmpdir(), 'serai-imports-'))
  t.after(() => rm(folder, { recursive: true, force: true }))
  const backups: string[] = []
  const imports = createImports({
    engine,
    folder,
    async backup(reason) {
      backups.push(reason)
      return `backup-${backups.length}`
    },
  })

  /** Brings a file in, as `serai ingest` does. */
  async function send(
    fileName: string,
    content: string | Buffer,
    options: ImportOptions = {},
    dryRun = false,
  ): Promise<Sent> {
    const body = Readable.from([Buffer.from(content)])
    const { import: record, again } = await imports.ingest({
      actor: owner,
      resource: 'product',
      fileName,
      body,
      options,
      dryRun,
    })
    return {
      id: record.id as string,
      state: record.state as string,
      counts: record.counts as Counts,
      change: record.change as string | null,
      again,
      record,
    }
  }

  /** Every live product as a document, in order: what an export holds. */
  async function catalog(): Promise<Row[]> {
    const chunks: Row[] = []
    for await (const chunk of exportDocuments(engine, owner, 'product', { archived: 'without' }))
      chunks.push(...chunk)
    return chunks
  }

  return { engine, pool, connection, imports, backups, folder, send, catalog }
}

/** A product as a file says it. */
export function document(product_id: string, more: Row = {}): Row {
  return {
    product_id,
    product_name: `Tour ${product_id}`,
    pricing: [{ tier_name: 'Adult', price_aed: 149, currency: 'AED' }],
    inclusions: ['Guide'],
    ...more,
  }
}

export function jsonl(...documents: Row[]): string {
  return documents.map((each) => `${JSON.stringify(each)}\n`).join('')
}
