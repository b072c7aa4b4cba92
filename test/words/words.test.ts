import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { exportDocuments } from '../../src/engine/export.ts'
import { perform } from '../../src/engine/perform.ts'
import { parseQuery } from '../../src/engine/query.ts'
import { read } from '../../src/engine/read.ts'
import type { Row } from '../../src/kernel/field.ts'
import { Problem } from '../../src/kernel/problem.ts'
import { owner, testEngine } from '../support/database.ts'
import { eventCount, ingest } from '../support/engine.ts'
import { booking, bookingTable } from './booking.ts'
import { lessons, lessonTables } from './lessons.ts'

async function house(t: TestContext) {
  const { engine, pool } = await testEngine(t, [booking, ...lessons])
  await pool.query(bookingTable + lessonTables)
  const act = (resource: string, action: string, input: unknown, targets: string[] = []) =>
    perform(engine, { actor: owner, resource, action, input, targets })
  return { engine, pool, act }
}

const stay = (start: string, end: string, external_code: string, property = 'flat-7'): Row => ({
  property,
  guest_name: 'Amal',
  stay: { start, end },
  source: 'Airbnb',
  external_code,
})

async function refusal(work: Promise<unknown>): Promise<Problem> {
  const error = await work.then(
    () => assert.fail('it was not refused'),
    (reason) => reason,
  )
  assert.ok(error instanceof Problem, String(error))
  return error
}

test('bookings: the database refuses an overlap by name, and takes back-to-back and cancelled stays', async (t) => {
  const { act } = await house(t)
  const first = await act('booking', 'create', stay('2026-03-01', '2026-03-05', 'A'))
  const overlap = await refusal(act('booking', 'create', stay('2026-03-04', '2026-03-06', 'B')))
  assert.equal(overlap.status, 409)
  assert.equal(overlap.message, 'Two stays of one property may not overlap.')
  await act('booking', 'create', stay('2026-03-05', '2026-03-08', 'C'))
  await act('booking', 'create', stay('2026-03-04', '2026-03-06', 'D', 'flat-8'))
  await act('booking', 'cancel', {}, [first.records[0].id as string])
  await act('booking', 'create', stay('2026-03-01', '2026-03-05', 'E'))
})

test('bookings: states move by their verbs only', async (t) => {
  const { act } = await house(t)
  const { records } = await act('booking', 'create', stay('2026-03-01', '2026-03-05', 'A'))
  const id = records[0].id as string
  assert.equal(records[0].state, 'booked')
  assert.match(
    (await refusal(act('booking', 'begin', {}, [id]))).message,
    /is booked; begin needs it to be confirmed/,
  )
  assert.equal((await act('booking', 'confirm', {}, [id])).records[0].state, 'confirmed')
  assert.equal((await refusal(act('booking', 'update', { state: 'completed' }, [id]))).status, 422)
})

test('bookings: an import has a verdict for each row, and a period is two columns of a file', async (t) => {
  const { engine, pool, act } = await house(t)
  await act('booking', 'create', stay('2026-03-01', '2026-03-05', 'A'))
  const file = (start: string, end: string, code: string) => ({
    property: 'flat-7',
    guest_name: 'Amal',
    stay_start: start,
    stay_end: end,
    source: 'Airbnb',
    external_code: code,
  })
  const { planned } = await ingest(
    engine,
    'booking',
    [
      file('2026-03-01', '2026-03-05', 'A'),
      file('2026-04-01', '2026-04-05', 'B'),
      file('2026-05-05', '2026-05-01', 'C'),
    ],
    { apply: false },
  )
  assert.deepEqual(
    {
      created: planned.counts.created,
      unchanged: planned.counts.unchanged,
      rejected: planned.counts.rejected,
    },
    { created: 1, unchanged: 1, rejected: 1 },
  )
  const [exported] = await Array.fromAsync(exportDocuments(engine, owner, 'booking', { archived: 'without' }))
  assert.deepEqual(exported[0], { ...file('2026-03-01', '2026-03-05', 'A'), host: null })
  const before = await eventCount(pool)
  const { applied } = await ingest(
    engine,
    'booking',
    [file('2026-03-02', '2026-03-06', 'A'), file('2026-04-01', '2026-04-05', 'B')],
    { apply: true },
  )
  assert.equal(applied?.counts.updated, 1)
  assert.equal(applied?.counts.created, 1)
  assert.equal((await eventCount(pool)) - before, 2)
})

test('bookings: a natural key of three fields is unique, and filters know periods', async (t) => {
  const { engine, act } = await house(t)
  await act('booking', 'create', stay('2026-03-01', '2026-03-05', 'A'))
  assert.equal(
    (await refusal(act('booking', 'create', stay('2026-06-01', '2026-06-05', 'A')))).message,
    'This confirmation is here already.',
  )
  const { items } = await read(
    engine,
    owner,
    'bookings',
    parseQuery(engine, 'booking', { filter: 'property == "flat-7" && state != "cancelled"' }),
  )
  assert.deepEqual(
    items.map((item) => item.stay),
    [{ start: '2026-03-01', end: '2026-03-05' }],
  )
})

test('lessons: a tree with order and publication, expanded one hop', async (t) => {
  const { engine, act } = await house(t)
  let parent: string | undefined
  for (const { name } of lessons) {
    const { records } = await act(name, 'create', {
      code: `${name}-1`,
      title: name,
      ...(parent ? { parent } : {}),
    })
    parent = records[0].id as string
    assert.equal(records[0].is_published, false)
  }
  const topic = (await read(engine, owner, 'topic', parseQuery(engine, 'topic', {}))).items[0].id
  await act('lesson', 'create', { code: 'lesson-0', title: 'First', parent: topic, sort_order: 0 })
  await act('lesson', 'update', { sort_order: 5 }, ['lesson-1'])
  await act('lesson', 'publish', {}, ['lesson-0', 'lesson-1'])
  const { items } = await read(
    engine,
    owner,
    'lessons',
    parseQuery(engine, 'lesson', { sort: 'sort_order,code', expand: 'parent', is_published: 'true' }),
  )
  assert.deepEqual(
    items.map((item) => [item.code, (item.parent as Row).code]),
    [
      ['lesson-0', 'topic-1'],
      ['lesson-1', 'topic-1'],
    ],
  )
  const orphan = await refusal(
    act('lesson', 'create', { code: 'x', title: 'x', parent: '01890000-0000-7000-8000-000000000000' }),
  )
  assert.equal(orphan.status, 409)
})
