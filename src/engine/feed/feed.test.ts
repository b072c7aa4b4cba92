import assert from 'node:assert/strict'
import { test } from 'node:test'
import { owner, testEngine } from '../../../test/support/database.ts'
import type { Actor } from '../../kernel/actor.ts'
import type { Row } from '../../kernel/field.ts'
import { f } from '../../kernel/fields/index.ts'
import { Problem } from '../../kernel/problem.ts'
import { resource } from '../../kernel/resource.ts'
import { any, compare, owns, type Rule, role } from '../../kernel/rule.ts'
import type { Pool } from '../../store/pool.ts'
import { archivable } from '../../traits/archivable.ts'
import { createFeed, type FeedLimits, type FeedMessage } from '../feed.ts'
import { perform } from '../perform.ts'
import { events, listen, ready } from './feed.testing.ts'

/** A room that some may see because it is theirs; its doors are counted by the database. */
const room = resource('room', {
  fields: {
    code: f.text({ min: 1, line: true }),
    keeper: f.text({ optional: true }),
    doors: f.number({ optional: true, integer: true }),
    stay: f.period({ optional: true }),
    cost: f.money({ only: 'AED', optional: true }),
    pin: f.secret({ optional: true }),
    windows: f.number({ optional: true, integer: true, derived: true }),
  },
  key: ['code'],
  traits: [archivable],
  access: { read: any(role('viewer'), owns('keeper')), write: role('manager') },
})
const roomTable = `create table room (id uuid primary key, version bigint not null default 1, created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(), code text not null unique, keeper text, doors bigint, stay daterange, cost bigint, pin text,
  windows bigint generated always as (doors * 2) stored,
  archived_at timestamptz, archived_by text, archive_reason text, key_released boolean not null default false)`

const viewer: Actor = { id: 'test:viewer', name: 'Vera', roles: ['viewer'] }
const keeper: Actor = { id: 'test:keeper', name: 'Kim', roles: [] }

async function house(t: Parameters<typeof testEngine>[0], limits: Partial<FeedLimits> = {}) {
  const database = await testEngine(t, [room])
  await database.pool.query(roomTable)
  const wakes = new Set<() => void>()
  const engine = {
    ...database.engine,
    wake: () => {
      for (const wake of wakes) wake()
    },
  }
  const open = () =>
    createFeed(engine, {
      onWake: (listener) => {
        wakes.add(listener)
        return () => void wakes.delete(listener)
      },
      limits,
    })
  const feed = open()
  database.beforeEnd(() => feed.stop())
  const act = (action: string, targets: string[], input: Row = {}) =>
    perform(engine, { actor: owner, resource: 'room', action, targets, input })
  const create = (code: string, more: Row = {}) => act('create', [], { code, ...more })
  const update = (code: string, input: Row) => act('update', [code], input)
  return { ...database, engine, feed, open, act, create, update }
}

const items = (messages: FeedMessage[]) =>
  messages.flatMap((each) => (each.kind === 'event' ? [each.event.item] : []))

test('a subscriber is told what becomes of the records that it wants, as each event left them', async (t) => {
  const { feed, act, create, update } = await house(t)
  const few = listen(feed, { actor: viewer, resource: 'rooms', filter: compare('doors', '<', 3) })
  await few.until(ready)
  await create('a', { doors: 1, pin: '1234' })
  await create('b', { doors: 9 })
  await update('a', { doors: 2 })
  await update('a', { doors: 5 })
  await update('b', { keeper: 'somebody' })
  await update('b', { doors: 0 })
  await act('archive', ['b'])
  await act('restore', ['b'])
  await few.until(events(6))
  assert.deepEqual(few.told(), [
    'a added 1',
    'a changed 2',
    'a removed 3',
    'b added 3',
    'b removed 4',
    'b added 5',
  ])
  assert.deepEqual(
    items(few.messages).map((item) => item && [item.version, item.doors, 'pin' in item]),
    [[1, 1, false], [2, 2, false], null, [3, 0, false], null, [5, 0, false]],
  )
  const [first] = few.messages.filter((each) => each.kind === 'event')
  assert.deepEqual(Object.keys(first.event), [
    ...['time', 'change', 'actor', 'action', 'resource', 'record', 'version', 'key', 'effect', 'item'],
  ])
  assert.equal(await few.leave(), undefined)
})

test('what is read later is told as it was: the past is laid back over the present', async (t) => {
  const { feed, create, update, act, pool } = await house(t)
  const before = listen(feed, { actor: viewer, resource: 'room' })
  await before.until(ready)
  const id = before.last()!
  await before.leave()
  const stay = { start: '2026-03-01', end: '2026-03-04' }
  await create('a', { doors: 1, stay, cost: { amount: 900, currency: 'AED' } })
  await update('a', { doors: 2, stay: null })
  await update('a', { cost: { amount: 1_000, currency: 'AED' } })
  await act('archive', ['a'])
  await create('gone', { doors: 7 })
  await pool.query("delete from room where code = 'gone'")
  const late = listen(feed, {
    actor: viewer,
    resource: 'room',
    after: id,
    fields: ['doors', 'stay', 'cost', 'version', 'updated_at'],
  })
  await late.until(events(4))
  const [made, changed, priced, archived] = items(late.messages) as Row[]
  const times = await pool.query('select time from event order by position')
  const at = (index: number) => times.rows[index].time
  const cost = { amount: 900, currency: 'AED' }
  assert.deepEqual(made, { version: 1, updated_at: at(0), doors: 1, stay, cost })
  assert.deepEqual(changed, { version: 2, updated_at: at(1), doors: 2, stay: null, cost })
  assert.deepEqual(priced, {
    version: 3,
    updated_at: at(2),
    doors: 2,
    stay: null,
    cost: { amount: 1_000, currency: 'AED' },
  })
  assert.equal(archived, null)
  assert.equal(
    late.messages.length,
    5,
    'nothing is told of a record that is not there and of which the log does not know more',
  )
  await late.leave()
})

test('rules hide: what may not be read leaves no trace, and leaving tells no more than the leaving', async (t) => {
  const { feed, create, update } = await house(t)
  const own = listen(feed, { actor: keeper, resource: 'room', snapshot: true })
  await own.until(ready)
  await create('hidden', { keeper: 'test:other' })
  await update('hidden', { doors: 4 })
  await create('mine', { keeper: keeper.id })
  await update('mine', { doors: 1 })
  await update('mine', { keeper: 'test:other', code: 'renamed' })
  await update('renamed', { keeper: keeper.id })
  await own.until(events(4))
  assert.deepEqual(own.told(), ['mine added 1', 'mine changed 2', 'mine removed 3', 'renamed added 4'])
  assert.ok(!JSON.stringify(own.messages).includes('hidden'))
  await own.leave()
})

test('a filter on a derived field: what cannot be known of before is told rather than left out', async (t) => {
  const { feed, create, update } = await house(t)
  const many = listen(feed, { actor: viewer, resource: 'room', filter: compare('windows', '>', 4) })
  await many.until(ready)
  await create('a', { doors: 3 })
  await update('a', { doors: 4 })
  await update('a', { doors: 1 })
  await update('a', { doors: 5 })
  await many.until(events(4))
  const shown = new Map<string, unknown>()
  for (const each of many.messages)
    if (each.kind === 'event') {
      if (each.event.effect === 'removed') shown.delete(each.event.record)
      else shown.set(each.event.record, each.event.item!.doors)
    }
  assert.deepEqual([...shown.values()], [5])
  await many.leave()
})

test('a snapshot and what follows are one whole, also beside transactions that are under way', async (t) => {
  const { feed, create, update, pool } = await house(t)
  for (const code of ['a', 'b', 'c']) await create(code, { doors: 1 })
  const early = await begin(pool)
  await early.query("update room set doors = 50, version = version + 1 where code = 'a'")
  await log(early, 'a', 2, { doors: 1 }, { doors: 50 })
  await update('b', { doors: 2 })
  const all = listen(feed, { actor: viewer, resource: 'room', snapshot: true })
  await all.until(ready)
  await update('c', { doors: 3 })
  const ids = [all.last()!]
  await early.query('commit')
  early.release()
  await all.until(events(2))
  assert.deepEqual(snapshotOf(all.messages), ['a 1', 'b 2', 'c 1'])
  assert.deepEqual(all.told(), ['a changed 2', 'c changed 2'])
  ids.push(...all.messages.flatMap((each) => (each.kind === 'event' ? [each.id] : [])))
  await all.leave()
  // Every id goes on exactly behind its message; b's change lies among them in the log and was in the snapshot.
  for (const [index, after] of ids.entries()) {
    const again = listen(feed, { actor: viewer, resource: 'room', after })
    await again.until(events(2 - index))
    await update('c', { doors: 10 + index })
    await again.until(events(3 - index + index))
    assert.deepEqual(again.told().slice(0, 2 - index), ['a changed 2', 'c changed 2'].slice(index))
    await again.leave()
  }
})

test('a transaction that began early and wrote late: the last word about a record is its newest row', async (t) => {
  const { feed, create, update, pool } = await house(t)
  await create('a', { doors: 1 })
  const filter = compare('doors', '=', 2)
  const seen = listen(feed, { actor: viewer, resource: 'room', filter })
  await seen.until(ready)
  const early = await begin(pool)
  await early.query('select pg_current_xact_id()')
  await update('a', { doors: 2 })
  // A second subscriber begins in between and has version 2 in its snapshot.
  const between = listen(feed, { actor: viewer, resource: 'room', filter, snapshot: true })
  await between.until(ready)
  await early.query("update room set doors = 3, version = version + 1 where code = 'a'")
  await log(early, 'a', 3, { doors: 2 }, { doors: 3 })
  await early.query('commit')
  early.release()
  await create('end', { doors: 2 })
  for (const each of [seen, between])
    await each.until((messages) => messages.some((one) => one.kind === 'event' && one.event.key === 'end'))
  assert.deepEqual(snapshotOf(between.messages), ['a 2'])
  assert.deepEqual(between.told(), ['a removed 3', 'end added 1'])
  assert.deepEqual(
    seen.told(),
    ['end added 1'],
    'version 3 comes first in the log, and the record never stays',
  )
  await Promise.all([seen.leave(), between.leave()])
})

test('late commits are neither lost nor doubled', async (t) => {
  const { feed, create, pool } = await house(t)
  const all = listen(feed, { actor: viewer, resource: 'room' })
  await all.until(ready)
  await create('first')
  const late = await begin(pool)
  await insert(late, 'late')
  await create('after')
  await all.until(events(1))
  await new Promise((resolve) => setTimeout(resolve, 700))
  assert.deepEqual(
    all.told(),
    ['first added 1'],
    'nothing is told past a transaction that may still commit before it',
  )
  await late.query('commit')
  late.release()
  await all.until(events(3))
  assert.deepEqual(all.told(), ['first added 1', 'late added 1', 'after added 1'])
  await all.leave()
})

test('a slow subscriber is ended, told how to go on, and goes on; others do not notice', async (t) => {
  const { feed, create } = await house(t, { queueMessages: 20 })
  const signal = new AbortController()
  const stalled = feed.subscribe({ actor: viewer, resource: 'room' }, signal.signal)[Symbol.asyncIterator]()
  await stalled.next()
  const first = stalled.next()
  const quick = listen(feed, { actor: viewer, resource: 'room' })
  await quick.until(ready)
  await create('r0')
  const taken = (await first).value as { id: string }
  for (let index = 1; index <= 30; index++) {
    await create(`r${index}`)
    await quick.until(events(index + 1))
  }
  await assert.rejects(stalled.next(), (error) => {
    assert.ok(error instanceof Problem && error.code === 'feed.slow' && error.status === 503, String(error))
    assert.ok(error.message.includes(taken.id), error.message)
    return true
  })
  const again = listen(feed, { actor: viewer, resource: 'room', after: taken.id })
  await again.until(events(30))
  assert.deepEqual(
    again.told(),
    Array.from({ length: 30 }, (_, index) => `r${index + 1} added 1`),
  )
  await Promise.all([quick.leave(), again.leave()])
})

const refused: [
  string,
  { actor?: Actor; resource?: string; after?: string; fields?: string[]; filter?: Rule; snapshot?: boolean },
  number,
  string,
][] = [
  ['no such resource', { resource: 'rum' }, 404, 'not_found'],
  ['a reader without any right', { actor: keeper, resource: 'product' }, 403, 'forbidden'],
  ['an id that is none', { after: 'x' }, 400, 'cursor'],
  ['an id of other letters', { after: Buffer.from('1.2.3').toString('base64url') }, 400, 'cursor'],
  ['an endless id', { after: 'A'.repeat(100_000) }, 400, 'cursor'],
  [
    'an id that the log does not hold',
    { after: Buffer.from('77.12').toString('base64url') },
    410,
    'feed.gone',
  ],
  ['a secret field', { fields: ['pin'] }, 400, 'fields'],
  ['too large a snapshot', { snapshot: true }, 400, 'feed.size'],
]
test('a subscription that cannot be is refused with its reason', async (t) => {
  const { feed, create } = await house(t, { snapshotRecords: 2 })
  for (const code of ['a', 'b', 'c']) await create(code, { keeper: 'x' })
  for (const [what, request, status, code] of refused) {
    const error = await listen(feed, { actor: viewer, resource: 'room', ...request }).ended
    assert.ok(error instanceof Problem, `${what}: ${error}`)
    assert.deepEqual([error.status, error.code], [status, code], what)
  }
  const none = listen(feed, { actor: keeper, resource: 'room', snapshot: true })
  await none.until(ready)
  assert.deepEqual(none.messages.length, 1, 'what may not be read does not count')
  await none.leave()
})

test('a feed that stops tells its subscribers, and a stopped one takes none', async (t) => {
  const { open, create } = await house(t)
  const feed = open()
  const all = listen(feed, { actor: viewer, resource: 'room' })
  await all.until(ready)
  await create('a')
  await all.until(events(1))
  await feed.stop()
  for (const each of [await all.ended, await listen(feed, { actor: viewer, resource: 'room' }).ended])
    assert.ok(each instanceof Problem && each.code === 'closing', String(each))
})

function snapshotOf(messages: FeedMessage[]): string[] {
  return messages.flatMap((each) =>
    each.kind === 'snapshot' ? each.items.map(({ code, doors }) => `${code} ${doors}`) : [],
  )
}

async function begin(pool: Pool) {
  const client = await pool.connect()
  await client.query('begin')
  return client
}

type Client = Awaited<ReturnType<typeof begin>>

async function log(client: Client, code: string, version: number, before: Row, after: Row): Promise<void> {
  await client.query(
    `insert into event (change, actor, action, resource, record, key, version, before, after)
select gen_random_uuid(), 'test', 'update', 'room', id, code, $2, $3, $4 from room where code = $1`,
    [code, version, before, after],
  )
}

async function insert(client: Client, code: string): Promise<void> {
  await client.query(
    `with made as (insert into room (id, code) values (gen_random_uuid(), $1) returning id)
insert into event (change, actor, action, resource, record, key, version, after)
select gen_random_uuid(), 'test', 'create', 'room', id, $1, 1, jsonb_build_object('code', $1::text) from made`,
    [code],
  )
}
