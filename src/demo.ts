import { createReadStream } from 'node:fs'
import { copyFile, mkdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { perform } from './engine/perform.ts'
import { parseQuery } from './engine/query.ts'
import { read } from './engine/read.ts'
import type { House } from './house.ts'
import type { Actor } from './kernel/actor.ts'
import type { Row } from './kernel/field.ts'
import type { Counts } from './kernel/proposal.ts'

/** What the demonstration loaded, and the token that opens the doors of it. */
export type Demo = { lines: string[]; token: string }

const SAMPLES = [
  { resource: 'product', file: 'samples/catalog/products.jsonl' },
  { resource: 'validation_rule', file: 'samples/catalog/rules.json' },
]
const VIEW = 'samples/catalog/view.json'
/** A source, and the file that waits for it. */
const SOURCE = { file: 'samples/sources/supplier-prices.json', brings: 'samples/catalog/price-list.csv' }

/**
 * Loads the sample business (again: nothing happens twice) and makes an owner's token for this start. The sample source
 * gets a folder of its own in `inbox`; without one there is no source.
 */
export async function loadSamples(
  house: House,
  actor: Actor,
  projectFolder: string,
  inbox: string | undefined,
): Promise<Demo> {
  const lines: string[] = []
  for (const { resource, file } of SAMPLES) {
    const body = createReadStream(join(projectFolder, file))
    const { import: loaded } = await house.services.imports.ingest({
      actor,
      resource,
      fileName: file.split('/').at(-1)!,
      body,
      options: {},
      dryRun: false,
    })
    const { read, created, unchanged } = loaded.counts as Counts
    lines.push(`${read} ${resource}s from ${file}: ${created} new, ${unchanged} as before`)
  }
  lines.push(await loadView(house, actor, projectFolder))
  if (inbox) lines.push(await loadSource(house, actor, projectFolder, inbox))
  const name = `demo ${new Date().toISOString().slice(0, 19)}Z ${process.pid}`
  const { answer } = await perform(house.engine, {
    actor,
    resource: 'token',
    action: 'create',
    input: { name, role: 'owner' },
    reason: 'demo',
  })
  return { lines, token: answer?.token as string }
}

async function loadView({ engine }: House, actor: Actor, projectFolder: string): Promise<string> {
  const [resource, view] = ['saved_view', await sampleOf(projectFolder, VIEW)]
  if (!(await isThere(engine, actor, resource, view)))
    await perform(engine, { actor, resource, action: 'create', input: view, reason: 'demo' })
  return `a saved view: /api/products?view=${view.name}`
}

async function loadSource(
  { engine }: House,
  actor: Actor,
  projectFolder: string,
  inbox: string,
): Promise<string> {
  const [resource, source] = ['import_source', await sampleOf(projectFolder, SOURCE.file)]
  if (await isThere(engine, actor, resource, source)) return `the import source ${source.name}, as before`
  const location = join(inbox, source.name)
  await mkdir(location, { recursive: true })
  await copyFile(join(projectFolder, SOURCE.brings), join(location, 'price-list.csv'))
  await perform(engine, { actor, resource, action: 'create', input: { ...source, location }, reason: 'demo' })
  return `the import source ${source.name}; a price list waits in its folder`
}

type Sample = Row & { name: string }

async function sampleOf(projectFolder: string, file: string): Promise<Sample> {
  return JSON.parse(await readFile(join(projectFolder, file), 'utf8')) as Sample
}

/** Somebody who put it away does not get it again. */
async function isThere(
  engine: House['engine'],
  actor: Actor,
  resource: string,
  { name }: Sample,
): Promise<boolean> {
  const query = parseQuery(engine, resource, { name, archived: 'with' })
  return (await read(engine, actor, resource, query)).items.length > 0
}

/** What a person reads when the demonstration is up. */
export function briefing(url: string, demo: Demo): string {
  return `
Serai is ready at ${url}

  Loaded     ${demo.lines.join('\n             ')}
  API        ${url}/api/products?q=desert&facets=category
  Reference  ${url}/api/docs
  Token      ${demo.token}
             (an owner's token, made for this demo and shown once)

Three things to try, in another terminal:

  curl -H 'Authorization: Bearer ${demo.token}' '${url}/api/products?q=desrt+safari&fields=product_id,product_name,price_from'
  npx serai ingest --file samples/catalog/bad.jsonl --dry-run
  npx serai sources check supplier-prices

Ctrl-C stops it; what it holds stays for the next start.
`
}

/** What a person reads who may become the first owner; nothing when there is one. */
export function welcome(url: string, link: { token: string; hours: number } | null): string {
  if (!link) return ''
  return `
  Nobody is an owner yet. Become it, once and within ${link.hours} hours, with your name, address and a password of 15 characters or more:

  curl -X POST ${url}/api/session/link -H 'content-type: application/json' \\
    -d '{"token": "${link.token}", "name": "…", "email": "…", "password": "…", "bearer": true}'

`
}
