import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { clientAuthenticator, isOfClient } from '../../src/areas/platform/clients/authenticate.ts'
import { newKey } from '../../src/areas/platform/clients/key.ts'
import { assertProblem, eventCount } from '../../src/doors/http/testing.ts'
import type { Row } from '../../src/kernel/field.ts'
import { accessHouse } from './house.ts'

/** A house whose doors take keys; `queries` counts what their look-up asks the database. */
async function clientHouse(t: TestContext) {
  let clients: ReturnType<typeof clientAuthenticator> | undefined
  const asked: string[] = []
  const house = await accessHouse(t, (secret, address) => {
    clients ??= clientAuthenticator(async (text, values) => {
      asked.push(text)
      return (await house.pool.query(text, values)).rows
    })
    return isOfClient(secret) ? clients.authenticate(secret, address) : Promise.resolve(null)
  })
  house.engine.access.onChange(() => clients?.forget())

  async function client(name: string, more: Row = {}): Promise<string> {
    const { status, body, text } = await house.send('POST', '/api/clients', { body: { name, ...more } })
    assert.equal(status, 201, text)
    return body.id
  }
  async function key(id: string, more: Row = {}): Promise<{ id: string; key: string }> {
    const { status, body, text } = await house.send('POST', '/api/client_keys', {
      body: { client: id, ...more },
    })
    assert.equal(status, 201, text)
    return body
  }
  return { ...house, asked, client, key, clients: () => clients! }
}

test('a key opens what its client was granted, by either header, and is shown once', async (t) => {
  const { client, key, give, as, send, pool, app } = await clientHouse(t)
  const till = await client('till', { kind: 'pos' })
  const made = await key(till)
  assert.match(made.key, /^srk_live_[0-9A-Za-z]{36}$/)
  await send('POST', '/api/toys', { body: { code: 'ball' } })
  assert.deepEqual((await as(made.key)('GET', '/api/toys')).body.items, [], 'nothing was granted yet')
  await give({ client: 'till', permission: 'toy:read' })
  assert.equal((await as(made.key)('GET', '/api/toys')).body.items.length, 1)
  const { statusCode } = await app.inject({ url: '/api/toys', headers: { 'x-api-key': made.key } })
  assert.equal(statusCode, 200)
  assertProblem(await as(made.key)('POST', '/api/toys', { body: { code: 'x' } }), 403, 'not granted')
  for (const url of ['/api/client_keys', `/api/client_keys/${made.id}`, '/api/events?resource=client_key']) {
    const { text } = await send('GET', url)
    assert.ok(!text.includes(made.key) && !text.includes('hash'), url)
  }
  const { rows } = await pool.query('select hash from client_key')
  assert.equal(rows[0].hash.length, 43)
})

test('a key that cannot be one is refused before any query', async (t) => {
  const { as, asked, client, key } = await clientHouse(t)
  const { key: good } = await key(await client('till'))
  const flipped = `${good.slice(0, -1)}${good.endsWith('0') ? '1' : '0'}`
  for (const bad of [flipped, good.slice(0, -1), `${good}0`, good.toLowerCase(), 'srk_live_', 'sra_short']) {
    assertProblem(await as(bad)('GET', '/api/toys'), 401, bad)
    assert.equal(asked.length, 0, bad)
  }
  assertProblem(await as(newKey())('GET', '/api/toys'), 401, 'unknown')
  assert.equal(asked.length, 1)
})

test('scopes narrow, of the client and of the key; addresses too', async (t) => {
  const { client, key, give, as, app, send } = await clientHouse(t)
  const id = await client('web', { scopes: ['toy:*'], allowed_addresses: ['192.0.2.0/24', '127.0.0.1'] })
  for (const permission of ['toy:read', 'toy:create', 'product:read']) await give({ client: id, permission })
  const all = await key(id)
  const narrow = await key(id, { scopes: ['*:read', 'product:create'] })
  const cases: [string, string, string, number][] = [
    [all.key, 'GET', '/api/toys', 200],
    [all.key, 'POST', '/api/toys', 201],
    [all.key, 'GET', '/api/products', 403],
    [narrow.key, 'GET', '/api/toys', 200],
    [narrow.key, 'POST', '/api/toys', 403],
    [narrow.key, 'GET', '/api/products', 403],
  ]
  for (const [token, method, url, expected] of cases) {
    const { status } = await as(token)(method, url, method === 'POST' ? { body: { code: 'a' } } : {})
    assert.equal(status, expected, `${method} ${url}`)
  }
  const from = async (remoteAddress: string) =>
    (await app.inject({ url: '/api/toys', headers: { authorization: `Bearer ${all.key}` }, remoteAddress }))
      .statusCode
  assert.deepEqual(
    await Promise.all(['192.0.2.9', '::ffff:192.0.2.9', '198.51.100.7', '2001:db8::1'].map(from)),
    [200, 200, 401, 401],
  )
  for (const body of [
    { name: 'bad', scopes: ['toy'] },
    { name: 'bad', allowed_addresses: ['10.0.0.0/99'] },
  ])
    assertProblem(await send('POST', '/api/clients', { body }), 422, JSON.stringify(body))
})

test('a rotated key goes on for a while beside the new one; a revoked one does not', async (t) => {
  const { client, key, give, as, send, pool, keeper } = await clientHouse(t)
  const id = await client('till')
  await give({ client: id, permission: 'toy:read' })
  const first = await key(id)
  const rotated = await send('POST', `/api/client_keys/${first.id}/rotate`, { body: { overlap_hours: 1 } })
  assert.equal(rotated.status, 200, rotated.text)
  const second = rotated.body.key
  assert.equal((await as(first.key)('GET', '/api/toys')).status, 200)
  assert.equal((await as(second)('GET', '/api/toys')).status, 200)
  const { rows } = await pool.query(
    'select extract(epoch from expires_at - now()) as left from client_key where id = $1',
    [first.id],
  )
  assert.ok(rows[0].left > 3_500 && rows[0].left <= 3_600, `${rows[0].left} s`)
  await send('POST', `/api/client_keys/${first.id}/revoke`, { body: {} })
  await keeper.look()
  assertProblem(await as(first.key)('GET', '/api/toys'), 401, 'revoked')
  assert.equal((await as(second)('GET', '/api/toys')).status, 200)
  assertProblem(await send('POST', `/api/client_keys/${first.id}/rotate`, { body: {} }), 409, 'over')
  await send('POST', `/api/clients/${id}/deactivate`, { body: {} })
  await keeper.look()
  assertProblem(await as(second)('GET', '/api/toys'), 401, 'deactivated')
  assertProblem(await send('POST', '/api/client_keys', { body: { client: id } }), 409, 'not active')
  await send('POST', `/api/clients/${id}/activate`, { body: {} })
  await keeper.look()
  assert.equal((await as(second)('GET', '/api/toys')).status, 200)
  for (let count = 0; count < 4; count++) await key(id)
  assertProblem(await send('POST', '/api/client_keys', { body: { client: id } }), 422, 'a sixth key')
})

test('when a key was used last is written later, for all keys together, and is no event', async (t) => {
  const { client, key, give, as, pool, clients, asked } = await clientHouse(t)
  const id = await client('till')
  await give({ client: id, permission: 'toy:read' })
  const keys = [await key(id), await key(id)]
  const before = await eventCount(pool)
  for (const each of [...keys, ...keys]) await as(each.key)('GET', '/api/toys')
  const used = async () =>
    (await pool.query('select count(*) as count from client_key where last_used_at is not null')).rows[0]
      .count
  assert.equal(await used(), 0)
  asked.length = 0
  await clients().flush()
  assert.deepEqual([await used(), asked.length], [2, 1])
  assert.equal(await eventCount(pool), before)
})

test('nobody makes a key that opens more than they could give', async (t) => {
  const { client, give, as, person } = await clientHouse(t)
  await person('ada', 'admin')
  const id = await client('bank')
  assert.equal((await as('ada')('POST', '/api/client_keys', { body: { client: id } })).status, 201)
  await give({ client: id, permission: 'product:nuke' })
  const refused = await as('ada')('POST', '/api/client_keys', { body: { client: id } })
  assertProblem(refused, 403, 'it would open what an admin has not')
  assert.match(refused.body.detail, /product:nuke/)
})
