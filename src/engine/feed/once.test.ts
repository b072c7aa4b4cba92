import assert from 'node:assert/strict'
import { test } from 'node:test'
import { owner, testEngine } from '../../../test/support/database.ts'
import type { Row } from '../../kernel/field.ts'
import { f } from '../../kernel/fields/index.ts'
import { resource } from '../../kernel/resource.ts'
import { role } from '../../kernel/rule.ts'
import { openPool } from '../../store/pool.ts'
import { createFeed, type FeedEvent } from '../feed.ts'
import { perform } from '../perform.ts'
import type { Engine } from '../types.ts'
import { events, listen, ready } from './feed.testing.ts'

const CHANGES = 10_000
const WRITERS = 8
const RECONNECTS = 50
const RECORDS = 40

const bell = resource('bell', {
  fields: { code: f.text({ min: 1, line: true }), rung: f.number({ integer: true, default: 0 }) },
  key: ['code'],
  access: { read: role('viewer'), write: role('manager') },
})
const bellTable = `create table bell (id uuid primary key, version bigint not null default 1, created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(), code text not null unique, rung bigint not null)`

test(`${CHANGES} changes by ${WRITERS} writers reach a subscriber that reconnects ${RECONNECTS} times exactly once each and in order`, async (t) => {
  const database = await testEngine(t, [bell])
  await database.pool.query(bellTable)
  const pool = openPool(database.connection, { max: WRITERS + 4 })
  const wakes = new Set<() => void>()
  const engine: Engine = {
    ...database.engine,
    pool,
    wake: () => {
      for (const wake of wakes) wake()
    },
  }
  const feed = createFeed(engine, {
    onWake: (listener) => {
      wakes.add(listener)
      return () => void wakes.delete(listener)
    },
  })
  database.beforeEnd(async () => {
    await feed.stop()
    await pool.end()
  })
  // Another one stays, so that whoever comes back finds the tail of the log moving.
  const steady = listen(feed, { actor: owner, resource: 'bell' })
  await steady.until(ready)
  const started = performance.now()
  let open = true
  const writing = Promise.all(Array.from({ length: WRITERS }, (_, writer) => write(engine, writer))).finally(
    () => {
      open = false
    },
  )

  const told: FeedEvent[] = []
  let after: string | undefined = Buffer.from('0.0').toString('base64url')
  let connections = 0
  while (told.length < CHANGES) {
    // Most connections are cut at random; once the writers are done or often enough, the last one reads on.
    const share = connections < RECONNECTS ? Math.ceil(Math.random() * 2 * (CHANGES / RECONNECTS)) : CHANGES
    const leaving = new AbortController()
    const late = setTimeout(() => leaving.abort(), 60_000)
    let taken = 0
    for await (const message of feed.subscribe({ actor: owner, resource: 'bell', after }, leaving.signal)) {
      if (message.kind !== 'event') continue
      after = message.id
      told.push(message.event)
      if (++taken >= share || told.length === CHANGES) leaving.abort()
    }
    clearTimeout(late)
    connections++
    assert.ok(taken > 0 || open, 'the rest did not come')
  }
  await writing
  t.diagnostic(
    `${told.length} events in ${connections} connections, ${Math.round(performance.now() - started)} ms`,
  )
  assert.ok(connections >= RECONNECTS * 0.7, `${connections} connections`)
  const { rows } = await pool.query<{ event: string }>(
    "select change || ' ' || record || ' ' || version as event from event where resource = 'bell' order by transaction, position",
  )
  assert.equal(rows.length, CHANGES)
  const expected = rows.map(({ event }) => event)
  assert.deepEqual(told.map(nameOf), expected)
  await steady.until(events(CHANGES))
  await steady.leave()
  assert.deepEqual(
    steady.messages.flatMap((each) => (each.kind === 'event' ? [nameOf(each.event)] : [])),
    expected,
  )
  const last = new Map(told.map(({ record, item }) => [record, item]))
  const now = await pool.query<Row>('select id, version, rung from bell order by id')
  assert.deepEqual(
    [...last.values()].map((item) => [item!.id, item!.version, item!.rung]).sort(),
    now.rows.map(({ id, version, rung }) => [id, version, rung]).sort(),
  )
})

const nameOf = ({ change, record, version }: FeedEvent) => `${change} ${record} ${version}`

/** Some records of its own, some that all fight over; a few changes in transactions that begin early and write late. */
async function write(engine: Engine, writer: number): Promise<void> {
  const call = (action: string, targets: string[], input: Row) =>
    perform(engine, { actor: owner, resource: 'bell', action, targets, input })
  const codes = Array.from({ length: RECORDS / WRITERS }, (_, index) => `${writer}-${index}`)
  for (const code of codes) await call('create', [], { code })
  for (let change = codes.length; change < CHANGES / WRITERS; change++)
    if (change % 25 === 0) await lateChange(engine, '0-0')
    else await call('update', [codes[change % codes.length]], { rung: change })
}

/** Takes its number, waits while others commit, then writes what they wrote too. */
async function lateChange({ pool, wake }: Engine, code: string): Promise<void> {
  const client = await pool.connect()
  await client.query('begin')
  await client.query('select pg_current_xact_id()')
  await new Promise((resolve) => setTimeout(resolve, Math.random() * 20))
  await client.query(
    `with old as (select id, rung from bell where code = $1 for update), written as (
  update bell t set rung = -t.version, version = t.version + 1, updated_at = now() from old where t.id = old.id returning t.id, t.version, t.rung, old.rung as was
)
insert into event (change, actor, action, resource, record, key, version, before, after)
select gen_random_uuid(), 'test', 'update', 'bell', id, $1, version, jsonb_build_object('rung', was), jsonb_build_object('rung', rung) from written`,
    [code],
  )
  await client.query('commit')
  client.release()
  wake()
}
