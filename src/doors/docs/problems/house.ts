import { type ProblemTable, problem } from './table.ts'

const SOON = 'Try again after as many seconds as Retry-After says.'
const backup = (status: number, meaning: string, remedy: string) => problem(status, 'Backup', meaning, remedy)
const migration = (meaning: string, remedy: string) => problem(409, 'Migration refused', meaning, remedy)

/** What is the matter with the house itself: nothing was changed, and the caller is not to blame. */
export const houseProblems: ProblemTable = {
  internal: problem(
    500,
    'Internal error',
    'A mistake of ours. The answer says no more, so that nothing leaks.',
    'Look into the log under the request_id, and tell us.',
  ),
  closing: problem(503, 'Shutting down', 'This process is being stopped.', SOON),
  'database.unavailable': problem(503, 'Database unavailable', 'The database does not answer.', SOON),
  'database.busy': problem(503, 'Database busy', 'No connection to the database came free in time.', SOON),
  'database.timeout': problem(
    503,
    'Took too long',
    'The database took too long for this question.',
    'Narrow the question, or try again.',
  ),
  'storage.full': problem(
    507,
    'Disk full',
    'A disk is full; nothing was changed.',
    'Free some space and try again.',
  ),
  'backup.not_found': backup(404, 'There is no such backup.', 'List them with "serai backups".'),
  'backup.altered': backup(422, 'The backup was cut, changed, or misses a file.', 'Use another one.'),
  'backup.too_new': backup(
    422,
    'The backup was made by a newer Serai.',
    'Install that release, or a newer one.',
  ),
  'backup.schema': backup(
    409,
    'The schema is not the one to restore into.',
    'Migrate first, as the detail says.',
  ),
  'backup.not_restorable': backup(
    422,
    'The file is of a kind that cannot be restored.',
    'Import it instead.',
  ),
  'backup.unverified': backup(
    422,
    'Loading the backup gave something else than it says.',
    'Use another one.',
  ),
  'backup.disk_full': backup(507, 'The disk is full; the older backups are untouched.', 'Free some space.'),
  'backup.refused': backup(
    409,
    'The database server does not let us: rights, or locks.',
    'Mend it as the detail says.',
  ),
  'backup.failed': backup(
    500,
    'The backup failed for a reason nobody expected.',
    'The detail and the log say more.',
  ),
  'restore.unconfirmed': problem(
    400,
    'Not confirmed',
    'Nothing was restored, because nobody confirmed it.',
    'Say the name that is asked for, or use --yes.',
  ),
  'migration.newer': migration(
    'The database is newer than this release.',
    'Install the release that made it.',
  ),
  'migration.gap': migration('A step is missing below one that was made.', 'Put the missing file back.'),
  'migration.unknown': migration('There is no such step.', 'Look at "serai migrate status".'),
  'migration.misnamed': migration('A file is not named like 0001_name.sql.', 'Rename it.'),
  'migration.failed': migration(
    'PostgreSQL refused a step; it was rolled back.',
    'Mend it as the detail says.',
  ),
}
