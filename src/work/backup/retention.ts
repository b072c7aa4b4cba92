import { parseBackupName } from './name.ts'
import { discard, listShelf } from './shelf.ts'
import type { BackupInfo, Context, RetentionVerdict } from './types.ts'

/** What rotation needs to know of a backup. */
export type Rotated = Pick<BackupInfo, 'name' | 'kind' | 'created_at' | 'verified' | 'pinned'> & {
  sha256: string | null
}
/** How much is kept: everything younger than `days`, then one a week and one a month, for as many that have one. */
export type RetentionPolicy = { days: number; weeks: number; months: number; verifiedMin: number }

const WEEKS = 4
const MONTHS = 12
const VERIFIED_MIN = 2
const DAY_MS = 24 * 60 * 60 * 1000

/** Removes the backups that the policy lets go; `dryRun` only says which and why. */
export async function prune(context: Context, options: { dryRun?: boolean }): Promise<RetentionVerdict[]> {
  const policy = { days: context.retentionDays, weeks: WEEKS, months: MONTHS, verifiedMin: VERIFIED_MIN }
  const verdicts = retention(await listShelf(context.folder), context.now(), policy)
  if (options.dryRun) return verdicts
  for (const { name, keep } of verdicts) if (!keep) await discard(context.folder, name)
  return verdicts
}

/**
 * Which backups to keep, and why: grandfather-father-son by each backup's own time, never by that of its files. The
 * order of the answer is that of `backups`.
 */
export function retention(
  backups: readonly Rotated[],
  now: Date,
  policy: RetentionPolicy,
): RetentionVerdict[] {
  const reasons = new Map<string, string>()
  const keep = (backup: Rotated, why: string) => reasons.get(backup.name) ?? reasons.set(backup.name, why)
  for (const backup of backups) {
    const why = alwaysKept(backup, now, policy)
    if (why) keep(backup, why)
  }
  const rotated = backups.filter((backup) => isRotated(backup, now)).toSorted(newestFirst)
  const verified = rotated.filter((backup) => backup.verified)
  for (const backup of verified.slice(0, policy.verifiedMin))
    keep(backup, `one of the newest ${policy.verifiedMin} verified`)
  for (const [week, backup] of newestOfEach(rotated, weekOf, policy.weeks))
    keep(backup, `the last of the week of ${week}`)
  for (const [month, backup] of newestOfEach(rotated, monthOf, policy.months))
    keep(backup, `the last of ${month}`)
  const none = verified.length === 0 ? 'nothing is removed while no backup is verified' : undefined
  return backups.map(({ name }) => {
    const why = reasons.get(name) ?? none
    return {
      name,
      keep: why !== undefined,
      why: why ?? `older than ${policy.days} days and not the last of a kept week or month`,
    }
  })
}

function alwaysKept(backup: Rotated, now: Date, policy: RetentionPolicy): string | undefined {
  if (backup.kind === 'json') return 'made by the predecessor; not ours to remove'
  if (backup.sha256 === null) return 'cannot be read; look at it before you remove it by hand'
  if (parseBackupName(backup.name)?.createdAt.toISOString() !== backup.created_at)
    return 'its name and its manifest disagree on its time'
  if (backup.pinned) return 'pinned'
  const age = now.getTime() - Date.parse(backup.created_at)
  if (age < 0) return 'dated in the future; is the clock right?'
  if (age < policy.days * DAY_MS) return `younger than ${policy.days} days`
  return undefined
}

/** Only a backup whose time can be trusted takes the place of a week or month. */
function isRotated(backup: Rotated, now: Date): boolean {
  return backup.kind === 'serai' && backup.sha256 !== null && Date.parse(backup.created_at) <= now.getTime()
}

/** The newest of each week or month, a verified one before any other; the newest `count` weeks or months that have one. */
function newestOfEach(
  backups: readonly Rotated[],
  periodOf: (backup: Rotated) => string,
  count: number,
): [string, Rotated][] {
  const periods = Map.groupBy(backups, periodOf)
  return [...periods].slice(0, count).map(([period, [first, ...rest]]) => {
    const best = first!.verified ? first! : (rest.find(({ verified }) => verified) ?? first!)
    return [period, best]
  })
}

function newestFirst(a: Rotated, b: Rotated): number {
  if (a.created_at !== b.created_at) return a.created_at < b.created_at ? 1 : -1
  return a.name < b.name ? 1 : -1
}

function monthOf({ created_at }: Rotated): string {
  return created_at.slice(0, 'YYYY-MM'.length)
}

/** The Monday of its week, in UTC. */
function weekOf({ created_at }: Rotated): string {
  const time = new Date(created_at)
  const sinceMonday = (time.getUTCDay() + 6) % 7
  return new Date(time.getTime() - sinceMonday * DAY_MS).toISOString().slice(0, 'YYYY-MM-DD'.length)
}
