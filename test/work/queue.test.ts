import assert from 'node:assert/strict'
import { once } from 'node:events'
import { type TestContext, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { openDoor } from '../../src/doors/http/testing.ts'
import { openPool, type Pool } from '../../src/store/pool.ts'
import { addJobs } from '../../src/store/queue.ts'
import { prepareQueue } from '../../src/work/runner.ts'
import { cliHome } from '../support/cli.ts'
import { testDatabase } from '../support/database.ts'
import { eventCount } from '../support/engine.ts'

/** One job in each state; their numbers are 1 to 5 in this order. */
const STATES = ['waiting', 'scheduled', 'running', 'failed', 'dead']
async function fill(pool: Pool): Promise<void> {
  await addJobs(
    pool,
    STATES.map((state) => ({
      name: 'test.any',
      payload: { state },
      ...(state === 'scheduled' ? { runAt: '2100-01-01T00:00:00Z' } : {}),
    })),
  )
  await pool.query(`update graphile_worker._private_jobs set locked_at = now(), locked_by = 'pool-x', attempts = 1 where id = 3;
    update graphile_worker._private_jobs set attempts = 1, run_at = now() + interval '1 hour', last_error = 'no line' where id = 4;
    update graphile_worker._private_jobs set attempts = 10, last_error = 'no line' where id = 5`)
}

async function statesOf(pool: Pool): Promise<string[]> {
  const { rows } = await pool.query<{ it: string }>(
    "select number || ' ' || state || ' ' || attempts as it from job order by id",
  )
  return rows.map((row) => row.it)
}
const BEFORE = ['1 waiting 0', '2 scheduled 0', '3 running 1', '4 failed 1', '5 dead 10']

async function door(t: TestContext) {
  const opened = await openDoor(t)
  await fill(opened.pool)
  return opened
}

test('jobs are a resource: listed, filtered, counted, read by number', async (t) => {
  const { send, pool } = await door(t)
  assert.deepEqual(await statesOf(pool), BEFORE)
  const { body } = await send('GET', '/api/jobs?facets=state&count=true')
  assert.deepEqual(
    body.items.map((item: { number: string; state: string }) => [item.number, item.state]),
    STATES.map((state, index) => [String(index + 1), state]),
  )
  assert.equal(body.count.value, 5)
  const dead = await send(
    'GET',
    '/api/jobs?state=dead&fields=number,payload,last_error,attempts,attempts_max',
  )
  assert.deepEqual(
    dead.body.items.map(({ id: _, version: __, ...item }: { id: string; version: number }) => item),
    [{ number: '5', payload: { state: 'dead' }, last_error: 'no line', attempts: 10, attempts_max: 10 }],
  )
  const one = await send('GET', '/api/jobs/5')
  assert.deepEqual([one.status, one.body.task, one.body.version], [200, 'test.any', 1])
  assert.equal((await send('GET', '/api/jobs/6')).status, 404)
  assert.equal((await send('GET', '/api/jobs', { token: 'viewer-token' })).status, 403)
})

type Case = [
  name: string,
  path: string,
  options: { token?: string; body?: object; headers?: { [name: string]: string } },
  status: number,
  after: string[],
  events: number,
]
const changed = (...lines: string[]) =>
  BEFORE.map((line) => lines.find((each) => each[0] === line[0]) ?? line).filter((line) => line.length > 1)

const cases: Case[] = [
  ['a dead job is retried', '5/retry', {}, 200, changed('5 waiting 0'), 1],
  ['a failed one too', '4/retry', {}, 200, changed('4 waiting 0'), 1],
  ['and one that was for later', '2/retry', {}, 200, changed('2 waiting 0'), 1],
  ['many at once', 'retry', { body: { ids: ['4', '5'] } }, 200, changed('4 waiting 0', '5 waiting 0'), 2],
  ['what runs is left alone', '3/retry', {}, 409, BEFORE, 0],
  ['what waits needs no retry', '1/retry', {}, 409, BEFORE, 0],
  ['a dry run changes nothing', '5/retry?dry_run=true', {}, 200, BEFORE, 0],
  ['a viewer may not', '5/retry', { token: 'viewer-token' }, 403, BEFORE, 0],
  ['removed with a reason', '5/remove?reason=gone', {}, 200, changed('5'), 1],
  ['a reason is needed', '5/remove', {}, 422, BEFORE, 0],
  ['what runs is not removed', '3/remove?reason=gone', {}, 409, BEFORE, 0],
  ['all or none', 'remove?reason=x', { body: { ids: ['3', '5'] } }, 409, BEFORE, 0],
  ['an older version', '5/retry', { headers: { 'if-match': '"7"' } }, 412, BEFORE, 0],
]
for (const [name, path, options, status, after, events] of cases)
  test(`jobs over REST: ${name}`, async (t) => {
    const { send, pool } = await door(t)
    const sent = await send('POST', `/api/jobs/${path}`, { body: {}, ...options })
    assert.equal(sent.status, status, sent.text)
    assert.deepEqual(await statesOf(pool), after)
    assert.equal(await eventCount(pool), events)
  })

test('a retry and a removal are events: who, when, why, and what the job was', async (t) => {
  const { send } = await door(t)
  await send('POST', '/api/jobs/5/retry?reason=the%20line%20is%20back', { body: {} })
  const retried = (await send('GET', '/api/jobs/5/history')).body.items
  assert.deepEqual(
    retried.map((event: { actor: string; action: string; reason: string; version: number; key: string }) => [
      event.actor,
      event.action,
      event.reason,
      event.version,
      event.key,
    ]),
    [['test:owner', 'retry', 'the line is back', 2, '5']],
  )
  assert.equal(retried[0].before.state, 'dead')
  assert.equal((await send('GET', '/api/jobs/5')).body.version, 2)
  await send('POST', '/api/jobs/5/remove?reason=never%20mind', { body: {} })
  const { items } = (await send('GET', '/api/events?resource=job&action=remove')).body
  assert.deepEqual(items[0].before, { state: 'waiting', payload: { state: 'dead' }, last_error: 'no line' })
  const undone = await send('POST', `/api/changes/${items[0].change}/undo`, { body: {} })
  assert.equal(undone.status, 403, 'the queue has no way back')
})

test('jobs at the command line', async (t) => {
  const { pool, connection } = await testDatabase(t)
  await fill(pool)
  const { start } = await cliHome(t)
  const serai = async (...args: string[]) => {
    const ran = await start(['jobs', ...args], { DATABASE_URL: connection.connectionString as string }).done
    return { ...ran, json: args.includes('--json') ? JSON.parse(ran.stdout) : null }
  }
  const listed = await serai('--state', 'dead', '--json')
  assert.deepEqual([listed.code, listed.json[0].number, listed.json.length], [0, '5', 1])
  assert.match((await serai()).stdout, /5 +test\.any +dead +10 of 10 .* no line/)
  assert.equal((await serai('show', '4', '--json')).json.last_error, 'no line')
  const retried = await serai('retry', '--dead', '--json')
  assert.deepEqual([retried.code, retried.json.retried], [0, 1])
  assert.deepEqual(await statesOf(pool), changed('5 waiting 0'))
  const refused = await serai('remove', '4')
  assert.deepEqual([refused.code, refused.stderr.includes('--reason')], [2, true])
  assert.equal((await serai('remove', '4', '5', '--reason', 'gone')).code, 0)
  assert.deepEqual(await statesOf(pool), changed('4', '5'))
  assert.equal((await serai('retry', '3')).code, 1)
  assert.equal((await serai('retry')).code, 2)
  assert.equal((await serai('bury', '3')).code, 2)
  assert.match((await serai('--help')).stdout, /Example:\n {2}serai jobs --state dead/)
  // The first command also ships the grants; what counts is what happened to jobs.
  const { rows } = await pool.query("select action from event where resource = 'job' order by position")
  assert.deepEqual(
    rows.map(({ action }) => action),
    ['retry', 'remove', 'remove'],
  )
})

test('serve --no-work leaves the jobs to a process that works', async (t) => {
  const { pool, connection } = await testDatabase(t)
  await addJobs(pool, [{ name: 'serai.partitions', payload: {} }])
  const { start } = await cliHome(t)
  const env = { DATABASE_URL: connection.connectionString as string, PORT: '0' }
  const waiting = async () => (await statesOf(pool)).length
  const run = async (...args: string[]) => {
    const { child, done } = start(args, env)
    await once(child.stdout!, 'data')
    return async () => {
      child.kill('SIGINT')
      assert.equal((await done).code, 0)
    }
  }
  const stopDoors = await run('serve', '--no-work')
  await sleep(3_000)
  assert.equal(await waiting(), 1)
  const stopWork = await run('work')
  for (const until = Date.now() + 10_000; await waiting(); await sleep(50)) assert.ok(Date.now() < until)
  await Promise.all([stopDoors(), stopWork()])
})

test('processes that meet a new database at the same moment all find the queue ready', async (t) => {
  const { pool, connection } = await testDatabase(t)
  for (let round = 0; round < 5; round++) {
    await pool.query('drop schema if exists graphile_worker cascade')
    await Promise.all(
      Array.from({ length: 4 }, async () => {
        const own = openPool(connection, { max: 2 })
        await prepareQueue(own).finally(() => own.end())
      }),
    )
    await addJobs(pool, [{ name: 'test.any', payload: {} }])
  }
})
