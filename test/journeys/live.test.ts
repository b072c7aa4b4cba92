import assert from 'node:assert/strict'
import { test } from 'node:test'
import { connect, openStream } from '../../src/doors/live/live.testing.ts'
import { cliHome } from '../support/cli.ts'

const READY_MS = 20_000
/** What is promised between processes. */
const ARRIVES_MS = 1_000

type Home = Awaited<ReturnType<typeof cliHome>>

async function serve({ start }: Home): Promise<{ url: string; stop(): Promise<number> }> {
  const server = start(['serve', '--port', '0'])
  const url = await new Promise<string>((resolve, reject) => {
    const timer = setTimeout(() => reject(new Error('not ready in time')), READY_MS)
    let text = ''
    server.child.stdout!.on('data', (chunk) => {
      text += chunk
      const found = /ready at (http:\S+)/.exec(text)?.[1]
      if (!found) return
      clearTimeout(timer)
      resolve(found)
    })
  })
  return {
    url,
    async stop() {
      const started = performance.now()
      server.child.kill('SIGINT')
      assert.equal((await server.done).code, 0)
      return performance.now() - started
    },
  }
}

test('two servers and a command line: a change at one reaches live subscribers at the others within a second', async (t) => {
  const home = await cliHome(t)
  const { token } = await home.json<{ token: string }>('token', 'create', '--role', 'owner', '--name', 'test')
  const [one, two] = [await serve(home), await serve(home)]
  const socket = await connect(two.url, { token })
  socket.say({ type: 'subscribe', id: 'p', resource: 'products', filter: 'active == true' })
  await socket.find(({ type }) => type === 'ready')
  const stream = await openStream(two.url, 'resource=products&fields=product_id', { token })
  await stream.find(({ event }) => event === 'ready')

  const took: number[] = []
  for (let index = 0; index < 20; index++) {
    const started = performance.now()
    const response = await fetch(`${one.url}/api/products`, {
      method: 'POST',
      headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
      body: JSON.stringify({
        product_id: `p${index}`,
        product_name: `Tour ${index}`,
        pricing: [{ tier_name: 'Adult', price: { amount: 100, currency: 'AED' } }],
        inclusions: [],
      }),
    })
    assert.equal(response.status, 201)
    await socket.find(({ event }) => event?.key === `p${index}`)
    await stream.find(({ data }) => data.key === `p${index}`)
    took.push(performance.now() - started)
  }
  took.sort((left, right) => left - right)
  t.diagnostic(
    `from the request at one to the message at the other: median ${took[10].toFixed(0)} ms, longest ${took[19].toFixed(0)} ms`,
  )
  assert.ok(took[19] < ARRIVES_MS, `${took[19]} ms`)

  const file = `${home.project}/samples/catalog/products.jsonl`
  assert.equal((await home.serai('ingest', '--file', file)).code, 0)
  const ended = performance.now()
  await stream.find(() => stream.events.filter(({ data }) => data.action === 'ingest').length === 61)
  assert.ok(performance.now() - ended < ARRIVES_MS, 'what the command line did arrives too')

  assert.ok((await two.stop()) < 5_000, 'open streams do not hold a server up')
  assert.equal((await socket.closed).code, 1001)
  await stream.ended
  await one.stop()
})
