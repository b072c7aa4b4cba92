import assert from 'node:assert/strict'
import { request as httpRequest } from 'node:http'
import { connect as connectTcp } from 'node:net'
import { type TestContext, test } from 'node:test'
import { perform } from '../../engine/perform.ts'
import type { Actor } from '../../kernel/actor.ts'
import type { Pool } from '../../store/pool.ts'
import { openDoor, tokens } from '../http/testing.ts'
import { toy, toyTable } from '../http/toy.testing.ts'
import type { LiveLimits } from './limits.ts'
import { connect, openStream } from './live.testing.ts'

const owner = tokens['owner-token']

async function liveDoor(
  t: TestContext,
  live: Partial<LiveLimits> = {},
  known: { [token: string]: Actor } = tokens,
) {
  const door = await openDoor(t, {
    resources: [toy],
    tables: toyTable,
    live,
    authenticate: async (token) => known[token] ?? null,
  })
  const url = await door.app.listen({ port: 0, host: '127.0.0.1' })
  const lend = (code: string, more: object = {}) =>
    perform(door.engine, { actor: owner, resource: 'toy', action: 'create', input: { code, ...more } })
  const paint = (code: string, colour: string) =>
    perform(door.engine, {
      actor: owner,
      resource: 'toy',
      action: 'paint',
      targets: [code],
      input: { colour },
    })
  return { ...door, url, lend, paint }
}

test('socket: several subscriptions, snapshot, events, resume, ping, unsubscribe', async (t) => {
  const { url, lend, paint } = await liveDoor(t)
  await lend('ball', { colour: 'red' })
  const client = await connect(url)
  assert.equal(client.socket.protocol, 'serai.live.1')
  client.say({
    type: 'subscribe',
    id: 'reds',
    resource: 'toys',
    filter: 'colour == "red"',
    fields: ['code'],
    snapshot: true,
  })
  client.say({ type: 'subscribe', id: 'all', resource: 'toy' })
  client.say({ type: 'ping' })
  const snapshot = await client.find(({ type }) => type === 'snapshot')
  assert.deepEqual(snapshot, { type: 'snapshot', id: 'reds', items: [{ code: 'ball' }] })
  const ready = await client.find(({ type, id }) => type === 'ready' && id === 'reds')
  await client.find(({ type, id }) => type === 'ready' && id === 'all')
  await client.find(({ type }) => type === 'pong')
  await paint('ball', 'blue')
  const told = await client.find(({ type, id }) => type === 'event' && id === 'all')
  assert.deepEqual(
    [
      told.event.effect,
      told.event.action,
      told.event.key,
      told.event.item.colour,
      'secret_place' in told.event.item,
    ],
    ['changed', 'paint', 'ball', 'blue', false],
  )
  const left = await client.find(({ type, id }) => type === 'event' && id === 'reds')
  assert.deepEqual([left.event.effect, left.event.item], ['removed', null])
  client.say({ type: 'unsubscribe', id: 'all' })
  await client.find(({ type, id }) => type === 'unsubscribed' && id === 'all')
  await paint('ball', 'red')
  await client.find(({ id, event }) => id === 'reds' && event?.effect === 'added')
  assert.equal(client.messages.filter(({ id, type }) => id === 'all' && type === 'event').length, 1)
  client.socket.close()
  assert.equal((await client.closed).code, 1005)

  const again = await connect(url)
  again.say({ type: 'subscribe', id: 'x', resource: 'toys', filter: 'colour == "red"', after: ready.after })
  await again.find(({ event }) => event?.effect === 'added')
  assert.deepEqual(
    again.messages.flatMap(({ event }) => (event ? [event.effect] : [])),
    ['removed', 'added'],
  )
  again.socket.close()
})

test('event stream: headers, snapshot, events, heartbeat, Last-Event-ID', async (t) => {
  const { url, lend, paint } = await liveDoor(t, { heartbeatMs: 100 })
  await lend('ball', { colour: 'red' })
  const stream = await openStream(url, 'resource=toys&snapshot=true&fields=code,colour')
  assert.equal(stream.status, 200)
  assert.equal(stream.headers.get('content-type'), 'text/event-stream; charset=utf-8')
  assert.equal(stream.headers.get('cache-control'), 'no-store')
  const ready = await stream.find(({ event }) => event === 'ready')
  assert.deepEqual(stream.events[0], {
    event: 'snapshot',
    data: { items: [{ code: 'ball', colour: 'red' }] },
  })
  await paint('ball', 'blue')
  const told = await stream.find(({ event }) => event === 'event')
  assert.deepEqual([told.data.effect, told.data.item], ['changed', { code: 'ball', colour: 'blue' }])
  await new Promise((resolve) => setTimeout(resolve, 350))
  assert.ok(stream.text.match(/^: $/gm)!.length >= 2, 'heartbeats')
  assert.match(stream.text, /^retry: 2000$/m)
  stream.leave()
  const again = await openStream(url, `resource=toys&snapshot=true&after=AAAA`, {
    headers: { 'last-event-id': ready.id! },
  })
  const repeated = await again.find(({ event }) => event === 'event')
  assert.deepEqual([repeated.id, again.events.length], [told.id, 2], 'ready and the event, no snapshot')
  again.leave()
})

const refused: [string, string, { [name: string]: string }, string, number, string][] = [
  ['no token', 'resource=toys', {}, '', 401, 'unauthorized'],
  ['a wrong token', 'resource=toys', {}, 'wrong', 401, 'unauthorized'],
  ['a token in the URL', 'resource=toys&token=owner-token', {}, '', 401, 'unauthorized'],
  ['no resource', '', {}, 'owner-token', 400, 'resource'],
  ['no such resource', 'resource=toyz', {}, 'owner-token', 404, 'not_found'],
  ['no such parameter', 'resource=toys&limit=3', {}, 'owner-token', 400, 'query_parameter'],
  ['a wrong filter', 'resource=toys&filter=colour', {}, 'owner-token', 400, 'filter'],
  ['a long filter', `resource=toys&filter=${'a'.repeat(5_000)}`, {}, 'owner-token', 400, 'filter'],
  ['a secret field', 'resource=toys&fields=secret_place', {}, 'owner-token', 400, 'fields'],
  ['a wrong id', 'resource=toys&after=x', {}, 'owner-token', 400, 'cursor'],
  ['another type', 'resource=toys', { accept: 'application/json' }, 'owner-token', 400, 'accept'],
  ['nobody', 'resource=products', {}, 'nobody-token', 403, 'forbidden'],
]
test('event stream: what cannot be is refused before it begins', async (t) => {
  const { url, send } = await liveDoor(t)
  for (const [what, query, headers, token, status, code] of refused) {
    const response = await fetch(`${url}/api/live?${query}`, {
      headers: {
        accept: 'text/event-stream',
        ...(token ? { authorization: `Bearer ${token}` } : {}),
        ...headers,
      },
    })
    const body = (await response.json()) as { type: string }
    assert.deepEqual([response.status, body.type], [status, `/docs/problems#${code}`], what)
  }
  assert.equal((await send('HEAD', '/api/live?resource=toys')).status, 405)
  assert.equal((await send('POST', '/api/live?resource=toys')).status, 405)
})

test('handshake: who may open a socket', async (t) => {
  const { url } = await liveDoor(t)
  const host = url.replace('http://', '')
  const cases: [string, Parameters<typeof connect>[1], number][] = [
    ['no token', { token: null }, 401],
    ['a wrong token', { token: 'wrong' }, 401],
    [
      'a token among the protocols',
      { token: null, protocols: ['serai.live.1', 'serai.token.owner-token'] },
      101,
    ],
    ['a wrong token among the protocols', { token: null, protocols: ['serai.live.1', 'serai.token.x'] }, 401],
    ['a page of ours', { headers: { origin: `http://${host}` } }, 101],
    ['a page of another site', { headers: { origin: 'https://evil.example' } }, 403],
    ['a page of nowhere', { headers: { origin: 'null' } }, 403],
    ['a page of another port', { headers: { origin: 'http://127.0.0.1:1' } }, 403],
  ]
  for (const [what, options, expected] of cases) {
    const status = await connect(url, options).then(
      ({ socket }) => {
        assert.equal(socket.protocol, 'serai.live.1', what)
        socket.close()
        return 101
      },
      (error: Error) => Number(/Unexpected server response: (\d+)/.exec(error.message)?.[1]),
    )
    assert.equal(status, expected, what)
  }
  const plain = await new Promise<number>((resolve) =>
    httpRequest(
      `${url}/livez`,
      { headers: { connection: 'upgrade, http2-settings', upgrade: 'h2c', 'http2-settings': 'AAMAAABk' } },
      (response) => {
        response.resume()
        resolve(response.statusCode!)
      },
    ).end(),
  )
  assert.equal(plain, 200, 'an offer of HTTP/2 is declined by answering')
})

const small: Partial<LiveLimits> = {
  streams: 3,
  streamsOfActor: 2,
  subscriptionsOfSocket: 2,
  messageBytes: 1_000,
  messagesInTenSeconds: 8,
}
const misuse: [string, (string | Buffer | object)[], number][] = [
  ['no JSON', ['hello'], 4400],
  ['a list', ['[]'], 4400],
  ['another type', [{ type: 'delete', id: 'a' }], 4400],
  ['a strange member', [{ type: 'ping', token: 'x' }], 4400],
  ['no id', [{ type: 'subscribe', resource: 'toys' }], 4400],
  ['a number as filter', [{ type: 'subscribe', id: 'a', resource: 'toys', filter: 7 }], 4400],
  ['fields as a text', [{ type: 'subscribe', id: 'a', resource: 'toys', fields: 'code' }], 4400],
  ['a binary frame', [Buffer.from('{}')], 4400],
  ['too large a message', [{ type: 'ping', pad: 'x'.repeat(2_000) }], 1009],
  ['too many messages', Array.from({ length: 9 }, () => ({ type: 'ping' })), 1008],
]
test('socket: whoever speaks another language or too much is cut off with a code', async (t) => {
  const { url } = await liveDoor(t, small)
  for (const [what, said, code] of misuse) {
    const client = await connect(url)
    for (const each of said) client.say(each)
    assert.equal((await client.closed).code, code, what)
  }
})

test('socket: a subscription that cannot be is an error of its own, and limits have their codes', async (t) => {
  const { url } = await liveDoor(t, small)
  const client = await connect(url)
  const ask = (id: string, more: object) => client.say({ type: 'subscribe', id, resource: 'toys', ...more })
  ask('filter', { filter: 'colour ==' })
  ask('gone', { after: Buffer.from('7.7').toString('base64url') })
  const codes = async (id: string) =>
    (await client.find((each) => each.type === 'error' && each.id === id)).problem
  assert.deepEqual(
    [(await codes('filter')).status, (await codes('filter')).type],
    [400, '/docs/problems#filter'],
  )
  assert.deepEqual(
    [(await codes('gone')).status, (await codes('gone')).type],
    [410, '/docs/problems#feed.gone'],
  )
  ask('one', {})
  ask('one', {})
  assert.equal((await codes('one')).type, '/docs/problems#live.id')
  ask('two', {})
  ask('three', {})
  assert.equal((await codes('three')).type, '/docs/problems#live.subscriptions')
  const second = await connect(url)
  const third = await connect(url)
  assert.equal((await third.closed).code, 1008, 'too many of one token')
  assert.equal((await openStream(url, 'resource=toys')).status, 429)
  const other = await connect(url, { token: 'manager-token' })
  const fourth = await connect(url, { token: 'viewer-token' })
  assert.equal((await fourth.closed).code, 1013, 'the process is full')
  second.socket.close()
  await second.closed
  await new Promise((resolve) => setTimeout(resolve, 50))
  const after = await connect(url, { token: 'viewer-token' })
  after.say({ type: 'ping' })
  await after.find(({ type }) => type === 'pong')
  for (const each of [client, other, after]) each.socket.terminate()
})

test('heartbeat: a peer that gives no sign of life is dropped, one that does stays; an ended token ends its streams', async (t) => {
  const known = { ...tokens }
  const { url } = await liveDoor(t, { heartbeatMs: 100 }, known)
  const living = await connect(url)
  const deaf = await connect(url)
  deaf.socket.pong = () => undefined
  deaf.socket.on('ping', () => undefined)
  ;(deaf.socket as unknown as { _autoPong: boolean })._autoPong = false
  const brief = await connect(url, { token: 'viewer-token' })
  const stream = await openStream(url, 'resource=toys', { token: 'viewer-token' })
  assert.equal((await deaf.closed).code, 1006)
  delete known['viewer-token']
  assert.equal((await brief.closed).code, 4401)
  const last = await stream.find(({ event }) => event === 'problem')
  assert.equal(last.data.status, 401)
  await stream.ended
  living.say({ type: 'ping' })
  await living.find(({ type }) => type === 'pong')
  living.socket.close()
})

test('a socket that does not read is closed, and holds no more than a little memory', async (t) => {
  const { url, pool } = await liveDoor(t, { bufferBytes: 10_000, stallMs: 300 })
  const client = await connect(url)
  client.say({ type: 'subscribe', id: 'all', resource: 'toys' })
  await client.find(({ type }) => type === 'ready')
  client.socket.pause()
  const place = 'x'.repeat(10_000)
  for (let round = 0; round < 30; round++) await fill(pool, round * 100, 100, place)
  await new Promise((resolve) => setTimeout(resolve, 2_000))
  client.socket.resume()
  const { code } = await client.closed
  assert.ok([4408, 1006].includes(code), `closed with ${code}`)
  assert.ok(client.messages.length < 3_000, 'it did not wait for the whole')
})

test('an event stream that is not read is dropped', async (t) => {
  const { url, pool } = await liveDoor(t, { heartbeatMs: 50, stallMs: 400 })
  const { port, hostname } = new URL(url)
  const peer = connectTcp(Number(port), hostname)
  peer.write(`GET /api/live?resource=toys HTTP/1.1\r\nhost: x\r\nauthorization: Bearer owner-token\r\n\r\n`)
  await new Promise((resolve) => peer.once('data', resolve))
  peer.pause()
  const dropped = new Promise((resolve) => peer.once('close', resolve).once('error', () => undefined))
  for (let round = 0; round < 30; round++) await fill(pool, round * 100, 100, 'x'.repeat(10_000))
  await new Promise((resolve) => setTimeout(resolve, 2_000))
  peer.resume()
  await dropped
})

test('a closing server says so on every stream and does not wait for them', async (t) => {
  const { url, app, lend } = await liveDoor(t)
  const client = await connect(url)
  client.say({ type: 'subscribe', id: 'a', resource: 'toys' })
  await client.find(({ type }) => type === 'ready')
  const idle = await connect(url)
  const stubborn = await connect(url)
  stubborn.socket.pause()
  const stream = await openStream(url, 'resource=toys')
  await stream.find(({ event }) => event === 'ready')
  await lend('last')
  await client.find(({ type }) => type === 'event')
  const started = performance.now()
  await app.close()
  assert.ok(performance.now() - started < 3_000, `closed within ${performance.now() - started} ms`)
  for (const each of [client, idle]) assert.equal((await each.closed).code, 1001)
  await stream.ended
  stubborn.socket.terminate()
})

/** Many rows with their events, in one statement each round. */
async function fill(pool: Pool, from: number, count: number, keeper: string) {
  await pool.query(
    `with made as (insert into toy (id, code, keeper, state) select gen_random_uuid(), 'f' || n, $3, 'here' from generate_series($1::int, $1::int + $2::int - 1) n returning *)
insert into event (change, actor, action, resource, record, key, version, after) select gen_random_uuid(), 'test', 'create', 'toy', id, code, 1, '{}' from made`,
    [from, count, keeper],
  )
}
