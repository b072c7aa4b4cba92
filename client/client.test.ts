import assert from 'node:assert/strict'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { type TestContext, test } from 'node:test'
import { eventCount, openDoor } from '../src/doors/http/testing.ts'
import { createImports } from '../src/work/imports.ts'
import {
  type Client,
  createClient,
  type Live,
  ProblemError,
  type Product,
  type ProductInput,
} from './index.ts'

const tour = (product_id: string, more: Partial<ProductInput> = {}): ProductInput => ({
  product_id,
  product_name: `Tour ${product_id}`,
  pricing: [{ tier_name: 'Adult', price: { amount: 14_900, currency: 'AED' } }],
  inclusions: [],
  ...more,
})

/** A server that listens, and clients of it. */
async function house(t: TestContext, token = 'manager-token') {
  const door = await openDoor(t, { imports: (context) => createImports(context) })
  const url = await door.app.listen({ host: '127.0.0.1', port: 0 })
  return { ...door, url, serai: createClient({ url, token }) }
}

async function refused(work: Promise<unknown>): Promise<[number, string, ...string[]]> {
  const error = await work.then(
    () => assert.fail('it was not refused'),
    (thrown: unknown) => thrown,
  )
  assert.ok(error instanceof ProblemError, String(error))
  const { status, code, problem } = error
  return [status, code, ...problem.errors.map(({ pointer }) => pointer)]
}

async function textOf(stream: ReadableStream<Uint8Array>): Promise<string> {
  return new Response(stream).text()
}

test('records are made, changed at a version, put away, brought back; every write names its change', async (t) => {
  const { serai, pool } = await house(t)
  const made = await serai.products.create(tour('A'), { reason: 'new season' })
  const { id, version } = made.data
  assert.deepEqual([made.data.product_id, made.data.pricing[0].price.amount], ['A', 14_900])
  const rehearsed = await serai.products.update('A', { category: 'Family' }, { dryRun: true })
  assert.deepEqual(
    [rehearsed.dryRun, rehearsed.change, rehearsed.data.category, await eventCount(pool)],
    [true, null, 'Family', 1],
  )
  const changed = await serai.products.update(id, { category: 'Family' }, { ifVersion: version, key: 'k' })
  const again = await serai.products.update(id, { category: 'Family' }, { ifVersion: version, key: 'k' })
  assert.deepEqual([changed.replayed, again.replayed, again.change], [false, true, changed.change])
  assert.deepEqual(await refused(serai.products.update(id, { active: false }, { ifVersion: version })), [
    412,
    'version',
  ])
  await serai.products.createMany([tour('B'), tour('C')])
  const { data } = await serai.products.archive(['A', 'B'], {}, { reason: 'winter' })
  assert.deepEqual(
    data.items.map(({ archive_reason }) => archive_reason),
    ['winter', 'winter'],
  )
  assert.equal((await serai.products.restore('A')).data.archived_at, null)
  assert.deepEqual((await serai.products.updateMany(['A', 'C'], { category: 'Air' })).data.items.length, 2)
  const { items } = await serai.products.history('A', { limit: 2 })
  assert.deepEqual(
    items.map(({ action }) => action),
    ['update', 'restore'],
  )
  assert.equal((await serai.products.stats()).total, 2)
})

test('lists: one page with its facets and count, and all of them', async (t) => {
  const { serai } = await house(t)
  await serai.products.createMany(
    Array.from({ length: 7 }, (_, index) => tour(`P${index}`, { category: index % 2 ? 'Air' : 'Sea' })),
  )
  const page = await serai.products.list({
    filter: 'category == "Sea"',
    sort: ['-product_id'],
    limit: 2,
    fields: ['product_id'],
    facets: ['category'],
    count: true,
  })
  assert.deepEqual(page.items, [{ product_id: 'P6' }, { product_id: 'P4' }])
  assert.deepEqual(
    [page.count, page.facets],
    [{ value: 4, capped: false }, { category: [{ value: 'Sea', count: 4 }] }],
  )
  const seen: string[] = []
  for await (const { product_id } of serai.products.all({ limit: 3, sort: 'product_id' }))
    seen.push(product_id)
  assert.deepEqual(seen, ['P0', 'P1', 'P2', 'P3', 'P4', 'P5', 'P6'])
})

test('refusals are typed problems', async (t) => {
  const { serai, url } = await house(t)
  const viewer = createClient({ url, token: 'viewer-token' })
  const stranger = createClient({ url, token: 'no-token' })
  await serai.products.create(tour('A'))
  for (const work of [serai.products.get, serai.products.archive, serai.imports.apply])
    await assert.rejects(async () => work(''), RangeError, 'an empty id is not the whole collection')
  const cases: [string, () => Promise<unknown>, unknown[]][] = [
    ['a key that is taken', () => serai.products.create(tour('A')), [409, 'unique', '/product_id']],
    [
      'several faults',
      () =>
        serai.products.create(
          tour('', { pricing: [{ tier_name: '', price: { amount: 1, currency: 'AED' } }] }),
        ),
      [422, 'invalid', '/product_id', '/pricing/0/tier_name'],
    ],
    ['nothing there', () => serai.products.get('Z/~%'), [404, 'not_found']],
    ['a role', () => viewer.products.archive('A'), [403, 'forbidden']],
    ['no token', () => stranger.products.list(), [401, 'unauthorized']],
    ['an unknown field', () => serai.products.list({ colour: 'red' }), [400, 'query_parameter']],
    ['a wrong filter', () => serai.products.list({ filter: 'colour == 1' }), [400, 'filter', '/filter']],
  ]
  for (const [what, work, expected] of cases) assert.deepEqual(await refused(work()), expected, what)
})

test('a change is undone and done again; what was is read as it stood', async (t) => {
  const { serai } = await house(t)
  await serai.products.create(tour('A', { category: 'Sea' }))
  const { change } = await serai.products.update('A', { category: 'Air' })
  const [{ time }] = (await serai.events({ limit: 1 })).items
  const undone = await serai.changes.undo(change!, { reason: 'mistake' })
  assert.deepEqual([undone.data.restored, undone.change], [1, undone.data.change])
  assert.equal((await serai.products.get('A')).category, 'Sea')
  assert.equal((await serai.products.get('A', { as_of: time })).category, 'Air')
  const { items } = await serai.products.diff({ as_of: time })
  assert.deepEqual(items[0].after, { category: 'Sea' })
  assert.equal((await serai.changes.redo(change!)).data.restored, 1)
  assert.deepEqual((await serai.changes.get(change!)).undone_by, [undone.change])
  assert.equal((await serai.changes.list()).items[0].undoes, undone.change)
})

test('files: sent, planned, looked at, applied, taken back, and out again as a stream', async (t) => {
  const { serai, pool } = await house(t)
  const lines = ['A', 'B'].map((id) => `${JSON.stringify(tour(id))}\n`).join('')
  const about = { resource: 'product', name: 'tours.jsonl', on_error: 'skip' }
  const planned = await serai.imports.upload(new Blob([lines, '{"product_id": "C"}\n']), about)
  assert.deepEqual([planned.state, planned.counts.created, planned.counts.rejected], ['planned', 2, 1])
  const { items } = await serai.imports.rows(planned.id, { verdict: 'rejected' })
  assert.deepEqual(items[0].errors.map(({ path }) => path).sort(), ['inclusions', 'pricing', 'product_name'])
  assert.match(await textOf(await serai.imports.rejects(planned.id)), /"product_id":\s*"C"/)
  assert.equal(await eventCount(pool), 0)
  const applied = await serai.imports.apply(planned.id)
  assert.deepEqual([applied.data.state, applied.change], ['applied', applied.data.change])
  const file = await textOf(await serai.products.export('jsonl', { filter: 'product_id == "A"' }))
  assert.equal(JSON.parse(file).product_id, 'A')
  assert.equal((await serai.imports.undo(planned.id)).data.restored, 2)
  assert.equal((await serai.imports.get(planned.id)).state, 'undone')
  assert.equal((await serai.imports.redo(planned.id)).data.restored, 2)
})

test('every resource that is described has a collection, with a call for each verb', async (t) => {
  const { serai } = await house(t, 'owner-token')
  const { resources } = await serai.describe()
  for (const { plural, actions } of resources) {
    const collection = (serai as unknown as { [plural: string]: object })[plural]
    for (const name of ['list', 'all', 'get', 'history', 'export', ...actions.map((action) => action.name)])
      assert.equal(typeof collection[name as keyof object], 'function', `${plural}.${name}`)
  }
  assert.ok(resources.length > 5)
})

/** A line to the server that can be cut, once it said `ready` or an event. */
function cuttable() {
  let line = new AbortController()
  return {
    cut: () => line.abort(new TypeError('the line was cut')),
    fetch: (async (input: URL, init: RequestInit) => {
      line = new AbortController()
      return fetch(input, {
        ...init,
        signal: AbortSignal.any([line.signal, ...(init.signal ? [init.signal] : [])]),
      })
    }) as typeof fetch,
  }
}

test('live: the snapshot, then every event once and in order, whatever becomes of the line', {
  timeout: 60_000,
}, async (t) => {
  const { serai, url } = await house(t)
  await serai.products.createMany([tour('old'), tour('other', { active: false })])
  const { cut, fetch } = cuttable()
  const follower = createClient({ url, token: 'viewer-token', fetch })
  const leaving = new AbortController()
  const seen: string[] = []
  const wrote = 30
  let writing: Promise<void> | undefined
  const following = (async () => {
    const request = { filter: 'active', fields: ['product_id'], snapshot: true }
    for await (const message of follower.products.live(request, { signal: leaving.signal })) {
      seen.push(nameOf(message))
      if (message.kind === 'ready') writing ??= write(serai, wrote)
      if (message.kind === 'event' && seen.length % 5 === 0) cut()
      if (seen.at(-1) === `added N${wrote - 1}`) leaving.abort(new Error('enough'))
    }
  })()
  await assert.rejects(following, /enough/)
  await writing
  assert.ok(seen.filter((each) => each === 'ready').length > 3, 'the line was cut several times')
  const added = Array.from({ length: wrote }, (_, index) => `added N${index}`)
  assert.deepEqual(
    seen.filter((each) => each !== 'ready'),
    ['snapshot old', ...added],
  )
})

async function write(serai: Client, count: number): Promise<void> {
  for (let index = 0; index < count; index++) {
    await serai.products.create(tour(`N${index}`))
    await new Promise((resolve) => setTimeout(resolve, 30))
  }
}

function nameOf(message: Live<Product>): string {
  if (message.kind === 'event') return `${message.event.effect} ${message.event.item?.product_id}`
  return message.kind === 'snapshot'
    ? `snapshot ${message.items.map(({ product_id }) => product_id)}`
    : message.kind
}

test('live: what is wrong is told at once', async (t) => {
  const { serai } = await house(t)
  const wrong = serai.products.live({ filter: 'colour == 1' })
  assert.deepEqual(await refused(wrong.next()), [400, 'filter', '/filter'])
  await assert.rejects(
    createClient({ url: 'http://127.0.0.1:1', token: 'x', retries: 0 }).products.live().next(),
    TypeError,
  )
})

type Handler = (request: IncomingMessage, response: ServerResponse, attempt: number) => void

/** A server that misbehaves, for what a sound one will not do on request. */
async function strange(t: TestContext, handler: Handler) {
  const seen: IncomingMessage[] = []
  const server = createServer((request, response) => {
    seen.push(request)
    handler(request, response, seen.length)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  t.after(() => server.close().closeAllConnections())
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  return { seen, serai: createClient({ url, token: 'x', retries: 2 }) }
}

const told = (response: ServerResponse, status: number, code: string, headers = {}) =>
  response.writeHead(status, { 'content-type': 'application/problem+json', ...headers }).end(
    JSON.stringify({
      type: `/docs/problems#${code}`,
      title: '',
      status,
      detail: code,
      request_id: '',
      errors: [],
    }),
  )
const soon = { 'retry-after': '0' }

test('a write that was refused for a moment, or lost, is sent again under its key', async (t) => {
  const cases: [string, Handler, unknown, number][] = [
    [
      '503',
      (_, response, attempt) =>
        attempt === 1 ? told(response, 503, 'database.busy', soon) : response.end('{}'),
      'done',
      2,
    ],
    [
      '409 of another writer',
      (_, response, attempt) => (attempt < 3 ? told(response, 409, 'busy', soon) : response.end('{}')),
      'done',
      3,
    ],
    [
      'a cut line',
      (request, response, attempt) => (attempt === 1 ? request.socket.destroy() : response.end('{}')),
      'done',
      2,
    ],
    ['409 that stays', (_, response) => told(response, 409, 'unique'), [409, 'unique'], 1],
    ['503 without end', (_, response) => told(response, 503, 'closing', soon), [503, 'closing'], 3],
    [
      'too long a wait',
      (_, response) => told(response, 429, 'rate', { 'retry-after': '3600' }),
      [429, 'rate'],
      1,
    ],
    [
      'an answer of something else',
      (_, response) => response.writeHead(502).end('bad gateway'),
      [502, 'unknown'],
      1,
    ],
  ]
  for (const [what, handler, expected, attempts] of cases) {
    const { serai, seen } = await strange(t, handler)
    const writing = serai.products.archive('A')
    assert.deepEqual(
      expected === 'done' ? await writing.then(() => 'done') : await refused(writing),
      expected,
      what,
    )
    const keys = new Set(seen.map(({ headers }) => headers['idempotency-key']))
    assert.deepEqual([seen.length, keys.size], [attempts, 1], what)
  }
})

test('the server says when to come back while the first request with a key is still running', async (t) => {
  const { send, pool } = await house(t)
  const make = () => send('POST', '/api/products', { body: tour('A'), headers: { 'idempotency-key': 'k' } })
  await make()
  await pool.query('update replay set answer = null')
  const { status, headers, body } = await make()
  assert.deepEqual(
    [status, headers['retry-after'], body.type],
    [409, '2', '/docs/problems#idempotency_key.busy'],
  )
})

test('live: a line that says nothing is dead, and another is opened behind the last message', async (t) => {
  const { serai, seen } = await strange(t, (_, response, attempt) => {
    response.writeHead(200, { 'content-type': 'text/event-stream' })
    response.write(`: hello\n\nid: ${attempt}\nevent: ready\ndata: {}\n\n`)
  })
  const messages = serai.products.live({ snapshot: true }, { idleMs: 50 })
  for (const id of ['1', '2', '3']) assert.deepEqual((await messages.next()).value, { kind: 'ready', id })
  await messages.return()
  assert.deepEqual(
    seen.map(({ url }) => url),
    ['snapshot=true', 'after=1', 'after=2'].map((rest) => `/api/live?resource=products&${rest}`),
  )
})
