import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { addEvents, fixture, forge, namesIn } from './fixture.testing.ts'
import { backupName } from './name.ts'
import { type RetentionPolicy, type Rotated, retention } from './retention.ts'

const DAY_MS = 24 * 60 * 60 * 1000
const NOW = new Date('2026-06-15T12:00:00Z')
const POLICY: RetentionPolicy = { days: 7, weeks: 4, months: 12, verifiedMin: 2 }

function backup(daysAgo: number, more: Partial<Rotated> = {}, sequence = 1): Rotated {
  const time = new Date(NOW.getTime() - daysAgo * DAY_MS)
  return {
    name: backupName(time, sequence),
    kind: 'serai',
    created_at: time.toISOString(),
    verified: true,
    pinned: false,
    sha256: 'x',
    ...more,
  }
}

const cases: {
  what: string
  backups: Rotated[]
  kept: boolean[]
  policy?: Partial<RetentionPolicy>
  why?: RegExp
}[] = [
  { what: 'nothing', backups: [], kept: [] },
  {
    what: 'everything of seven days, verified or not',
    backups: [backup(6.9, { verified: false }), backup(3), backup(1)],
    kept: [true, true, true],
  },
  {
    what: 'the newest two verified ones, however old',
    backups: [backup(900), backup(800), backup(790), backup(3, { verified: false })],
    policy: { weeks: 0, months: 0 },
    kept: [false, true, true, true],
  },
  {
    what: 'one dated in the future',
    backups: [backup(-400), backup(0), backup(1)],
    kept: [true, true, true],
    why: /clock/,
  },
  {
    what: 'a pinned one',
    backups: [backup(700, { pinned: true }), backup(1), backup(0)],
    kept: [true, true, true],
    why: /pinned/,
  },
  {
    what: 'one that cannot be read',
    backups: [backup(700, { sha256: null, verified: false }), backup(1), backup(0)],
    kept: [true, true, true],
    why: /by hand/,
  },
  {
    what: 'a file of the predecessor',
    backups: [backup(700, { kind: 'json', sha256: null }), backup(1), backup(0)],
    kept: [true, true, true],
    why: /predecessor/,
  },
  {
    what: 'one whose name and manifest disagree',
    backups: [{ ...backup(700), created_at: '2020-01-01T00:00:00.000Z' }, backup(1), backup(0)],
    kept: [true, true, true],
    why: /disagree/,
  },
  {
    what: 'nothing is removed while none is verified',
    backups: [backup(500, { verified: false }), backup(499, { verified: false })],
    kept: [true, true],
    policy: { weeks: 0, months: 0 },
    why: /no backup is verified/,
  },
  {
    what: 'the last verified of a week rather than a younger unverified one',
    backups: [backup(13), backup(12.9, { verified: false }), backup(1), backup(0)],
    kept: [true, false, true, true],
    policy: { months: 0 },
    why: /week of 2026-06-01/,
  },
  {
    what: 'longer when the setting says so',
    backups: [backup(20, { verified: false }), backup(1), backup(0)],
    kept: [true, true, true],
    policy: { days: 30, weeks: 0, months: 0 },
  },
]
for (const { what, backups, kept, policy, why } of cases)
  test(`keeps ${what}`, () => {
    const verdicts = retention(backups, NOW, { ...POLICY, ...policy })
    assert.deepEqual(
      verdicts.map(({ keep }) => keep),
      kept,
    )
    if (why) assert.match(verdicts[0]!.why, why)
  })

test('daily backups over two years leave the days, four weeks and twelve months', () => {
  const backups = Array.from({ length: 730 }, (_, day) => backup(730 - day - 0.5, {}, day + 1))
  const kept = retention(backups, NOW, POLICY).filter(({ keep }) => keep)
  // 7 days; 4 weeks, of which two end within those days; 12 months, of which June does too, and May ends with a kept week.
  assert.equal(kept.length, 7 + 2 + 10)
})

test('whatever there is: order, pins, futures, the last verified and the young are kept', () => {
  const any = fc.record({
    daysAgo: fc.integer({ min: -30, max: 1000 }),
    verified: fc.boolean(),
    pinned: fc.boolean(),
  })
  fc.assert(
    fc.property(fc.array(any, { maxLength: 60 }), fc.integer({ min: 0, max: 40 }), (list, days) => {
      const backups = list.map(({ daysAgo, ...more }, index) => backup(daysAgo, more, index + 1))
      const verdicts = retention(backups, NOW, { ...POLICY, days })
      assert.deepEqual(
        verdicts.map(({ name }) => name),
        backups.map(({ name }) => name),
      )
      const removed = new Set(verdicts.filter(({ keep }) => !keep).map(({ name }) => name))
      const past = backups.filter(({ created_at }) => created_at <= NOW.toISOString())
      const newestVerified = past
        .filter(({ verified }) => verified)
        .toSorted((a, b) => (a.created_at < b.created_at ? 1 : -1))
      const mayGo = (each: Rotated) =>
        past.includes(each) && !each.pinned && NOW.getTime() - Date.parse(each.created_at) >= days * DAY_MS
      for (const each of backups) if (removed.has(each.name)) assert.ok(mayGo(each), each.name)
      assert.ok(
        newestVerified.filter(({ name }) => !removed.has(name)).length >= Math.min(2, newestVerified.length),
      )
      // What is left is what a second rotation at the same moment leaves.
      const left = backups.filter(({ name }) => !removed.has(name))
      assert.ok(retention(left, NOW, { ...POLICY, days }).every(({ keep }) => keep))
    }),
  )
})

test('rotation follows every proved backup and removes whole folders; a dry run removes nothing', async (t) => {
  let now = new Date('2026-01-01T00:00:00Z')
  const house = await fixture(t, { now: () => now })
  const names: string[] = []
  for (const day of ['2026-01-05', '2026-01-06', '2026-01-07', '2026-01-08']) {
    now = new Date(`${day}T00:00:00Z`)
    await addEvents(house, 1)
    names.push((await house.backups.take(day)).name)
  }
  now = new Date('2026-01-20T00:00:00Z')
  const dry = await house.backups.prune({ dryRun: true })
  assert.deepEqual(
    dry.map(({ keep }) => keep),
    [false, false, true, true],
  )
  assert.equal((await namesIn(house.folder)).length, 4)
  await house.backups.take('not proved', { verify: false })
  assert.equal((await namesIn(house.folder)).length, 5)
  await Promise.all([house.backups.prune(), house.backups.prune()])
  assert.deepEqual((await namesIn(house.folder)).slice(0, -1), names.slice(2))
  await house.backups.take('proved')
  // Of the old week the last one stays, and as the last of its month none does beside the new ones.
  assert.deepEqual((await namesIn(house.folder)).slice(0, -2), [names[3]])
})

test('data that did not change for eight days keeps its last proof', async (t) => {
  let now = new Date('2026-01-01T00:00:00Z')
  const house = await fixture(t, { now: () => now, retentionDays: 1 })
  await addEvents(house, 1)
  const only = await house.backups.take('long ago')
  now = new Date('2026-01-09T00:00:00Z')
  assert.equal((await house.backups.take('again', { reuse: true })).name, only.name)
  await house.backups.prune()
  assert.deepEqual(await namesIn(house.folder), [only.name])
})

test('a clock that was set back: the backups of before are kept, the latest made is the latest', async (t) => {
  let now = new Date('2026-05-01T00:00:00Z')
  const house = await fixture(t, { now: () => now })
  await addEvents(house, 1)
  const ahead = await house.backups.take('ahead')
  now = new Date('2026-03-01T00:00:00Z')
  await addEvents(house, 1)
  const back = await house.backups.take('back')
  assert.equal((await house.backups.take('again', { reuse: true })).name, back.name)
  assert.deepEqual(
    (await house.backups.prune()).map(({ name, keep }) => [name, keep]),
    [
      [back.name, true],
      [ahead.name, true],
    ],
  )
})

test('a pinned backup survives', async (t) => {
  let now = new Date('2025-01-01T00:00:00Z')
  const house = await fixture(t, { now: () => now, retentionDays: 0 })
  const pinned = await house.backups.take('keep', { pinned: true })
  assert.equal(pinned.pinned, true)
  await forge(house.folder, pinned.name, ({ state }) => {
    state.verified_at = null
  })
  now = new Date('2026-06-01T00:00:00Z')
  for (const reason of ['a', 'b']) await house.backups.take(reason)
  assert.ok((await namesIn(house.folder)).includes(pinned.name))
})
