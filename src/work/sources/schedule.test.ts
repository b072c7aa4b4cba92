import assert from 'node:assert/strict'
import { test } from 'node:test'
import { firstRun, nextRun, type SourceSchedule } from './schedule.ts'

const now = new Date('2026-11-21T09:00:00Z')
const none: SourceSchedule = { every_minutes: null, cron: null, time_zone: 'UTC', jitter_seconds: 0 }
const every = (minutes: number) => ({ ...none, every_minutes: minutes })
const cron = (line: string, time_zone = 'UTC') => ({ ...none, cron: line, time_zone })

const cases: [string, SourceSchedule, { failures?: number; random: number }, string | null][] = [
  ['no schedule', none, { random: 0 }, null],
  ['every 15 minutes', every(15), { random: 0 }, '2026-11-21T09:15:00.000Z'],
  ['with half its jitter', { ...every(15), jitter_seconds: 60 }, { random: 0.5 }, '2026-11-21T09:15:30.000Z'],
  ['a cron line', cron('30 3 * * *'), { random: 0 }, '2026-11-22T03:30:00.000Z'],
  ['a cron line of Dubai', cron('30 3 * * *', 'Asia/Dubai'), { random: 0 }, '2026-11-21T23:30:00.000Z'],
  [
    'the hour that summer time skips',
    cron('30 2 29 3 *', 'Europe/Berlin'),
    { random: 0 },
    '2027-03-29T00:30:00.000Z',
  ],
  ['the first failure waits a minute', every(1), { failures: 1, random: 0 }, '2026-11-21T09:01:00.000Z'],
  ['the fifth waits 16', every(1), { failures: 5, random: 0 }, '2026-11-21T09:16:00.000Z'],
  ['the hundredth waits 6 hours', every(1), { failures: 100, random: 0 }, '2026-11-21T15:00:00.000Z'],
  ['a rare one waits for its time', every(1_440), { failures: 3, random: 0 }, '2026-11-22T09:00:00.000Z'],
]

test('when a source runs next', () => {
  for (const [name, schedule, options, expected] of cases)
    assert.equal(nextRun(schedule, now, options)?.toISOString() ?? null, expected, name)
})

test('a new source runs at once, or when its cron line says', () => {
  assert.equal(firstRun(every(60), now, 0)?.toISOString(), '2026-11-21T09:00:00.000Z')
  assert.equal(firstRun(cron('30 3 * * *'), now, 0)?.toISOString(), '2026-11-22T03:30:00.000Z')
  assert.equal(firstRun(none, now, 0), null)
})
