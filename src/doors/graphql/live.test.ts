import assert from 'node:assert/strict'
import { once } from 'node:events'
import { type TestContext, test } from 'node:test'
import type { Feed, FeedMessage, FeedRequest } from '../../engine/feed.ts'
import { Problem } from '../../kernel/problem.ts'
import { SUBSCRIPTIONS_MAX } from './live.ts'
import { openGraphql } from './testing.ts'

const WAIT_MS = 5_000

type Subscriber = { request: FeedRequest; signal: AbortSignal }

/** A feed that says what a test tells it to, then waits until the subscriber goes. */
function scriptedFeed(messages: (FeedMessage | Error)[]): Feed & { subscribers: Subscriber[] } {
  const subscribers: Subscriber[] = []
  return {
    subscribers,
    async *subscribe(request, signal) {
      subscribers.push({ request, signal })
      for (const message of messages) {
        if (message instanceof Error) throw message
        yield message
      }
      if (!signal.aborted) await once(signal, 'abort')
    },
    async stop() {},
  }
}

async function house(t: TestContext, messages: (FeedMessage | Error)[]) {
  const feed = scriptedFeed(messages)
  const door = await openGraphql(t, { services: { feed } })
  const url = await door.app.listen({ host: '127.0.0.1', port: 0 })
  const subscribe = async (query: string, token = 'owner-token') => {
    const response = await fetch(`${url}/api/graphql`, {
      method: 'POST',
      headers: {
        authorization: `Bearer ${token}`,
        accept: 'text/event-stream',
        'content-type': 'application/json',
      },
      body: JSON.stringify({ query }),
      signal: AbortSignal.timeout(WAIT_MS),
    })
    return { response, messages: messagesOf(response) }
  }
  return { ...door, feed, url, subscribe }
}

// biome-ignore lint/suspicious/noExplicitAny: a message may be anything; tests say what they expect of it
type Message = { event: string; data: any }

/** The messages of an event stream (https://html.spec.whatwg.org/multipage/server-sent-events.html), comments left out. */
async function* messagesOf(response: Response): AsyncGenerator<Message> {
  let text = ''
  for await (const chunk of response.body!.pipeThrough(new TextDecoderStream())) {
    text += chunk
    for (let end = text.indexOf('\n\n'); end >= 0; end = text.indexOf('\n\n')) {
      const lines = text.slice(0, end).split('\n')
      text = text.slice(end + 2)
      const value = (name: string) =>
        lines
          .find((line) => line.startsWith(`${name}:`))
          ?.slice(name.length + 1)
          .trim()
      if (value('event'))
        yield { event: value('event')!, data: value('data') ? JSON.parse(value('data')!) : null }
    }
  }
}

async function next(messages: AsyncGenerator<Message>): Promise<Message> {
  const { value, done } = await messages.next()
  assert.equal(done, false, 'the stream ended')
  return value
}

const item = { id: '01890000-0000-7000-8000-000000000001', code: 'ball', state: 'here', friend: null }
const event = {
  time: '2026-01-31T09:30:00Z',
  change: '01890000-0000-7000-8000-000000000002',
  actor: 'test:owner',
  action: 'lend',
  resource: 'toy',
  record: item.id,
  key: 'ball',
  version: 2,
  effect: 'changed' as const,
  item: { ...item, state: 'lent' },
}

test('a subscription sees the records, then what happens to them, references and all', async (t) => {
  const { feed, subscribe, send } = await house(t, [
    { kind: 'snapshot', items: [item] },
    { kind: 'ready', id: 'r-1' },
  ])
  const friend = (await send('POST', '/api/toys', { body: { code: 'bat' } })).body.id
  const toys = feed.subscribe
  feed.subscribe = async function* (request, signal) {
    yield { kind: 'event', id: 'e-0', event: { ...event, item: { ...item, friend } } }
    yield* toys(request, signal)
  }
  const { response, messages } = await subscribe(
    `subscription { toys(filter: "weight > 1", snapshot: true, after: "x-9") {
      kind id items { code } event { effect record version item { state friend { code } } } } }`,
  )
  assert.match(response.headers.get('content-type')!, /^text\/event-stream/)
  assert.equal(response.headers.get('cache-control'), 'no-store')
  const said = [await next(messages), await next(messages), await next(messages)]
  assert.deepEqual(
    said.map((message) => message.data.data.toys),
    [
      {
        kind: 'event',
        id: 'e-0',
        items: null,
        event: {
          effect: 'changed',
          record: item.id,
          version: 2,
          item: { state: 'here', friend: { code: 'bat' } },
        },
      },
      { kind: 'snapshot', id: null, items: [{ code: 'ball' }], event: null },
      { kind: 'ready', id: 'r-1', items: null, event: null },
    ],
  )
  const [{ request }] = feed.subscribers
  assert.deepEqual(
    [request.actor.id, request.resource, request.after, request.snapshot],
    ['test:owner', 'toy', 'x-9', true],
  )
  assert.deepEqual(request.filter, { op: 'compare', field: 'weight', operator: '>', value: 1 })
})

test('a subscriber who goes is forgotten at once', async (t) => {
  const { feed, subscribe } = await house(t, [{ kind: 'ready', id: 'r-1' }])
  const { response, messages } = await subscribe('subscription { toys { kind } }')
  await next(messages)
  assert.equal(feed.subscribers[0].signal.aborted, false)
  await messages.return(undefined)
  await response.body?.cancel().catch(() => undefined)
  if (!feed.subscribers[0].signal.aborted)
    await once(feed.subscribers[0].signal, 'abort', { signal: AbortSignal.timeout(WAIT_MS) })
})

test('the house closes although subscribers wait', { timeout: 2 * WAIT_MS }, async (t) => {
  const { app, feed, subscribe } = await house(t, [{ kind: 'ready', id: 'r-1' }])
  const { messages } = await subscribe('subscription { toys { kind } }')
  await next(messages)
  const started = performance.now()
  await app.close()
  assert.ok(performance.now() - started < WAIT_MS)
  assert.equal(feed.subscribers[0].signal.aborted, true)
})

const failures: [string, Error, number, string][] = [
  ['who may not', new Problem(403, 'forbidden', 'Not allowed', 'Niko may not read toys.'), 403, 'forbidden'],
  ['who is too slow', new Problem(409, 'feed.slow', 'Too slow', 'You do not keep up.'), 409, 'feed.slow'],
  ['a failure of ours', new TypeError('the password is hunter2'), 500, 'internal'],
]
for (const [name, error, status, code] of failures)
  test(`a feed that ends badly says why, and no more: ${name}`, async (t) => {
    const { subscribe } = await house(t, [{ kind: 'ready', id: 'r-1' }, error])
    const { messages } = await subscribe('subscription { toys { id } }')
    assert.equal((await next(messages)).data.data.toys.id, 'r-1')
    const last = await next(messages)
    const [{ extensions }] = last.data.errors
    assert.deepEqual([extensions.status, extensions.code], [status, code])
    assert.doesNotMatch(JSON.stringify(last), /hunter2|TypeError/)
    assert.equal((await next(messages)).event, 'complete')
  })

const refused: [string, string, string][] = [
  ['a filter on no field', 'subscription { toys(filter: "wieght > 1") { id } }', 'filter'],
  ['two at once', 'subscription { a: toys { id } b: toys { id } }', 'graphql.invalid'],
]
test('a subscription that is asked wrongly is told so, and nobody is subscribed', async (t) => {
  const { feed, subscribe } = await house(t, [])
  for (const [name, query, code] of refused) {
    const { messages } = await subscribe(query)
    const { data } = await next(messages)
    assert.match(data.errors[0].extensions.code, new RegExp(`^${code}`), name)
  }
  assert.equal(feed.subscribers.length, 0)
})

test('who does not take event streams is told that there is nothing else', async (t) => {
  const { feed, url } = await house(t, [{ kind: 'ready', id: 'r-1' }])
  const response = await fetch(`${url}/api/graphql`, {
    method: 'POST',
    headers: {
      authorization: 'Bearer owner-token',
      accept: 'application/json',
      'content-type': 'application/json',
    },
    body: JSON.stringify({ query: 'subscription { toys { id } }' }),
  })
  assert.equal(response.status, 406)
  await response.body?.cancel()
  for (const { signal } of feed.subscribers) assert.equal(signal.aborted, true, 'nobody is left behind')
})

test('an actor has so many subscriptions and no more; one that ends makes room', async (t) => {
  const { feed, subscribe } = await house(t, [{ kind: 'ready', id: 'r-1' }])
  const query = 'subscription { toys { kind } }'
  const opened = await Promise.all(Array.from({ length: SUBSCRIPTIONS_MAX }, () => subscribe(query)))
  for (const { messages } of opened) assert.equal((await next(messages)).data.data.toys.kind, 'ready')
  const refused = async (token?: string) =>
    (await next((await subscribe(query, token)).messages)).data.errors?.[0]
  assert.deepEqual((await refused())?.extensions.code, 'subscriptions')
  assert.equal(await refused('viewer-token'), undefined, 'another actor')
  await opened[0].messages.return(undefined)
  if (!feed.subscribers[0].signal.aborted)
    await once(feed.subscribers[0].signal, 'abort', { signal: AbortSignal.timeout(WAIT_MS) })
  assert.equal(await refused(), undefined, 'one went')
})
