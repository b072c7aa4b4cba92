import assert from 'node:assert/strict'
import { test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { pino } from 'pino'
import { openDoor } from '../src/doors/http/testing.ts'
import type { Follower, Job } from '../src/kernel/area.ts'
import { f } from '../src/kernel/fields/index.ts'
import { resource } from '../src/kernel/resource.ts'
import { role } from '../src/kernel/rule.ts'
import { continueTrace } from '../src/kernel/trace.ts'
import { openPool } from '../src/store/pool.ts'
import { withTrace } from '../src/store/trace.ts'
import { followOnce } from '../src/work/follow.ts'
import { type Runner, startRunner } from '../src/work/runner.ts'
import { testDatabase } from './support/database.ts'

const WAIT_MS = 15_000
const SPAN = 'b7ad6b7169203331'
const traceId = (index: number) => (0xabc000 + index).toString(16).padStart(32, '1')
const traceparent = (index: number, flags = '01') => `00-${traceId(index)}-${SPAN}-${flags}`

/** A wish starts a job that grants it; `said` is what PostgreSQL saw of the statement that asked. */
const wish = resource('wish', {
  fields: { code: f.text({ line: true }), said: f.text({ optional: true, managed: true }) },
  key: ['code'],
  without: ['create'],
  access: { read: role('system', 'viewer'), write: role('system', 'manager') },
  actions: {
    make: {
      description: 'Makes a wish.',
      effect: 'write',
      on: 'collection',
      input: { code: f.text({ line: true }) },
      async run(_rows, { input }, tx) {
        const [{ query }] = await tx.query<{ query: string }>(
          'select query from pg_stat_activity where pid = pg_backend_pid()',
        )
        return {
          create: [{ code: input.code, said: query }],
          jobs: [{ name: 'test.grant', payload: { code: input.code } }],
        }
      },
    },
  },
})
const table = `create table wish (id uuid primary key, version bigint not null default 1, created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(), code text not null unique, said text)`
const grant: Job = {
  name: 'test.grant',
  async run(payload, { perform, log }) {
    assert.deepEqual(Object.keys(payload), ['code'], 'the job sees what it was told, not the trace')
    log('granting')
    const input = { said: 'granted' }
    await perform({ resource: 'wish', action: 'update', targets: [String(payload.code)], input: {} })
    await perform({ resource: 'wish', action: 'make', input: { code: `${payload.code}, ${input.said}` } })
  },
}

async function eventually(what: () => Promise<boolean>): Promise<void> {
  for (const until = Date.now() + WAIT_MS; !(await what()); await sleep(50))
    assert.ok(Date.now() < until, 'it did not happen in time')
}

test('a trace goes from the request into the log, the events, the jobs, their log and events, the followers and the SQL', async (t) => {
  const runners: Runner[] = []
  t.after(() => Promise.all(runners.map((runner) => runner.stop())))
  const lines: { [name: string]: unknown }[] = []
  const logger = pino({ level: 'info' }, { write: (line) => void lines.push(JSON.parse(line)) })
  const { send, engine, pool } = await openDoor(t, { resources: [wish], tables: table, logger })
  const sent = await send('POST', '/api/wishs/make', {
    body: { code: 'rain' },
    headers: { traceparent: traceparent(1) },
  })
  assert.equal(sent.status, 200, sent.text)
  assert.match(String(sent.headers.traceparent), new RegExp(`^00-${traceId(1)}-[0-9a-f]{16}-01$`))
  const { items } = (await send('GET', `/api/events?trace=${traceId(1)}`)).body
  assert.deepEqual([items.length, items[0].trace], [1, sent.headers.traceparent])
  assert.equal(
    items[0].after.said,
    `select query from pg_stat_activity where pid = pg_backend_pid() /*traceparent='${sent.headers.traceparent}'*/`,
  )
  runners.push(
    await startRunner({
      engine,
      pool,
      jobs: [{ ...grant, run: once(grant.run) }],
      schedules: [],
      log: logger,
    }),
  )
  const traced = async () => (await send('GET', `/api/events?trace=${traceId(1)}`)).body.items
  await eventually(async () => (await traced()).length === 2)
  const [granted] = await traced()
  assert.deepEqual([granted.actor, granted.key], ['system:test.grant', 'rain, granted'])
  assert.notEqual(granted.trace, items[0].trace, 'a span of its own')
  const told = () => lines.filter((line) => line.trace_id === traceId(1)).map((line) => line.msg)
  await eventually(async () => told().includes('job done'))
  assert.deepEqual(told().slice(0, 3), ['request', 'granting', 'job done'])
  const seen: (string | null)[] = []
  const follower: Follower = {
    name: 'watcher',
    resources: ['wish'],
    async handle(event, { perform }) {
      seen.push(event.trace)
      if (event.key === 'rain')
        await perform({ resource: 'wish', action: 'make', input: { code: 'rain, seen' } })
    },
  }
  await eventually(async () => (await followOnce(engine, follower)) > 0 && seen.length >= 2)
  assert.ok((await traced()).some((event: { key: string }) => event.key === 'rain, seen'))
})

/** Every grant is a wish, which would be granted in turn. */
function once(run: Job['run']): Job['run'] {
  let ran = false
  return async (payload, context) => {
    if (ran) return
    ran = true
    await run(payload, context)
  }
}

test('without a trace, or with a broken one, nothing carries one; one that is not sampled is in no SQL', async (t) => {
  const { send, pool } = await openDoor(t, { resources: [wish], tables: table })
  const plain = 'select query from pg_stat_activity where pid = pg_backend_pid()'
  const given: [string, string | undefined, boolean][] = [
    ['none', undefined, false],
    ['broken', `00-${'0'.repeat(32)}-${SPAN}-01`, false],
    ['injected', `00-${traceId(2)}-${SPAN}-01*/; drop table wish; --`, false],
    ['unsampled', traceparent(2, '00'), true],
  ]
  for (const [code, header, carried] of given) {
    await send('POST', '/api/wishs/make', {
      body: { code },
      headers: header ? { traceparent: header } : {},
    })
    const { rows } = await pool.query(
      "select e.trace, w.said, (select payload from job where payload ->> 'code' = w.code) as payload from wish w join event e on e.record = w.id where code = $1",
      [code],
    )
    assert.equal(rows[0].said, plain, code)
    assert.equal(rows[0].trace !== null, carried, code)
    assert.equal('_trace' in rows[0].payload, carried, code)
  }
})

test('forty calls at once keep their traces apart', async (t) => {
  const { app, pool } = await openDoor(t, { resources: [wish], tables: table })
  const url = await app.listen({ port: 0, host: '127.0.0.1' })
  const calls = Array.from({ length: 40 }, (_, index) =>
    fetch(`${url}/api/wishs/make`, {
      method: 'POST',
      headers: {
        authorization: 'Bearer owner-token',
        'content-type': 'application/json',
        ...(index % 4 === 0 ? {} : { traceparent: traceparent(index) }),
      },
      body: JSON.stringify({ code: `w${index}` }),
    }).then((answer) => answer.status),
  )
  assert.deepEqual(new Set(await Promise.all(calls)), new Set([200]))
  const { rows } = await pool.query(
    'select e.trace, w.said, w.code from wish w join event e on e.record = w.id',
  )
  assert.equal(rows.length, 40)
  for (const { trace, said, code } of rows) {
    const index = Number(code.slice(1))
    const expected = index % 4 === 0 ? undefined : traceId(index)
    assert.equal(trace?.split('-')[1], expected, code)
    assert.equal(/traceparent='00-([0-9a-f]{32})/.exec(said)?.[1], expected, code)
  }
})

test('a statement that waits for a connection keeps its own trace, not that of who gave the connection back', async (t) => {
  const { connection } = await testDatabase(t)
  const pool = openPool(connection, { max: 1 })
  const ask = async () =>
    (await pool.query('select query from pg_stat_activity where pid = pg_backend_pid()')).rows[0].query
  const held = await pool.connect()
  const waiting = [ask(), withTrace(continueTrace(traceparent(1)), ask), ask()]
  await withTrace(continueTrace(traceparent(2)), async () => {
    await held.query('select 1')
    held.release()
  })
  const said = await Promise.all(waiting)
  await pool.end()
  assert.deepEqual(
    said.map((text) => /traceparent='00-([0-9a-f]{32})/.exec(text)?.[1]),
    [undefined, traceId(1), undefined],
  )
})
