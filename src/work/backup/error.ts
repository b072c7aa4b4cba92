import { statfs } from 'node:fs/promises'
import pg from 'pg'
import { Problem, type Status } from '../../kernel/problem.ts'
import { describeError } from '../../store/snapshot.ts'

const STATUS = {
  'backup.not_found': 404,
  'backup.altered': 422, // truncated, changed, a file missing
  'backup.too_new': 422, // written by a newer Serai, in form or in schema
  'backup.schema': 409, // the live schema is not the one to restore into
  'backup.not_restorable': 422, // a file of the predecessor
  'backup.unverified': 422, // loading it into a scratch database gave something else
  'backup.disk_full': 507,
  'backup.refused': 409, // the server does not let us: rights, locks
  'backup.failed': 500,
} satisfies Record<string, Status>

export type BackupErrorCode = keyof typeof STATUS

/** Why a backup was not taken, verified or restored; whatever was there before is untouched. */
export class BackupError extends Problem {
  declare readonly code: BackupErrorCode
  constructor(code: BackupErrorCode, message: string, cause?: unknown) {
    super(STATUS[code], code, 'Backup', message)
    this.name = 'BackupError'
    this.cause = cause
  }
}

const DISK_FULL = new Set(['ENOSPC', 'EDQUOT', 'EFBIG'])
/** PostgreSQL's own `disk_full`: the scratch database did not fit. */
const POSTGRES_DISK_FULL = '53100'
const INSUFFICIENT_PRIVILEGE = '42501'
const LOCK_NOT_AVAILABLE = new Set(['55P03', '40P01'])

/** What went wrong while a backup was written, as an error that says what to do. `needed` in bytes. */
export async function explainWrite(error: unknown, folder: string, needed: number): Promise<Error> {
  const { code } = error as NodeJS.ErrnoException
  if (!code || !DISK_FULL.has(code)) return explainServer(error)
  const { bavail, bsize } = await statfs(folder)
  return new BackupError(
    'backup.disk_full',
    `The disk of ${folder} is full (${code}): ${humanSize(bavail * bsize)} are free, this backup needs about ` +
      `${humanSize(needed)}. The unfinished backup was removed, the older ones are untouched. ` +
      'Free some space or run `serai prune-backups`, then try again.',
    error,
  )
}

/** What PostgreSQL refused, as an error that says what to do; errors that are not its own pass unchanged. */
export function explainServer(error: unknown): Error {
  if (!(error instanceof pg.DatabaseError)) return error as Error
  const { code = '' } = error
  const said = describeError(error)
  if (code === POSTGRES_DISK_FULL)
    return new BackupError('backup.disk_full', `${DATABASE_FULL} PostgreSQL says: ${said}`, error)
  if (code === INSUFFICIENT_PRIVILEGE)
    return new BackupError('backup.refused', `${RIGHTS_MISSING} PostgreSQL says: ${said}`, error)
  if (LOCK_NOT_AVAILABLE.has(code))
    return new BackupError('backup.refused', `${BUSY} PostgreSQL says: ${said}`, error)
  return new BackupError(
    'backup.failed',
    `PostgreSQL refused it; nothing was changed. It says: ${said}`,
    error,
  )
}

const DATABASE_FULL =
  'The disk of the database is full; nothing was changed. Proving a backup needs about as much room there as the tables ' +
  'themselves: free some, then try again.'
const RIGHTS_MISSING =
  "Serai's role in PostgreSQL lacks a right; nothing was changed. It must own its tables, and may create databases " +
  '(as a superuser: ALTER ROLE … CREATEDB), because a backup is proved in a scratch database.'
const BUSY =
  'Something else keeps working on the tables; nothing was changed. Wait for it or stop it, then try again.'

const UNITS = ['B', 'KB', 'MB', 'GB', 'TB']

/** Base 1024, one decimal: `12.3 MB`. */
export function humanSize(bytes: number): string {
  const step = Math.min(Math.floor(Math.log2(Math.max(bytes, 1)) / 10), UNITS.length - 1)
  return `${step === 0 ? bytes : (bytes / 1024 ** step).toFixed(1)} ${UNITS[step]}`
}
