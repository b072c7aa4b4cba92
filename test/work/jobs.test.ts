import assert from 'node:assert/strict'
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { type TestContext, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { pino } from 'pino'
import type { Job, Schedule } from '../../src/kernel/area.ts'
import { openPool, type Pool } from '../../src/store/pool.ts'
import { addJobs } from '../../src/store/queue.ts'
import { forgetReplays } from '../../src/store/upkeep.ts'
import { holdLife } from '../../src/work/jobs/liveness.ts'
import { createSweep } from '../../src/work/jobs/sweep.ts'
import { type Runner, startRunner } from '../../src/work/runner.ts'
import { testEngine } from '../support/database.ts'
import { eventCount } from '../support/engine.ts'
import { note, noteTable, twoNotes } from './worker.ts'

const log = pino({ level: 'silent' })
const WORKER = new URL('./worker.ts', import.meta.url).href
/** The promise: a killed worker's jobs run again within 30 s. */
const AGAIN_MS = 30_000
const WAIT_MS = 40_000

async function house(t: TestContext) {
  const runners: Runner[] = []
  // Before the database is dropped: what is registered first is done first.
  t.after(() => Promise.all(runners.map((runner) => runner.stop())))
  const database = await testEngine(t, [note])
  await database.pool.query(noteTable)
  /** A worker in this process. */
  async function work(jobs: Job[], options: Partial<Parameters<typeof startRunner>[0]> = {}): Promise<void> {
    const { engine, pool } = database
    runners.push(await startRunner({ engine, pool, jobs, schedules: [], log, ...options }))
  }
  return { ...database, work }
}

async function eventually(what: () => Promise<boolean>, timeoutMs = WAIT_MS): Promise<number> {
  const started = performance.now()
  for (; !(await what()); await sleep(50))
    assert.ok(performance.now() - started < timeoutMs, 'it did not happen in time')
  return performance.now() - started
}

async function count(pool: Pool, from: string): Promise<number> {
  return Number((await pool.query(`select count(*) as count from ${from}`)).rows[0].count)
}

const JOBS = 'graphile_worker.jobs'

/** A real process that works; killed at the end of the test if it still lives. */
function spawnWorker(t: TestContext, connection: { connectionString?: string }, hang: boolean): ChildProcess {
  const script = `import { workAlone } from '${WORKER}'; await workAlone(process.argv[1], ${hang})`
  const child = spawn(process.execPath, ['--input-type=module', '-e', script, connection.connectionString!], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  t.after(() => child.kill('SIGKILL'))
  return child
}

test('kill -9 in the middle of a job: another worker ends it within 30 s, and what was done is not done twice', async (t) => {
  const { pool, connection, work } = await house(t)
  await addJobs(pool, [{ name: 'test.two', payload: { code: 'one' } }])
  const doomed = spawnWorker(t, connection, true)
  const [line] = await once(doomed.stdout!, 'data')
  assert.equal(String(line), 'began one\n')
  await work([twoNotes(false)])
  await sleep(3_000)
  assert.equal(await count(pool, 'note'), 1, 'nobody takes the job of a worker that lives')
  doomed.kill('SIGKILL')
  const took = await eventually(async () => (await count(pool, JOBS)) === 0)
  assert.ok(took < AGAIN_MS, `it took ${took} ms`)
  t.diagnostic(`run again and done ${Math.round(took)} ms after the kill`)
  const { rows } = await pool.query('select code from note order by code')
  assert.deepEqual(
    rows.map((row) => row.code),
    ['one after', 'one before'],
  )
  assert.equal(await eventCount(pool), 2)
})

test('a worker whose connections break again and again keeps its job', async (t) => {
  const { pool, work } = await house(t)
  let runs = 0
  const job: Job = {
    name: 'test.long',
    async run() {
      runs++
      await sleep(20_000)
    },
  }
  await work([job])
  await addJobs(pool, [{ name: 'test.long', payload: {} }])
  await eventually(async () => runs === 1)
  await work([job])
  for (let round = 0; round < 6; round++) {
    await sleep(2_500)
    const { rowCount } = await pool.query(
      "select pg_terminate_backend(pid) from pg_stat_activity where datname = current_database() and application_name like 'serai pool-%'",
    )
    assert.equal(rowCount, 2, 'both workers hold a session')
  }
  await eventually(async () => (await count(pool, JOBS)) === 0)
  assert.equal(runs, 1)
})

test('a worker that cannot prove its life gives up before others give it up, and comes back', async (t) => {
  const { pool, connection } = await house(t)
  const own = openPool(connection, { max: 1 })
  t.after(() => own.end())
  let lost = 0
  const life = await holdLife(own, 'pool-under-test', () => lost++)
  t.after(() => life.close())
  const url = own.options.connectionString
  own.options.connectionString = 'postgresql://nobody@127.0.0.1:1/nowhere'
  const cut = performance.now()
  await pool.query(
    "select pg_terminate_backend(pid) from pg_stat_activity where application_name = 'serai pool-under-test'",
  )
  await sleep(3_000)
  assert.equal(life.alive(), true, 'a short break is no loss')
  await eventually(async () => lost === 1)
  const gaveUp = performance.now() - cut
  assert.ok(gaveUp < 8_000, `it took ${gaveUp} ms; others wait for 12 s`)
  assert.equal(life.alive(), false)
  own.options.connectionString = url
  await eventually(async () => life.alive())
  assert.equal(lost, 1)
})

/** A job as a worker leaves it that was killed: locked, with its attempt counted. */
async function leaveLocked(pool: Pool, worker: string, attempts: number): Promise<void> {
  await pool.query(
    `select graphile_worker.add_job('test.left', queue_name := 'q', max_attempts := 3);
     update graphile_worker._private_jobs set locked_by = '${worker}', locked_at = now(), attempts = ${attempts};
     update graphile_worker._private_job_queues set locked_by = '${worker}', locked_at = now()`,
  )
}

const sweeps: [string, { attempts: number; alive: boolean; sweeps: number }, string][] = [
  ['seen once too few', { attempts: 1, alive: false, sweeps: 6 }, 'running 1 locked'],
  ['seen often enough', { attempts: 1, alive: false, sweeps: 7 }, 'failed 1 free'],
  ['it was the last attempt', { attempts: 3, alive: false, sweeps: 7 }, 'dead 3 free'],
  ['it lives', { attempts: 1, alive: true, sweeps: 20 }, 'running 1 locked'],
]
for (const [name, { attempts, alive, sweeps: times }, expected] of sweeps)
  test(`the jobs of a worker without life: ${name}`, async (t) => {
    const { pool } = await house(t)
    await leaveLocked(pool, 'pool-left', attempts)
    const life = alive ? await holdLife(pool, 'pool-left', () => undefined) : undefined
    const sweep = createSweep(pool, log)
    for (let round = 0; round < times; round++) await sweep()
    await life?.close()
    const { rows } = await pool.query(
      "select state || ' ' || attempts || case when locked_at is null then ' free' else ' locked' end as it, last_error from job, graphile_worker._private_job_queues",
    )
    assert.equal(rows[0].it, expected)
    if (expected.startsWith('dead')) assert.match(rows[0].last_error, /ended without a word/)
  })

test('seen alive in between, it is counted anew', async (t) => {
  const { pool } = await house(t)
  await leaveLocked(pool, 'pool-left', 1)
  const sweep = createSweep(pool, log)
  for (let round = 0; round < 6; round++) await sweep()
  const life = await holdLife(pool, 'pool-left', () => undefined)
  await sweep()
  await life.close()
  for (let round = 0; round < 6; round++) assert.equal(await sweep(), 0)
  assert.equal(await sweep(), 1)
})

test('two workers, 200 jobs each: every effect once', async (t) => {
  const { pool, connection, work } = await house(t)
  const add = (from: number) =>
    addJobs(
      pool,
      Array.from({ length: 200 }, (_, index) => ({
        name: 'test.two',
        payload: { code: `n${from + index}` },
      })),
    )
  await add(0)
  const other = spawnWorker(t, connection, false)
  let begun = 0
  other.stdout!.on('data', (lines) => {
    begun += String(lines).match(/began/g)?.length ?? 0
  })
  await once(other.stdout!, 'data')
  await work([twoNotes(false)])
  await add(200)
  await eventually(async () => (await count(pool, JOBS)) === 0)
  assert.deepEqual([await count(pool, 'note'), await eventCount(pool)], [800, 800])
  assert.ok(begun > 0 && begun < 400, `both worked; the other began ${begun}`)
})

test('a schedule fires once, however many processes know it', async (t) => {
  const { pool, work } = await house(t)
  let runs = 0
  const job: Job = { name: 'test.scheduled', run: async () => void runs++ }
  // It was due five minutes ago, while nobody worked: whoever comes first makes up for it.
  const due = new Date(Date.now() - 5 * 60_000)
  const schedules: Schedule[] = [{ job: job.name, cron: `${due.getUTCMinutes()} ${due.getUTCHours()} * * *` }]
  await pool.query(
    "insert into graphile_worker._private_known_crontabs (identifier, known_since) values ('test.scheduled', now() - interval '1 day')",
  )
  await Promise.all([work([job], { schedules }), work([job], { schedules })])
  await eventually(async () => runs > 0)
  await work([job], { schedules })
  await sleep(2_000)
  assert.equal(runs, 1)
})

test('a job is tried as often as it says, takes as long as it may, and its failure says why', async (t) => {
  const { pool, work } = await house(t)
  const ends: string[] = []
  const lines: string[] = []
  const jobs: Job[] = [
    {
      name: 'test.slow',
      attempts: 2,
      timeoutSeconds: 0.2,
      run: ({ code }, { signal, log: tell }) =>
        new Promise((_, reject) => {
          tell('halfway', { code })
          signal.addEventListener('abort', () => {
            ends.push(signal.reason.message)
            reject(new Error('interrupted'))
          })
        }),
    },
  ]
  const attempts = new Map([['test.slow', 2]])
  await addJobs(pool, [{ name: 'test.slow', payload: { code: 'x' } }], attempts)
  const log = pino({ level: 'info' }, { write: (line) => void lines.push(line) })
  await work(jobs, { log })
  const state = async () => (await pool.query('select state, attempts, last_error from job')).rows[0]
  await eventually(async () => (await state()).state === 'failed')
  await pool.query('update graphile_worker._private_jobs set run_at = now()')
  await eventually(async () => (await state()).state === 'dead')
  const reason = 'The job took longer than the 0.2 s that it has.'
  assert.deepEqual(await state(), { state: 'dead', attempts: 2, last_error: reason })
  assert.deepEqual(ends, [reason, reason])
  const told = lines.map((line) => JSON.parse(line)).filter((line) => line.job === 'test.slow')
  assert.deepEqual(
    told.map(({ msg, id, attempt, dead, code }) => [msg, id, attempt, dead, code]),
    [
      ['halfway', '1', 1, undefined, 'x'],
      ['job failed', '1', 1, false, undefined],
      ['halfway', '1', 2, undefined, 'x'],
      ['job failed', '1', 2, true, undefined],
    ],
  )
})

test('the keys of a job that is still there are kept: run again after days, it does nothing twice', async (t) => {
  const { pool } = await house(t)
  await addJobs(pool, [{ name: 'test.two', payload: {} }])
  const { rows } = await pool.query<{ number: string }>('select number from job')
  const keys = [`job:${rows[0].number}:0`, `job:${rows[0].number}9:0`, 'a key of a client']
  for (const key of keys)
    await pool.query(
      "insert into replay (actor, key, fingerprint, created_at) values ('system:test.two', $1, 'x', now() - interval '3 days')",
      [key],
    )
  await forgetReplays(pool, 24)
  assert.deepEqual((await pool.query('select key from replay')).rows, [{ key: keys[0] }])
})
