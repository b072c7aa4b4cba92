import assert from 'node:assert/strict'
import { test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { pino } from 'pino'
import { perform } from '../../src/engine/perform.ts'
import { readOne } from '../../src/engine/read.ts'
import type { Follower, Job } from '../../src/kernel/area.ts'
import { f } from '../../src/kernel/fields/index.ts'
import { resource } from '../../src/kernel/resource.ts'
import { role } from '../../src/kernel/rule.ts'
import { addJobs } from '../../src/store/queue.ts'
import { followOnce, startFollowers } from '../../src/work/follow.ts'
import { startRunner } from '../../src/work/runner.ts'
import { owner, testEngine } from '../support/database.ts'
import { eventCount } from '../support/engine.ts'

const log = pino({ level: 'silent' })
const WAIT_MS = 15_000

/** What the house's own work may write, in these tests. */
const note = resource('note', {
  fields: { code: f.text({ line: true }), about: f.text({ optional: true }) },
  key: ['code'],
  access: { read: role('system', 'viewer'), write: role('system', 'manager') },
})
const noteTable = `create table note (id uuid primary key, version bigint not null default 1, created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(), code text not null unique, about text)`

const product = (product_id: string) => ({
  product_id,
  product_name: product_id,
  pricing: [{ tier_name: 'A', price: { amount: 1, currency: 'AED' } }],
  inclusions: [],
})

async function eventually(what: () => Promise<boolean>): Promise<void> {
  for (const until = Date.now() + WAIT_MS; !(await what()); await sleep(50))
    assert.ok(Date.now() < until, 'it did not happen in time')
}

test('a follower sees every event once and in order, also those of a transaction that commits late', async (t) => {
  const { engine, pool } = await testEngine(t)
  const seen: string[] = []
  const follower: Follower = {
    name: 'watcher',
    resources: ['product'],
    handle: async (event) => void seen.push(event.key),
  }
  const create = (id: string) =>
    perform(engine, { actor: owner, resource: 'product', action: 'create', input: product(id) })
  await create('first')
  await eventually(async () => (await followOnce(engine, follower)) > 0)
  const late = await pool.connect()
  await late.query('begin')
  await late.query(`insert into event (change, actor, action, resource, record, key, version, after)
values (gen_random_uuid(), 'test', 'create', 'product', gen_random_uuid(), 'late', 1, '{}')`)
  await create('after')
  assert.equal(
    await followOnce(engine, follower),
    0,
    'nothing is shown past a transaction that may still commit before it',
  )
  await late.query('commit')
  late.release()
  await eventually(async () => {
    await followOnce(engine, follower)
    return seen.length >= 3
  })
  assert.equal(await followOnce(engine, follower), 0)
  assert.deepEqual(seen, ['first', 'late', 'after'])
})

test('two processes with one follower: each event has its effect once', async (t) => {
  const { engine, pool } = await testEngine(t, [note])
  await pool.query(noteTable)
  const follower: Follower = {
    name: 'notes',
    resources: ['product'],
    handle: async (event, context) =>
      void (await context.perform({
        resource: 'note',
        action: 'create',
        input: { code: event.key, about: event.action },
      })),
  }
  const both = [startFollowers(engine, [follower], log), startFollowers(engine, [follower], log)]
  for (let index = 0; index < 20; index++)
    await perform(engine, {
      actor: owner,
      resource: 'product',
      action: 'create',
      input: product(`p${index}`),
    })
  const count = async () => Number((await pool.query('select count(*) as count from note')).rows[0].count)
  await eventually(async () => (await count()) === 20)
  await Promise.all(both.map((each) => each.stop()))
  assert.equal(await eventCount(pool), 40)
  const caused = await pool.query(
    "select count(*) as count from event where resource = 'note' and cause like 'event:%' and actor = 'system:notes'",
  )
  assert.equal(Number(caused.rows[0].count), 20)
})

test('a job runs, fails, runs again, and what it had done is not done twice', async (t) => {
  const { engine, pool } = await testEngine(t, [note])
  await pool.query(noteTable)
  let runs = 0
  const job: Job = {
    name: 'test.note',
    async run(payload, context) {
      runs++
      await context.perform({ resource: 'note', action: 'create', input: { code: String(payload.code) } })
      if (runs === 1) throw new Error('the first time fails after its effect')
    },
  }
  const runner = await startRunner({ engine, pool, jobs: [job], schedules: [], log })
  try {
    await addJobs(pool, [{ name: 'test.note', payload: { code: 'n1' } }])
    await eventually(async () => runs >= 1)
    await pool.query('update graphile_worker._private_jobs set run_at = now()')
    await eventually(
      async () =>
        runs >= 2 &&
        Number((await pool.query('select count(*) as count from graphile_worker.jobs')).rows[0].count) === 0,
    )
  } finally {
    await runner.stop()
  }
  assert.equal((await readOne(engine, owner, 'note', 'n1')).version, 1)
  assert.equal(await eventCount(pool), 1)
})
