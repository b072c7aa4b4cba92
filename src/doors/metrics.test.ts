import assert from 'node:assert/strict'
import { test } from 'node:test'
import { openDoor } from './http/testing.ts'

const open = { token: null }

test('requests are counted by route, method and status, beside the process and the services', async (t) => {
  const { send } = await openDoor(t)
  await send('GET', '/api/products')
  await send('GET', '/api/products/one')
  await send('GET', '/api/products/two')
  await send('GET', '/api/nothing')
  const { text, headers, status } = await send('GET', '/metrics', open)
  assert.deepEqual([status, headers['content-type']], [200, 'text/plain; version=0.0.4; charset=utf-8'])
  const count = (route: string, answered: number) =>
    text.includes(`http_requests_total{method="GET",route="${route}",status="${answered}"}`)
      ? Number(
          text
            .split(`http_requests_total{method="GET",route="${route}",status="${answered}"} `)[1]
            .split('\n')[0],
        )
      : 0
  assert.deepEqual(
    [count('/api/products', 200), count('/api/products/:id', 404), count('unmatched', 404)],
    [1, 2, 1],
  )
  assert.match(text, /http_request_duration_seconds_bucket\{le="\+Inf",method="GET",route="\/api\/products"/)
  assert.match(text, /^process_resident_memory_bytes \d+$/m)
  assert.match(text, /^serai_backups 3$/m)
  assert.match(text, /^serai_gauges_up 1$/m)
  assert.match(text, /^serai_info\{version="0\.0\.0-test"\} 1$/m)
  const names = text.match(/^# TYPE (\S+)/gm)!
  assert.equal(new Set(names).size, names.length, 'no metric is there twice')
})

test('when the services cannot be counted, the rest is still told', async (t) => {
  const { send } = await openDoor(t, {
    services: {
      gauges: async () => {
        throw new Error('away')
      },
    },
  })
  const { status, text } = await send('GET', '/metrics', open)
  assert.deepEqual([status, /^serai_gauges_up 0$/m.test(text)], [200, true])
})

test('other machines need a token of an owner or operator, also behind a proxy on this one', async (t) => {
  const { send } = await openDoor(t)
  const away = { address: '10.1.2.3' }
  const refused = await send('GET', '/metrics', { ...open, ...away })
  assert.deepEqual([refused.status, refused.headers['www-authenticate']], [401, 'Bearer realm="serai"'])
  assert.equal((await send('GET', '/metrics', { ...away, token: 'wrong' })).status, 401)
  assert.equal((await send('GET', '/metrics', { ...away, token: 'viewer-token' })).status, 403)
  assert.equal((await send('GET', '/metrics', away)).status, 200)
  const forwarded = { headers: { 'x-forwarded-for': '10.1.2.3' } }
  assert.equal((await send('GET', '/metrics', { ...open, ...forwarded })).status, 401)
  assert.equal((await send('GET', '/metrics', { ...open, address: '::ffff:127.0.0.1' })).status, 200)
})
