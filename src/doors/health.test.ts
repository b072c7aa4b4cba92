import assert from 'node:assert/strict'
import { test } from 'node:test'
import { openDoor } from './http/testing.ts'

const open = { token: null }

test('live is live; ready is what its checks say, also when they fail', async (t) => {
  let answer = async () => ({ ok: true, checks: { database: 'ok' } })
  const { send } = await openDoor(t, { ready: () => answer() })
  assert.deepEqual((await send('GET', '/livez', open)).body, { status: 'ok', environment: 'test' })
  const ready = await send('GET', '/readyz', open)
  assert.deepEqual([ready.status, ready.body], [200, { status: 'ok', checks: { database: 'ok' } }])
  answer = async () => ({ ok: false, checks: { database: 'away' } })
  const away = await send('GET', '/readyz', open)
  assert.deepEqual([away.status, away.body], [503, { status: 'unavailable', checks: { database: 'away' } }])
  answer = async () => {
    throw new Error('broken')
  }
  assert.deepEqual((await send('GET', '/readyz', open)).body.checks, { all: 'broken' })
  assert.equal((await send('GET', '/livez', open)).status, 200)
})

test('the front page says where things are, as a page or as JSON', async (t) => {
  const { send } = await openDoor(t)
  const json = await send('GET', '/', open)
  assert.deepEqual([json.body.version, json.body.api], ['0.0.0-test', '/api/openapi.json'])
  const page = await send('GET', '/', { ...open, headers: { accept: 'text/html,*/*' } })
  assert.match(page.text, /<h1>Serai 0\.0\.0-test<\/h1>/)
  assert.equal(page.headers['content-type'], 'text/html; charset=utf-8')
})
