import { Cron } from 'croner'

/** When a source runs: every so many minutes, or by a cron line of five fields in a time zone. */
export type SourceSchedule = {
  every_minutes: number | null
  cron: string | null
  time_zone: string
  jitter_seconds: number
}

const BACKOFF_FIRST_MS = 60_000
const BACKOFF_MAX_MS = 6 * 3_600_000

/**
 * The next run after `now`; null without a schedule. Runs are spread by up to `jitter_seconds` (`random` is 0..1), and after
 * failures in a row wait at least 1, 2, 4, … minutes, up to 6 hours.
 */
export function nextRun(
  schedule: SourceSchedule,
  now: Date,
  options: { failures?: number; random: number },
): Date | null {
  const planned = plannedRun(schedule, now)
  if (planned === null) return null
  const { failures = 0, random } = options
  const patience = failures > 0 ? Math.min(BACKOFF_FIRST_MS * 2 ** (failures - 1), BACKOFF_MAX_MS) : 0
  const earliest = Math.max(planned, now.getTime() + patience)
  return new Date(earliest + Math.floor(random * schedule.jitter_seconds * 1_000))
}

/** The first run of a source that has not run yet: at once, or when its cron line says. */
export function firstRun(schedule: SourceSchedule, now: Date, random: number): Date | null {
  if (schedule.cron) return nextRun(schedule, now, { random })
  return schedule.every_minutes === null
    ? null
    : new Date(now.getTime() + Math.floor(random * schedule.jitter_seconds * 1_000))
}

function plannedRun({ every_minutes, cron, time_zone }: SourceSchedule, now: Date): number | null {
  if (every_minutes !== null) return now.getTime() + every_minutes * 60_000
  if (cron === null) return null
  return new Cron(cron, { timezone: time_zone, mode: '5-part' }).nextRun(now)?.getTime() ?? null
}
