// npm run bench:changes [-- ROWS]: a spreadsheet that changes every row of a catalog: dry run, apply, undo and redo.
import { createReadStream, createWriteStream } from 'node:fs'
import { chmod, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { catalog } from '../src/areas/catalog/area.ts'
import { platform } from '../src/areas/platform/area.ts'
import { undo } from '../src/engine/undo.ts'
import { type House, openHouse } from '../src/house.ts'
import { write } from '../src/intake/writers/index.ts'
import type { Actor } from '../src/kernel/actor.ts'
import { fileColumns } from '../src/kernel/document.ts'
import type { Row } from '../src/kernel/field.ts'
import { readSettings } from '../src/settings.ts'
import { generateProducts, writeJsonl } from './products.ts'

const ROWS = Number(process.argv[2] ?? 10_000)
const PROJECT = new URL('..', import.meta.url).pathname
const CHUNK_ROWS = 100

const actor: Actor = { id: 'bench', name: 'bench', roles: ['owner'] }
const home = await mkdtemp(join(tmpdir(), 'serai-bench-'))
// PostgreSQL of a benchmark run by root belongs to another user.
await chmod(home, 0o711)
try {
  const settings = readSettings({ ...process.env, SERAI_HOME: join(home, '.serai') }, PROJECT)
  const house = await openHouse(settings, [platform, catalog])
  try {
    await measure(house)
  } finally {
    await house.close()
  }
} finally {
  await rm(home, { recursive: true, force: true })
}

async function measure({ engine, services: { imports } }: House): Promise<void> {
  const base = join(home, 'products.jsonl')
  const changed = join(home, 'changed.xlsx')
  await writeJsonl(base, ROWS)
  const columns = fileColumns(engine.resources.get('product')!)
  await pipeline(
    Readable.from(write('xlsx', columns, changedProducts(), { profile: 'spreadsheet' })),
    createWriteStream(changed),
  )
  const request = { actor, resource: 'product', options: {} }
  await timed(`ingest ${ROWS} new`, () =>
    imports.ingest({ ...request, fileName: 'products.jsonl', body: createReadStream(base), dryRun: false }),
  )
  const planned = await timed('dry run of the spreadsheet', () =>
    imports.ingest({ ...request, fileName: 'changed.xlsx', body: createReadStream(changed), dryRun: true }),
  )
  console.log(JSON.stringify(planned.import.counts))
  const id = String(planned.import.id)
  const applied = await timed('apply', () => imports.apply(id, { actor }))
  const undone = await timed('undo', () => imports.undo(id, { actor }))
  console.log(JSON.stringify({ restored: undone.restored, kept: undone.kept.length }))
  const redone = await timed('redo', () => undo(engine, { actor, change: undone.change! }))
  console.log(
    JSON.stringify({ restored: redone.restored, kept: redone.kept.length, change: applied.change !== null }),
  )
}

/** The same products with another category, in the form of a file. */
async function* changedProducts(): AsyncGenerator<Row[]> {
  const chunk: Row[] = []
  for (const product of generateProducts(ROWS)) {
    chunk.push({ ...product, category: `${product.category} (new)` })
    if (chunk.length === CHUNK_ROWS) yield chunk.splice(0)
  }
  if (chunk.length) yield chunk
}

async function timed<Result>(work: string, run: () => Promise<Result>): Promise<Result> {
  const started = performance.now()
  const result = await run()
  const peak = Math.round(process.resourceUsage().maxRSS / 1024)
  console.log(
    `${work.padEnd(34)}${((performance.now() - started) / 1_000).toFixed(2).padStart(8)} s${String(peak).padStart(8)} MB at most so far`,
  )
  return result
}
