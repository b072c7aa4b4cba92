/** A process of its own, to be killed: edits, ingests and undoes without end. `node working.ts URL FOLDER NAME` says what was acknowledged. */
import { Readable } from 'node:stream'
import { catalog } from '../../src/areas/catalog/area.ts'
import { platform } from '../../src/areas/platform/area.ts'
import { createBook } from '../../src/engine/access/book.ts'
import { perform } from '../../src/engine/perform.ts'
import type { Engine } from '../../src/engine/types.ts'
import { undo } from '../../src/engine/undo.ts'
import { Problem } from '../../src/kernel/problem.ts'
import { openPool } from '../../src/store/pool.ts'
import { createImports } from '../../src/work/imports.ts'

const [connectionString, folder, name] = process.argv.slice(2) as [string, string, string]
const KEYS = 40
const INGESTED = 60

const actor = { id: `test:${name}`, name, roles: ['owner'] }
const resources = new Map([...catalog.resources, ...platform.resources].map((each) => [each.name, each]))
const engine: Engine = {
  pool: openPool({ connectionString }, { max: 3 }),
  resources,
  access: createBook(resources),
  wake() {},
}
const imports = createImports({ engine, folder, backup: async () => 'none' })
const changes: string[] = []

process.stdout.write('ready\n')
for (let count = 0; ; count++) {
  const request = `${name}:${process.pid}:${count}`
  try {
    const change = await one(request)
    if (change) changes.push(change)
    process.stdout.write(`${JSON.stringify({ request, change })}\n`)
  } catch (error) {
    // Others work on the same records: a refusal is an answer too.
    if (!(error instanceof Problem)) throw error
  }
}

async function one(request: string): Promise<string | null> {
  const dice = Math.random()
  const key = `P${Math.floor(Math.random() * KEYS)}`
  if (dice < 0.25) return act('create', document(key), [], request)
  if (dice < 0.6) return act('update', { category: `C${Math.random()}` }, [key], request)
  if (dice < 0.7) return act('archive', {}, [key], request)
  if (dice < 0.8) return act('restore', {}, [key], request)
  if (dice < 0.9 && changes.length) {
    const change = changes[Math.floor(Math.random() * changes.length)]
    return (await undo(engine, { actor, change, requestId: request })).change
  }
  const lines = Array.from({ length: INGESTED }, (_, index) =>
    JSON.stringify(spelled(`P${index}`, Math.random())),
  )
  const { import: record } = await imports.ingest({
    actor,
    resource: 'product',
    fileName: 'some.jsonl',
    body: Readable.from([Buffer.from(lines.join('\n'))]),
    options: {},
    dryRun: false,
    requestId: request,
  })
  return record.change as string | null
}

async function act(
  action: string,
  input: object,
  targets: string[],
  request: string,
): Promise<string | null> {
  const key = Math.random() < 0.5 ? { key: request } : {}
  return (
    await perform(engine, { actor, resource: 'product', action, input, targets, requestId: request, ...key })
  ).change
}

function document(product_id: string) {
  const pricing = [{ tier_name: 'Adult', price: { amount: 100, currency: 'AED' } }]
  return { product_id, product_name: product_id, pricing, inclusions: ['Guide'] }
}

function spelled(product_id: string, price: number) {
  const price_aed = Math.round(price * 1_000)
  return {
    product_id,
    product_name: product_id,
    pricing: [{ tier_name: 'Adult', price_aed, currency: 'AED' }],
    inclusions: ['Guide'],
  }
}
