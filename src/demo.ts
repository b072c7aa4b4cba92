import { createReadStream } from 'node:fs'
import { join } from 'node:path'
import { perform } from './engine/perform.ts'
import type { House } from './house.ts'
import type { Actor } from './kernel/actor.ts'
import type { Counts } from './kernel/proposal.ts'

/** What the demonstration loaded, and the token that opens the doors of it. */
export type Demo = { lines: string[]; token: string }

const SAMPLES = [{ resource: 'product', file: 'samples/catalog/products.jsonl' }]

/** Loads the sample business (again: nothing happens twice) and makes an owner's token for this start. */
export async function loadSamples(house: House, actor: Actor, projectFolder: string): Promise<Demo> {
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
  npx serai stats

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
