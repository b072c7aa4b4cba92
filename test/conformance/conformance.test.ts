// Random requests for every operation of our own OpenAPI document. SERAI_CONFORMANCE_SECONDS makes it run longer,
// SERAI_CONFORMANCE_SEED makes the same requests again (records get new ids each time).
import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import fc from 'fast-check'
import { type Door, openDoor } from '../../src/doors/http/testing.ts'
import { toy, toyTable } from '../../src/doors/http/toy.testing.ts'
import type { Document } from '../../src/doors/openapi.ts'
import { createImports } from '../../src/work/imports.ts'
import { type Answered, judgeBy } from './judge.ts'
import { type Known, requestsOf, type Sent } from './requests.ts'
import type { Schema } from './values.ts'

const SECONDS = Number(process.env.SERAI_CONFORMANCE_SECONDS ?? 30)
const SEED = Number(process.env.SERAI_CONFORMANCE_SEED ?? Date.now() % 2 ** 31)
/** Requests for one operation before the next has its turn. */
const TURN = 3
const FINDINGS_MAX = 20
const IDS_MAX = 12

const { explode: _, ...verbs } = toy.actions

test('no answer is a 5xx, or other than the document says', {
  timeout: (SECONDS + 120) * 1_000,
}, async (t) => {
  const door = await openDoor(t, {
    resources: [{ ...toy, actions: verbs }],
    tables: toyTable,
    imports: (context) => createImports(context),
  })
  const document = (await door.send('GET', '/api/openapi.json')).body as Document
  const base = await door.app.listen({ host: '127.0.0.1', port: 0 })
  const judge = judgeBy(document)
  const operations = Object.entries(document.paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, operation]) => ({ path, method, ...(operation as object) })),
  )
  const known = await knowledge(door, document)
  const findings = new Map<string, string>()
  const seen = new Map<string, Set<number>>()
  let sent = 0
  const until = Date.now() + SECONDS * 1_000
  for (let round = 0; Date.now() < until || round === 0; round++) {
    for (const [index, operation] of operations.entries()) {
      const { path, method } = operation
      const requests = fc.sample(requestsOf(operation, known), {
        seed: SEED + round * operations.length + index,
        numRuns: TURN,
      })
      for (const request of requests) {
        const answer = await send(door, base, request)
        sent++
        statusesOf(seen, `${method.toUpperCase()} ${path}`).add(answer.status)
        const fault = judge(path, method, answer)
        if (!fault) known.learn(path, answer)
        else findings.set(`${method.toUpperCase()} ${path}: ${fault}`, shown(request, answer))
      }
      if (findings.size >= FINDINGS_MAX) break
    }
  }
  t.diagnostic(`${sent} requests for ${operations.length} operations, seed ${SEED}`)
  assert.deepEqual(
    [...findings].map(([fault, request]) => `${fault}\n${request}`),
    [],
    `seed ${SEED}`,
  )
  tellCoverage(t, seen)
})

/**
 * Requests that are only refused prove little: three quarters of the operations must have done their work at least once. Those that are the
 * house's own (an owner too is forbidden them) are left out; that they stay closed is what the matrix of access tests.
 */
function tellCoverage(t: TestContext, seen: Map<string, Set<number>>): void {
  const open = [...seen].filter(([, statuses]) => !isClosed([...statuses]))
  const never = open.filter(([, statuses]) => ![...statuses].some((status) => status < 300))
  t.diagnostic(`${seen.size - open.length} operations are closed to everybody`)
  t.diagnostic(
    `never done: ${never.map(([name, statuses]) => `${name} ${[...statuses]}`).join(', ') || 'none'}`,
  )
  assert.ok(never.length < open.length / 4, never.map(([name]) => name).join(', '))
}

function isClosed(statuses: number[]): boolean {
  return (
    statuses.includes(403) && !statuses.some((status) => status < 300 || status === 409 || status === 412)
  )
}

function statusesOf(seen: Map<string, Set<number>>, name: string): Set<number> {
  const found = seen.get(name) ?? new Set()
  seen.set(name, found)
  return found
}

/** Sends a request: files and live messages over a real line. Of a stream that does not end only the head is looked at. */
async function send({ app }: Door, base: string, { method, url, headers, body }: Sent): Promise<Answered> {
  if (!/^\/api\/(live|\w+\/export|imports\/[^/]+\/rejects)/.test(url)) {
    const request = { method: method as 'GET', url, headers, ...(body ? { payload: body } : {}) }
    const answer = await app.inject(request)
    return { status: answer.statusCode, headers: answer.headers, text: answer.payload }
  }
  const leaving = new AbortController()
  const answer = await fetch(`${base}${url}`, { method, headers, signal: leaving.signal })
  const isEndless = answer.headers.get('content-type')?.startsWith('text/event-stream')
  const text = isEndless ? '' : await answer.text()
  leaving.abort()
  return { status: answer.status, headers: Object.fromEntries(answer.headers), text }
}

function shown({ method, url, headers, body }: Sent, { status, text: said }: Answered): string {
  return `  ${method} ${url} ${JSON.stringify(headers)} ${body?.toString().slice(0, 400) ?? ''}\n  → ${status} ${said.slice(0, 600)}`
}

/** Of every resource that requests cannot easily make out of nothing. */
const RECORDS: { [plural: string]: object[] } = {
  toys: [{ code: 'ball', weight: 3 }, { code: 'bat' }, { code: 'kite' }],
  products: [{ product_id: 'A', product_name: 'Tour A', pricing: [], inclusions: [], active: false }],
  tokens: [{ name: 'till', role: 'viewer' }],
  import_templates: [{ name: 'plain', resource: 'toy', mapping: { columns: { Code: 'code' } } }],
  import_sources: [{ name: 'feed', resource: 'toy', kind: 'folder', location: '/tmp' }],
  validation_rules: [
    { name: 'light', resource: 'toy', expression: 'weight < 100000', severity: 'warning', message: 'heavy' },
  ],
  saved_views: [{ name: 'red', resource: 'toy', query: { filter: 'colour == "red"' } }],
}

type Learning = Known & { learn(path: string, answer: Answered): void }

/** Records to begin with, and the ids of those that answers tell of. */
async function knowledge({ send }: Door, { components }: Document): Promise<Learning> {
  const ids = new Map<string, string[]>()
  const add = (plural: string, id: unknown) => {
    if (typeof id === 'string')
      ids.set(plural, [...new Set([...(ids.get(plural) ?? []), id])].slice(-IDS_MAX))
  }
  for (const [plural, records] of Object.entries(RECORDS))
    for (const body of records) {
      const made = await send('POST', `/api/${plural}`, { body })
      assert.equal(made.status, 201, made.text)
      add(plural, made.body.id)
    }
  return {
    texts: [
      'ball',
      'bat',
      'code',
      'toy',
      'toys',
      'product',
      'red',
      'Family',
      '/tmp',
      'code == "ball"',
      '2026-01-01T00:00:00Z',
    ],
    resolve: ($ref) => (components as { schemas: Schema }).schemas[$ref.split('/').at(-1)!],
    idsOf: (path) => ids.get(path.split('/')[2]) ?? [],
    learn(path, { headers, text: said }) {
      add('changes', headers['serai-change'])
      if (!/^application\/json(;|$)/.test(String(headers['content-type']))) return
      const plural = path.split('/')[2]
      const body = JSON.parse(said)
      for (const record of Array.isArray(body.items) ? body.items : [body]) add(plural, record?.id)
    },
  }
}
