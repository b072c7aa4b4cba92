import assert from 'node:assert/strict'
import { WebSocket } from 'ws'

const WAIT_MS = 10_000

// biome-ignore lint/suspicious/noExplicitAny: messages of many shapes; tests say what they expect
export type Message = any

/** A client of the live socket that keeps what it was told. */
export type Client = {
  socket: WebSocket
  messages: Message[]
  say(message: object | string | Buffer): void
  /** the first message that fits, waited for. */
  find(fits: (message: Message) => boolean): Promise<Message>
  closed: Promise<{ code: number; reason: string }>
}

export async function connect(
  url: string,
  {
    token = 'owner-token',
    headers = {},
    protocols = ['serai.live.1'],
  }: {
    token?: string | null
    headers?: { [name: string]: string }
    protocols?: string[]
  } = {},
): Promise<Client> {
  const socket = new WebSocket(`${url.replace('http', 'ws')}/api/live`, protocols, {
    headers: { ...(token ? { authorization: `Bearer ${token}` } : {}), ...headers },
  })
  const messages: Message[] = []
  socket.on('message', (data) => messages.push(JSON.parse(data.toString())))
  const closed = new Promise<{ code: number; reason: string }>((resolve) =>
    socket.once('close', (code, reason) => resolve({ code, reason: reason.toString() })),
  )
  await new Promise<void>((resolve, reject) => socket.once('open', resolve).once('error', reject))
  return {
    socket,
    messages,
    closed,
    say: (message) =>
      socket.send(
        typeof message === 'string' || Buffer.isBuffer(message) ? message : JSON.stringify(message),
      ),
    async find(fits) {
      for (const until = Date.now() + WAIT_MS; ; ) {
        const found = messages.find(fits)
        if (found) return found
        assert.ok(Date.now() < until, `not told in time; got ${JSON.stringify(messages).slice(0, 500)}`)
        await new Promise((resolve) => setTimeout(resolve, 10))
      }
    },
  }
}

/** A reader of an event stream that keeps its parsed events. */
export type Stream = {
  status: number
  headers: Headers
  text: string
  events: { id?: string; event: string; data: Message }[]
  find(fits: (event: Stream['events'][number]) => boolean): Promise<Stream['events'][number]>
  ended: Promise<void>
  leave(): void
}

export async function openStream(
  url: string,
  query: string,
  { token = 'owner-token', headers = {} }: { token?: string; headers?: { [name: string]: string } } = {},
): Promise<Stream> {
  const leaving = new AbortController()
  const response = await fetch(`${url}/api/live?${query}`, {
    headers: { accept: 'text/event-stream', authorization: `Bearer ${token}`, ...headers },
    signal: leaving.signal,
  })
  const stream: Stream = {
    status: response.status,
    headers: response.headers,
    text: '',
    events: [],
    leave: () => leaving.abort(),
    ended: Promise.resolve(),
    async find(fits) {
      for (const until = Date.now() + WAIT_MS; ; ) {
        const found = stream.events.find(fits)
        if (found) return found
        assert.ok(Date.now() < until, `not told in time; got ${stream.text.slice(0, 500)}`)
        await new Promise((resolve) => setTimeout(resolve, 10))
      }
    },
  }
  stream.ended = read(stream, response).catch(() => undefined) // leaving cuts it off
  return stream
}

async function read(stream: Stream, response: Response): Promise<void> {
  const decoder = new TextDecoder()
  let rest = ''
  for await (const chunk of response.body!) {
    const text = decoder.decode(chunk, { stream: true })
    stream.text += text
    const blocks = (rest + text).split('\n\n')
    rest = blocks.pop()!
    stream.events.push(...blocks.filter((block) => /^event:/m.test(block)).map(parseEvent))
  }
}

function parseEvent(block: string): Stream['events'][number] {
  const of = (name: string) => new RegExp(`^${name}: (.*)$`, 'm').exec(block)?.[1]
  const id = of('id')
  return { ...(id ? { id } : {}), event: of('event')!, data: JSON.parse(of('data')!) }
}
