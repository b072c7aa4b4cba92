import assert from 'node:assert/strict'
import { connect } from 'node:net'
import { type TestContext, test } from 'node:test'
import { assertProblem, eventCount, openDoor } from './testing.ts'
import { toy, toyTable } from './toy.testing.ts'

const house = (t: TestContext) => openDoor(t, { resources: [toy], tables: toyTable })

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
