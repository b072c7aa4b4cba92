import assert from 'node:assert/strict'
import { test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { testDatabase } from '../../test/support/database.ts'
import { openPool } from './pool.ts'
import { createWake } from './wake.ts'

const WAIT_MS = 5_000

async function eventually(what: string, holds: () => boolean | Promise<boolean>): Promise<number> {
  const started = performance.now()
  while (!(await holds())) {
    assert.ok(performance.now() - started < WAIT_MS, `not in time: ${what}`)
    await sleep(5)
  }
  return performance.now() - started
}

test('a process tells itself at once and the others a moment later, in two messages however often it calls', async (t) => {
  const { pool, connection, beforeEnd } = await testDatabase(t)
  const [here, there] = [createWake(pool, connection), createWake(pool, connection)]
  beforeEnd(async () => void (await Promise.all([here.close(), there.close()])))
  const told = { here: 0, there: 0 }
  here.onWake(() => told.here++)
  there.onWake(() => told.there++)
  there.listen()
  await eventually('it listens', () => told.there === 1)
  for (let call = 0; call < 1_000; call++) here.wake()
  assert.deepEqual(told, { here: 1_000, there: 1 })
  const took = await eventually('the other is told', () => told.there > 1)
  assert.ok(took < 500, `${took} ms`)
  await sleep(400)
  assert.equal(told.there, 3, 'the first call at once, all others together')
})

test('what was still to be told is told before the end, and nothing is heard of oneself', async (t) => {
  const { pool, connection, beforeEnd } = await testDatabase(t)
  const short = createWake(pool, connection)
  const other = createWake(pool, connection)
  beforeEnd(() => other.close())
  let told = 0
  other.onWake(() => told++)
  other.listen()
  await eventually('it listens', () => told === 1)
  short.wake()
  await eventually('the other is told', () => told === 2)
  short.wake()
  await short.close()
  await eventually('the other is told of the last', () => told === 3)
  other.wake()
  assert.equal(told, 4)
  await sleep(200)
  assert.equal(told, 4, 'its own message is not for itself')
})

test('a lost connection is made again, and whoever listens looks for what was missed', async (t) => {
  const { pool, connection, beforeEnd } = await testDatabase(t)
  const wake = createWake(pool, connection)
  let told = 0
  wake.onWake(() => told++)
  wake.listen()
  await eventually('it listens', () => told === 1)
  const lose =
    "select pg_terminate_backend(pid) from pg_stat_activity where application_name = 'serai listen' and datname = current_database()"
  assert.equal((await pool.query(lose)).rowCount, 1)
  await eventually('it listens again', () => told === 2)
  const away = openPool({ ...connection, port: 1 }, { max: 1 })
  const cut = createWake(away, { ...connection, connectionString: 'postgres://127.0.0.1:1/none' })
  cut.listen()
  cut.wake()
  await cut.close()
  await away.end()
  beforeEnd(() => wake.close())
})
