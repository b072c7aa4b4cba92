import { createClient } from '../../client/index.ts'
import { blocksOf } from '../../client/stream.ts'
import { connect } from '../../src/doors/live/live.testing.ts'

type Told = { action: string; key: string; version: number; effect: string; actor: string; change: string }
/** What a subscriber was told, so far. */
export type Subscriber = { name: string; told: Told[]; leave(): void }

/** A subscriber at each of the live doors, each ready. */
export async function subscribers(url: string, token: string): Promise<Subscriber[]> {
  return Promise.all([events(url, token), socket(url, token), subscription(url, token)])
}

async function events(url: string, token: string): Promise<Subscriber> {
  const leaving = new AbortController()
  const told: Told[] = []
  const messages = createClient({ url, token }).products.live({}, { signal: leaving.signal })
  await messages.next()
  void (async () => {
    for await (const message of messages) if (message.kind === 'event') told.push(message.event)
  })().catch(() => undefined) // leaving cuts it off
  return { name: 'server-sent events', told, leave: () => leaving.abort() }
}

async function socket(url: string, token: string): Promise<Subscriber> {
  const client = await connect(url, { token })
  client.say({ type: 'subscribe', id: 'p', resource: 'products' })
  await client.find(({ type }) => type === 'ready')
  const told: Told[] = []
  client.socket.on('message', (data) => {
    const { type, event } = JSON.parse(data.toString())
    if (type === 'event') told.push(event)
  })
  return { name: 'WebSocket', told, leave: () => client.socket.close() }
}

async function subscription(url: string, token: string): Promise<Subscriber> {
  const leaving = new AbortController()
  const query = 'subscription { products { kind event { action key version effect actor change } } }'
  const answer = await fetch(`${url}/api/graphql`, {
    method: 'POST',
    headers: {
      authorization: `Bearer ${token}`,
      accept: 'text/event-stream',
      'content-type': 'application/json',
    },
    body: JSON.stringify({ query }),
    signal: leaving.signal,
  })
  const told: Told[] = []
  const ready = Promise.withResolvers<void>()
  void (async () => {
    for await (const { event, data } of blocksOf(answer.body!, 60_000, () => leaving.abort())) {
      if (event !== 'next') continue
      const { kind, event: happened } = JSON.parse(data).data.products
      if (kind === 'ready') ready.resolve()
      else told.push(happened)
    }
  })().catch(() => undefined) // leaving cuts it off
  await ready.promise
  return { name: 'GraphQL subscription', told, leave: () => leaving.abort() }
}
