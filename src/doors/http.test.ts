import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import type { FastifyInstance } from 'fastify'
import { pino } from 'pino'
import { assertProblem, eventCount, openDoor } from './http/testing.ts'
import { toy, toyTable } from './http/toy.testing.ts'

const house = (t: TestContext, more: Parameters<typeof openDoor>[1] = {}) =>
  openDoor(t, { resources: [toy], tables: toyTable, ...more })

/** What answers without a token: the process itself, and what can be read of the software. */
const OPEN = [
  '/',
  '/livez',
  '/readyz',
  '/metrics',
  '/api/openapi.json',
  '/api/docs',
  '/api/docs/{page}',
  '/docs/problems',
]

test('everything is closed: no route but these answers without a token, nor with a wrong one', async (t) => {
  const { send } = await house(t)
  const { paths } = (await send('GET', '/api/openapi.json')).body
  let closed = 0
  for (const [path, methods] of Object.entries<Record<string, { security?: unknown }>>(paths))
    for (const method of Object.keys(methods)) {
      if (OPEN.includes(path)) continue
      const url = path.replaceAll(/\{\w+\}/g, 'x')
      for (const headers of [
        {} as Record<string, string>,
        { authorization: 'Bearer wrong' },
        { authorization: 'Basic b3duZXItdG9rZW4=' },
      ]) {
        // Whoever guesses too often is told to wait, so each path is tried from an address of its own.
        const address = `10.0.${closed >> 8}.${closed & 255}`
        const answer = await send(method.toUpperCase(), url, { token: null, headers, address })
        assertProblem(answer, 401, `${method} ${path}`)
        assert.match(String(answer.headers['www-authenticate']), /^Bearer realm="serai"/)
      }
      assert.equal(methods[method].security, undefined)
      closed++
    }
  assert.ok(closed > 40, `${closed} closed routes were tried`)
  for (const url of ['/api', '/api/', '/api/nothing', '/api/../api/toys', '/api/toys/a/b/c/d'])
    assert.equal((await send('GET', url, { token: null })).status, 401, url)
  assert.equal((await send('GET', '/nothing', { token: null })).status, 404)
})

test('the routes of an area are closed like all others', async (t) => {
  const routes = (app: FastifyInstance) => {
    app.get('/api/extra', async ({ actor }) => ({ who: actor?.name }))
  }
  const { send } = await house(t, { routes })
  assertProblem(await send('GET', '/api/extra', { token: null }), 401, 'extra')
  assert.deepEqual((await send('GET', '/api/extra')).body, { who: 'Olga' })
})

test('a token is a bearer token in any case of the scheme, and nothing else', async (t) => {
  const { send } = await house(t)
  const asks = async (authorization: string) =>
    (await send('GET', '/api/toys', { token: null, headers: { authorization } })).status
  assert.equal(await asks('bearer owner-token'), 200)
  assert.equal(await asks('BEARER   owner-token'), 200)
  for (const wrong of [
    'owner-token',
    'Bearer',
    'Bearer ',
    'Bearer owner-token x',
    'Bearer owner token',
    `Bearer ${'x'.repeat(9_000)}`,
  ])
    assert.equal(await asks(wrong), 401, wrong.slice(0, 40))
  assert.equal((await send('GET', '/api/toys?access_token=owner-token', { token: null })).status, 401)
})

test('what nobody may, nobody does', async (t) => {
  const { send, pool } = await house(t)
  await send('POST', '/api/toys', { body: { code: 'ball' } })
  const before = await eventCount(pool)
  const calls: [string, string, object?][] = [
    ['POST', '/api/toys', { code: 'bat' }],
    ['PATCH', '/api/toys/ball', { weight: 1 }],
    ['DELETE', '/api/toys/ball'],
    ['POST', '/api/toys/ball/lend'],
    ['POST', '/api/toys/lend', { ids: ['ball'] }],
    ['POST', '/api/toys/explode'],
  ]
  for (const [method, url, body] of calls)
    assertProblem(await send(method, url, { token: 'viewer-token', ...(body ? { body } : {}) }), 403, url)
  assert.deepEqual((await send('GET', '/api/toys', { token: 'nobody-token' })).body.items, [])
  assertProblem(await send('GET', '/api/toys/ball', { token: 'nobody-token' }), 404, 'an unseen record')
  assertProblem(await send('GET', '/api/tokens', { token: 'viewer-token' }), 403, 'tokens')
  assert.equal(await eventCount(pool), before)
})

test('every answer says which request it answers, continues its trace, and is nobody else’s business', async (t) => {
  const { send } = await house(t)
  const headers = {
    'x-request-id': 'till-7/42',
    traceparent: '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01',
  }
  for (const url of ['/api/toys', '/api/nothing', '/livez', '/api/toys/%zz']) {
    const answer = await send('GET', url, { headers })
    assert.equal(answer.headers['x-request-id'], 'till-7/42', url)
    assert.equal(answer.headers['x-content-type-options'], 'nosniff', url)
    assert.equal(answer.headers['cache-control'], url === '/api/toys' ? 'private, no-cache' : 'no-store', url)
    assert.equal(answer.headers.server, undefined)
    assert.equal(answer.headers['x-powered-by'], undefined)
    assert.equal(answer.headers['access-control-allow-origin'], undefined)
    if (url !== '/api/toys/%zz')
      assert.match(String(answer.headers.traceparent), /^00-0af7651916cd43dd8448eb211c80319c-(?!b7ad)/, url)
  }
  const bad = await send('GET', '/api/toys', { headers: { 'x-request-id': 'a b', traceparent: '00-x' } })
  assert.match(String(bad.headers['x-request-id']), /^[0-9a-f-]{36}$/)
  assert.equal(bad.headers.traceparent, undefined)
})

test('the log has one line for each request, and no secrets', async (t) => {
  const written: string[] = []
  const logger = pino({ level: 'info' }, { write: (line: string) => void written.push(line) })
  const { send } = await house(t, { logger })
  await send('GET', '/api/toys?code=hunter2', { headers: { 'x-request-id': 'r-1' } })
  await send('POST', '/api/toys', { body: { code: 'x', secret_place: 'hunter2' } })
  await send('POST', '/api/toys/explode')
  await send('GET', '/api/toys/%zz')
  const lines = written.map((line) => JSON.parse(line)).filter(({ msg }) => msg === 'request')
  const first = lines.find(({ request_id }) => request_id === 'r-1')
  assert.deepEqual(
    [first.method, first.route, first.status, first.actor, typeof first.ms],
    ['GET', '/api/toys', 200, 'test:owner', 'number'],
  )
  assert.equal(lines.filter(({ route }) => route === '/api/toys').length, 2)
  assert.equal(lines.filter(({ route }) => route === 'unmatched').length, 1)
  const failure = written.map((line) => JSON.parse(line)).find(({ level }) => level === 50)
  assert.match(failure.err.stack, /TypeError/)
  const told = written.filter((line) => !line.includes('the password')).join('')
  assert.doesNotMatch(told, /hunter2|owner-token/)
})

test('an actor that asks too often is told when to come back; others are not', async (t) => {
  const { send } = await house(t, { rate: { requests: 3, windowSeconds: 60 } })
  await send('GET', '/api/toys', { token: 'viewer-token' })
  for (const left of [2, 1]) {
    const { headers } = await send('GET', '/api/toys', { token: 'viewer-token' })
    assert.match(String(headers.ratelimit), new RegExp(`^"default";r=${left - 1};t=\\d+$`))
    assert.equal(headers['ratelimit-policy'], '"default";q=3;w=60')
  }
  const refused = await send('GET', '/api/toys', { token: 'viewer-token' })
  assertProblem(refused, 429, 'the fourth')
  assert.match(String(refused.headers['retry-after']), /^\d+$/)
  assert.equal((await send('GET', '/api/toys', { token: 'manager-token' })).status, 200)
})

test('guessing tokens is slowed down, by address; a valid token still passes', async (t) => {
  const { send } = await house(t)
  const guess = (address: string) => send('GET', '/api/toys', { token: 'wrong', address })
  for (let index = 0; index < 300; index++) assert.equal((await guess('10.0.0.1')).status, 401)
  assert.equal((await guess('10.0.0.1')).status, 429)
  assert.equal((await guess('10.0.0.2')).status, 401)
  assert.equal((await send('GET', '/api/toys', { address: '10.0.0.1' })).status, 200)
})
