import assert from 'node:assert/strict'
import { connect } from 'node:net'
import { type TestContext, test } from 'node:test'
import { pino } from 'pino'
import type { Actor } from '../kernel/actor.ts'
import { eventCount, openDoor, type Sent } from './http/testing.ts'
import { toy, toyTable } from './http/toy.testing.ts'

const house = (t: TestContext, more: Parameters<typeof openDoor>[1] = {}) =>
  openDoor(t, { resources: [toy], tables: toyTable, ...more })

/** Every refusal has this shape (RFC 9457). */
function assertProblem({ status, headers, body }: Sent, expected: number, what: string): void {
  assert.equal(status, expected, `${what}: ${JSON.stringify(body)}`)
  assert.equal(headers['content-type'], 'application/problem+json', what)
  assert.deepEqual(Object.keys(body), ['type', 'title', 'status', 'detail', 'request_id', 'errors'], what)
  assert.equal(body.status, expected, what)
  assert.equal(body.request_id, headers['x-request-id'], what)
  assert.match(body.type, /^\/docs\/problems#[a-z0-9_.]+$/, what)
}

test('everything is closed: no route but four answers without a token, nor with a wrong one', async (t) => {
  const { send } = await house(t)
  const { paths } = (await send('GET', '/api/openapi.json')).body
  let closed = 0
  for (const [path, methods] of Object.entries<Record<string, { security?: unknown }>>(paths))
    for (const method of Object.keys(methods)) {
      if (['/', '/livez', '/readyz', '/metrics'].includes(path)) continue
      const url = path.replaceAll(/\{\w+\}/g, 'x')
      for (const headers of [
        {} as Record<string, string>,
        { authorization: 'Bearer wrong' },
        { authorization: 'Basic b3duZXItdG9rZW4=' },
      ]) {
        const answer = await send(method.toUpperCase(), url, { token: null, headers })
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

const JSON_TYPE = { 'content-type': 'application/json' }
const refusals: [
  string,
  string,
  string,
  { body?: string | Buffer; headers?: Record<string, string> },
  number,
  RegExp,
][] = [
  ['an unknown resource', 'GET', '/api/toy', {}, 404, /did you mean \/api\/toys\?/],
  ['an unknown verb', 'POST', '/api/toys/x/fly', {}, 404, /openapi\.json lists/],
  ['a missing record', 'GET', '/api/toys/none', {}, 404, /no toy "none"/],
  ['a method that is not for it', 'PUT', '/api/toys/x', {}, 405, /use GET or HEAD or PATCH or DELETE/],
  ['a method that nobody has', 'TRACE', '/api/toys', {}, 405, /use GET/],
  ['a delete of the list', 'DELETE', '/api/toys', {}, 405, /use GET or HEAD or POST/],
  ['a broken escape', 'GET', '/api/toys/%zz', {}, 400, /well-formed/],
  [
    'broken JSON',
    'POST',
    '/api/toys',
    { body: '{\n "code": }', headers: JSON_TYPE },
    400,
    /line 2, column 10/,
  ],
  [
    'a form',
    'POST',
    '/api/toys',
    { body: 'code=x', headers: { 'content-type': 'application/x-www-form-urlencoded' } },
    415,
    /application\/json/,
  ],
  [
    'a form of parts',
    'POST',
    '/api/toys',
    { body: 'x', headers: { 'content-type': 'multipart/form-data; boundary=x' } },
    415,
    /application\/json/,
  ],
  ['no type', 'POST', '/api/toys', { body: '{"code":"x"}' }, 415, /Content-Type/],
  [
    'a type that is none',
    'POST',
    '/api/toys',
    { body: '{"code":"x"}', headers: { 'content-type': 'json' } },
    415,
    /Content-Type/,
  ],
  [
    'two types in one',
    'POST',
    '/api/toys',
    { body: '{}', headers: { 'content-type': 'application/json, text/plain' } },
    415,
    /Content-Type/,
  ],
  [
    'another charset',
    'POST',
    '/api/toys',
    { body: '{}', headers: { 'content-type': 'application/json; charset=latin1' } },
    415,
    /UTF-8/,
  ],
  [
    'a patch where none is meant',
    'POST',
    '/api/toys',
    { body: '{}', headers: { 'content-type': 'application/merge-patch+json' } },
    415,
    /for PATCH/,
  ],
  [
    'a packed body',
    'POST',
    '/api/toys',
    { body: '{}', headers: { ...JSON_TYPE, 'content-encoding': 'gzip' } },
    415,
    /gzip/,
  ],
  [
    'a body over the limit',
    'POST',
    '/api/toys',
    { body: `"${'x'.repeat(1 << 20)}"`, headers: JSON_TYPE },
    413,
    /larger than 1 MB/,
  ],
  [
    'JSON that is 100 deep',
    'POST',
    '/api/toys',
    { body: `${'['.repeat(100)}${']'.repeat(100)}`, headers: JSON_TYPE },
    400,
    /deeper than 64/,
  ],
  [
    'a prototype',
    'POST',
    '/api/toys',
    { body: '{"__proto__":{"code":"x"}}', headers: JSON_TYPE },
    400,
    /__proto__/,
  ],
  [
    'a constructor',
    'POST',
    '/api/toys',
    { body: '{"code":"x","constructor":{"prototype":{}}}', headers: JSON_TYPE },
    422,
    /not a field/,
  ],
  ['no object', 'POST', '/api/toys', { body: '"x"', headers: JSON_TYPE }, 422, /JSON object/],
  ['null', 'PATCH', '/api/toys/x', { body: 'null', headers: JSON_TYPE }, 422, /JSON object/],
  ['a zero byte', 'POST', '/api/toys', { body: '{"code":"a\\u0000b"}', headers: JSON_TYPE }, 422, /U\+0000/],
  [
    'half a letter',
    'POST',
    '/api/toys',
    { body: '{"code":"a\\ud800"}', headers: JSON_TYPE },
    422,
    /surrogate/,
  ],
  [
    'a number that is too large',
    'POST',
    '/api/toys',
    { body: '{"code":"x","weight":1e300}', headers: JSON_TYPE },
    422,
    /whole number/,
  ],
  [
    'a number that a constraint forbids',
    'POST',
    '/api/toys',
    { body: '{"code":"x","weight":1000001}', headers: JSON_TYPE },
    422,
    /weight/,
  ],
  [
    'a friend that is nobody',
    'POST',
    '/api/toys',
    { body: '{"code":"x","friend":"01890000-0000-7000-8000-000000000000"}', headers: JSON_TYPE },
    409,
    /friend/,
  ],
  [
    'too long an idempotency key',
    'POST',
    '/api/toys',
    { body: '{"code":"x"}', headers: { ...JSON_TYPE, 'idempotency-key': 'x'.repeat(256) } },
    400,
    /Idempotency-Key/,
  ],
]
test('whatever is wrong with a request is told as a problem, and nothing happens', async (t) => {
  const { send, pool } = await house(t)
  const before = await eventCount(pool)
  for (const [name, method, url, request, status, detail] of refusals) {
    const answer = await send(method, url, request)
    assertProblem(answer, status, name)
    assert.match(answer.body.detail, detail, name)
    if (status === 405) assert.match(String(answer.headers.allow), /GET/)
    if (status === 413) assert.equal(answer.headers.connection, 'close')
  }
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
    assert.equal(answer.headers['cache-control'], 'no-store', url)
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

test('when the database is away it says so, and is back when the database is', async (t) => {
  const { send, pool } = await house(t)
  const calls: [string, string, object?][] = [
    ['GET', '/api/toys'],
    ['GET', '/api/toys/x'],
    ['POST', '/api/toys', { code: 'x' }],
    ['GET', '/api/toys/x/history'],
    ['GET', '/api/changes'],
    ['GET', '/api/toys/export?format=csv'],
  ]
  const connect = pool.connect.bind(pool)
  const query = pool.query.bind(pool)
  const away = async () => {
    throw Object.assign(new Error('connect ECONNREFUSED /secret/path'), { code: 'ECONNREFUSED' })
  }
  Object.assign(pool, { connect: away, query: away })
  for (const [method, url, body] of calls) {
    const answer = await send(method, url, body ? { body } : {})
    assertProblem(answer, 503, url)
    assert.equal(answer.headers['retry-after'], '2')
    assert.doesNotMatch(answer.text, /secret/)
  }
  Object.assign(pool, { connect, query })
  assert.equal((await send('GET', '/api/toys')).status, 200)
})

test('PostgreSQL killed under a request: 503, nothing written, and the next request works', async (t) => {
  const { send, pool } = await house(t)
  await pool.query(
    `create function nap() returns trigger language plpgsql as $$ begin perform pg_sleep(20); return new; end $$;
create trigger nap before insert on toy for each row execute function nap();`,
  )
  const asked = send('POST', '/api/toys', { body: { code: 'x' }, headers: { 'idempotency-key': 'k' } })
  const started = Date.now()
  for (let killed = 0; killed === 0; ) {
    assert.ok(Date.now() - started < 10_000)
    const { rowCount } = await pool.query(
      "select pg_terminate_backend(pid) from pg_stat_activity where datname = current_database() and wait_event = 'PgSleep'",
    )
    killed = rowCount ?? 0
  }
  assertProblem(await asked, 503, 'killed')
  await pool.query('drop trigger nap on toy')
  assert.equal(await eventCount(pool), 0)
  const again = await send('POST', '/api/toys', { body: { code: 'x' }, headers: { 'idempotency-key': 'k' } })
  assert.deepEqual([again.status, again.headers['idempotent-replayed']], [201, undefined])
})

/** Sends bytes as they are, and gives back everything that comes until the connection ends. */
async function raw(url: string, bytes: string): Promise<string> {
  const { port, hostname } = new URL(url)
  const socket = connect(Number(port), hostname)
  socket.write(bytes)
  let answer = ''
  for await (const chunk of socket) answer += chunk
  return answer
}

const broken: [string, string, RegExp, RegExp][] = [
  ['no HTTP', 'hello\r\n\r\n', /^HTTP\/1\.1 400 /, /http\.syntax/],
  [
    'a head of 50 KB',
    `GET / HTTP/1.1\r\nHost: x\r\nX: ${'x'.repeat(50_000)}\r\n\r\n`,
    /^HTTP\/1\.1 431 /,
    /headers\.size/,
  ],
  [
    'a query of 20 KB',
    `GET /api/toys?q=${'x'.repeat(20_000)} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n`,
    /^HTTP\/1\.1 400 /,
    /16384/,
  ],
  [
    'two lengths',
    'POST /api/toys HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\nContent-Length: 3\r\n\r\n{}',
    /^HTTP\/1\.1 400 /,
    /http\.syntax/,
  ],
  [
    'a length and chunks',
    'POST /api/toys HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n{}',
    /^HTTP\/1\.1 400 /,
    /http\.syntax/,
  ],
  [
    'two types',
    'POST /api/toys HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer owner-token\r\nConnection: close\r\nContent-Type: application/json\r\nContent-Type: text/plain\r\nContent-Length: 2\r\n\r\n{}',
    /^HTTP\/1\.1 400 /,
    /more than once/,
  ],
  [
    'a body that never ends',
    'POST /api/toys HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer owner-token\r\nContent-Type: application/json\r\nContent-Length: 9000000\r\n\r\n{',
    /^HTTP\/1\.1 413 /,
    /larger than 1 MB/,
  ],
]
test('what is hardly HTTP is answered and hung up on', async (t) => {
  const { app } = await house(t)
  const url = await app.listen({ host: '127.0.0.1', port: 0 })
  for (const [name, bytes, status, detail] of broken) {
    const answer = await raw(url, bytes)
    assert.match(answer, status, name)
    assert.match(answer, /content-type: application\/problem\+json/i, name)
    assert.match(answer, detail, name)
  }
})

test('a closing process finishes what it does, and takes nothing new', async (t) => {
  const { promise: held, resolve: release } = Promise.withResolvers<void>()
  const authenticate = async (): Promise<Actor> => held.then(() => ({ id: 'a', name: 'A', roles: ['owner'] }))
  const { app } = await house(t, { authenticate })
  const url = await app.listen({ host: '127.0.0.1', port: 0 })
  const asked = fetch(`${url}/api/describe`, { headers: { authorization: 'Bearer x' } })
  await new Promise((resolve) => setTimeout(resolve, 100))
  const closed = app.close()
  release()
  assert.equal((await asked).status, 200)
  await closed
})
