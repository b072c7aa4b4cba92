import assert from 'node:assert/strict'
import { once } from 'node:events'
import { connect } from 'node:net'
import { type TestContext, test } from 'node:test'
import type { Actor } from '../../kernel/actor.ts'
import { assertProblem, eventCount, openDoor } from './testing.ts'
import { toy, toyTable } from './toy.testing.ts'

const house = (t: TestContext, more: Parameters<typeof openDoor>[1] = {}) =>
  openDoor(t, { resources: [toy], tables: toyTable, ...more })

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

test('a line on which nothing was asked yet does not hold a closing process up', async (t) => {
  const { app } = await house(t)
  const { port } = new URL(await app.listen({ host: '127.0.0.1', port: 0 }))
  const ahead = connect(Number(port), '127.0.0.1')
  await once(ahead, 'connect')
  await new Promise((resolve) => setTimeout(resolve, 100))
  const started = performance.now()
  const cut = once(ahead, 'close')
  await app.close()
  await cut
  assert.ok(performance.now() - started < 5_000, `${performance.now() - started} ms`)
})
