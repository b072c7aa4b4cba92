import assert from 'node:assert/strict'
import { test } from 'node:test'
import { connect, openStream } from '../../src/doors/live/live.testing.ts'
import { accessHouse } from './house.ts'

const SUBSCRIBE = { type: 'subscribe', id: 's', resource: 'toys' }

async function liveHouse(t: Parameters<typeof accessHouse>[0]) {
  const house = await accessHouse(t)
  const url = await house.app.listen({ port: 0, host: '127.0.0.1' })
  const make = (code: string) => house.send('POST', '/api/toys', { body: { code } })
  return { ...house, url, make }
}

test('a role that is taken away stops the messages of an open socket at once', async (t) => {
  const { url, make, person, pool, engine } = await liveHouse(t)
  const vera = await person('vera', 'viewer')
  const client = await connect(url, { token: 'vera' })
  t.after(() => client.socket.terminate())
  client.say(SUBSCRIBE)
  await client.find((message) => message.type === 'ready')
  await make('before')
  await client.find((message) => message.event?.item?.code === 'before')
  await pool.query(`update membership set until = now() where "user" = $1`, [vera])
  const removed = performance.now()
  engine.wake()
  const { problem } = await client.find((message) => message.type === 'error')
  const took = performance.now() - removed
  assert.equal(problem.status, 403, JSON.stringify(problem))
  assert.ok(took < 1_000, `${took} ms`)
  await make('after')
  await new Promise((resolve) => setTimeout(resolve, 300))
  assert.ok(!client.messages.some((message) => message.event?.item?.code === 'after'))
  assert.equal(client.socket.readyState, client.socket.OPEN, 'the socket itself may be used on')
})

test('a change of rights that does not concern a subscription leaves it alone', async (t) => {
  const { url, make, person, give } = await liveHouse(t)
  await person('vera', 'viewer')
  const bob = await person('bob')
  const stream = await openStream(url, 'resource=toys', { token: 'vera' })
  t.after(stream.leave)
  await stream.find(({ event }) => event === 'ready')
  await give({ user: bob, permission: 'toy:read' })
  await give({ role: 'viewer', permission: 'toy:lend' })
  await make('after')
  await stream.find(({ data }) => data.item?.code === 'after')
})

test('a suspended person, a denied right and hidden fields end what was open, each with its reason', async (t) => {
  const { url, person, give, send } = await liveHouse(t)
  const cases: [string, (id: string) => Promise<unknown>, number][] = [
    ['ann', (id) => send('POST', `/api/users/${id}/suspend`, { body: {} }), 401],
    ['ben', (id) => give({ user: id, effect: 'deny', permission: 'toy:read' }), 403],
    ['cat', (id) => give({ user: id, effect: 'deny', permission: 'toy:*', fields: ['weight'] }), 403],
    ['dan', (id) => give({ user: id, effect: 'deny', permission: 'toy:read', rule: 'weight > 2' }), 403],
  ]
  for (const [name, change, status] of cases) {
    const id = await person(name, 'viewer')
    const stream = await openStream(url, 'resource=toys', { token: name })
    await stream.find(({ event }) => event === 'ready')
    await change(id)
    const { data } = await stream.find(({ event }) => event === 'problem')
    assert.equal(data.status, status, `${name}: ${JSON.stringify(data)}`)
    await stream.ended
  }
})

test('a right that ends by the clock ends the messages, though nothing was changed', async (t) => {
  const { url, make, person, give } = await liveHouse(t)
  const ana = await person('ana')
  await give({ user: ana, permission: 'toy:read', until: new Date(Date.now() + 1_500).toISOString() })
  const stream = await openStream(url, 'resource=toys', { token: 'ana' })
  await stream.find(({ event }) => event === 'ready')
  await make('before')
  await stream.find(({ data }) => data.item?.code === 'before')
  await new Promise((resolve) => setTimeout(resolve, 1_600))
  await make('after')
  const { data } = await stream.find(({ event }) => event === 'problem')
  assert.equal(data.status, 403)
  assert.ok(!stream.text.includes('"after"'))
})
