/** What a backup's name tells: its own time (UTC) and its place in the order in which backups were made. */
export type BackupName = { name: string; createdAt: Date; sequence: number }

const NAME = /^serai_(\d{4})(\d\d)(\d\d)_(\d\d)(\d\d)(\d\d)(\d{3})Z_(\d{4,})$/
/** A file of the predecessor: `products_YYYYMMDD_HHMMSS.json`, local time of its machine, taken as UTC. */
const PREDECESSOR = /^products_(\d{4})(\d\d)(\d\d)_(\d\d)(\d\d)(\d\d)\.json$/
const SEQUENCE_DIGITS = 4

/** `serai_20260131_093000500Z_0042`: names sort by time; the sequence tells apart what one millisecond made. */
export function backupName(time: Date, sequence: number): string {
  const [date, clock] = time.toISOString().replaceAll(/[-:.]/g, '').split('T')
  return `serai_${date}_${clock}_${String(sequence).padStart(SEQUENCE_DIGITS, '0')}`
}

/** Null when it is not a backup's name, or names no real time. */
export function parseBackupName(name: string): BackupName | null {
  const match = NAME.exec(name)
  if (!match) return null
  const [year, month, day, hour, minute, second, millisecond, sequence] = match
    .slice(1)
    .map(Number) as number[]
  const createdAt = new Date(Date.UTC(year!, month! - 1, day, hour, minute, second, millisecond))
  const parsed = { name, createdAt, sequence: sequence! }
  return backupName(createdAt, sequence!) === name ? parsed : null
}

/** When a file of the predecessor was made, or null when it is none. */
export function parsePredecessorName(name: string): Date | null {
  const match = PREDECESSOR.exec(name)
  if (!match) return null
  const [year, month, day, hour, minute, second] = match.slice(1).map(Number) as number[]
  return new Date(Date.UTC(year!, month! - 1, day, hour, minute, second))
}
