import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { type Door, openDoor, type Sent } from '../http/testing.ts'
import { toy, toyTable } from '../http/toy.testing.ts'

const house = (t: TestContext) => openDoor(t, { resources: [toy], tables: toyTable })
const holding = (etag: unknown) => ({ headers: { 'if-none-match': String(etag) } })

const product = {
  product_id: 'A',
  product_name: 'Tour A',
  pricing: [{ tier_name: 'Adult', price: { amount: 14900, currency: 'AED' } }],
  inclusions: ['Tea'],
}

function assertHeld({ status, text, headers }: Sent, etag: unknown, what: string): void {
  assert.deepEqual([status, text, headers.etag], [304, '', etag], what)
  assert.equal(headers['cache-control'], 'private, no-cache', what)
  assert.equal(headers['content-type'], undefined, what)
}

/** Midnight without a change: another tier holds now, and the version stays. */
async function midnight({ pool }: Door): Promise<void> {
  await pool.query('update product set price_from = 100')
}

test('every read is answered 304 to who holds it, under the tag that it gave', async (t) => {
  const { send } = await house(t)
  const { body: ball, headers } = await send('POST', '/api/toys', { body: { code: 'ball' } })
  await send('POST', '/api/toys', { body: { code: 'bat', friend: ball.id } })
  const reads = [
    '/api/toys/bat',
    '/api/toys/bat?fields=code',
    '/api/toys/bat?expand=friend',
    '/api/toys',
    '/api/toys?limit=1&count=true&facets=colour&sort=-code',
    '/api/toys?q=&filter=code == "ball"',
    '/api/toys/ball/history',
    '/api/events',
    '/api/changes',
    `/api/changes/${headers['serai-change']}`,
    '/api/describe',
  ].map((url) => encodeURI(url).replace('q=&', ''))
  const tags = new Set<unknown>()
  for (const url of reads) {
    const first = await send('GET', url)
    assert.equal(first.status, 200, url)
    assert.match(String(first.headers.etag), /^"(\d+-)?[\w-]{22}"$/, url)
    tags.add(first.headers.etag)
    assertHeld(await send('GET', url, holding(first.headers.etag)), first.headers.etag, url)
    assertHeld(await send('GET', url, holding(`"x", W/${first.headers.etag}`)), first.headers.etag, url)
    const head = await send('HEAD', url, holding(first.headers.etag))
    assert.deepEqual([head.status, head.headers.etag], [304, first.headers.etag], url)
    assert.equal((await send('GET', url, holding('"x"'))).status, 200, url)
  }
  assert.equal(tags.size, reads.length, 'each answer has a tag of its own')
})

test('what is written is read again under the same tag', async (t) => {
  const { send } = await house(t)
  const writes: [string, string, object | undefined, string][] = [
    ['POST', '/api/toys', { code: 'ball' }, '/api/toys/ball'],
    ['PATCH', '/api/toys/ball', { weight: 3, secret_place: 'attic' }, '/api/toys/ball'],
    ['POST', '/api/toys/ball/lend', undefined, '/api/toys/ball'],
    ['POST', '/api/products', product, '/api/products/A'],
    ['PATCH', '/api/products/A', { extra: { z: 1, a: [1.5] }, duration_hours: 2.5 }, '/api/products/A'],
  ]
  for (const [method, url, body, record] of writes) {
    const wrote = await send(method, url, body ? { body } : {})
    assert.ok(wrote.status < 300, wrote.text)
    assert.equal((await send('GET', record)).headers.etag, wrote.headers.etag, `${method} ${url}`)
  }
})

test('a derived value that changes without a version is another answer, and loses nobody a change', async (t) => {
  const door = await house(t)
  const { send } = door
  await send('POST', '/api/products', { body: product })
  const urls = ['/api/products/A', '/api/products']
  const before = await Promise.all(urls.map((url) => send('GET', url)))
  await midnight(door)
  for (const [index, url] of urls.entries()) {
    const after = await send('GET', url, holding(before[index].headers.etag))
    assert.equal(after.status, 200, url)
    const [record] = after.body.items ?? [after.body]
    assert.deepEqual([record.version, record.price_from.amount], [1, 100], url)
  }
  const match = { 'if-match': String(before[0].headers.etag) }
  const changed = await send('PATCH', '/api/products/A', { body: { category: 'Family' }, headers: match })
  assert.equal(changed.status, 200, 'the version is still the one that was seen')
  const stale = await send('PATCH', '/api/products/A', { body: { category: 'Night' }, headers: match })
  assert.equal(stale.status, 412)
})

test('a list is another answer as soon as one of its records is', async (t) => {
  const { send } = await house(t)
  for (const code of ['ball', 'bat']) await send('POST', '/api/toys', { body: { code } })
  const { etag } = (await send('GET', '/api/toys?fields=code,weight')).headers
  await send('PATCH', '/api/toys/bat', { body: { keeper: 'Maha' } })
  assert.equal((await send('GET', '/api/toys?fields=code,weight', holding(etag))).status, 304)
  await send('PATCH', '/api/toys/bat', { body: { weight: 1 } })
  assert.equal((await send('GET', '/api/toys?fields=code,weight', holding(etag))).status, 200)
})

test('a tag of an expanded read names the version of the record itself', async (t) => {
  const { send } = await house(t)
  const { body: ball } = await send('POST', '/api/toys', { body: { code: 'ball' } })
  await send('POST', '/api/toys', { body: { code: 'bat', friend: ball.id } })
  const { etag } = (await send('GET', '/api/toys/bat?expand=friend')).headers
  await send('PATCH', '/api/toys/ball', { body: { weight: 1 } })
  assert.equal((await send('GET', '/api/toys/bat?expand=friend', holding(etag))).status, 200)
  const match = { 'if-match': String(etag) }
  assert.equal((await send('PATCH', '/api/toys/bat', { body: { weight: 1 }, headers: match })).status, 200)
})
