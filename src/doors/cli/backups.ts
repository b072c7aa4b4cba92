import type { Command } from 'commander'
import { Problem } from '../../kernel/problem.ts'
import { humanBytes } from '../../kernel/text.ts'
import type { BackupInfo, BackupService, TableDiff } from '../services.ts'
import { type Context, print, table, withServices } from './context.ts'
import type { Register } from './register.ts'

const NAMED = (command: Command) => command.argument('<name>', 'a backup, as list-backups shows it')

/** backup, list-backups, verify-backup, diff-backup, prune-backups, drill, restore: copies that prove themselves. */
export function backupCommands(register: Register): void {
  register(
    'backup',
    'Takes a consistent snapshot of everything, and proves it by restoring it into a scratch database.',
    'serai backup',
    (command) =>
      command.option('--no-verify', 'do not prove it now').option('--reason <text>', 'why', 'by hand'),
    backup,
  )
  register(
    'list-backups',
    'Lists the backups there are, oldest first.',
    'serai list-backups',
    (command) => command,
    list,
  )
  register(
    'verify-backup',
    'Restores a backup into a scratch database and compares every table.',
    'serai verify-backup serai_20261121_053132406Z_0001',
    NAMED,
    verify,
  )
  register(
    'diff-backup',
    'Says what restoring a backup would add, change and remove.',
    'serai diff-backup serai_20261121_053132406Z_0001',
    NAMED,
    diff,
  )
  register(
    'prune-backups',
    'Removes backups that are past their time, and says why each is kept or removed.',
    'serai prune-backups --dry-run',
    (command) => command.option('--dry-run', 'remove nothing'),
    prune,
  )
  register(
    'drill',
    'Restores the newest verified backup into a scratch database and says how long it took.',
    'serai drill',
    (command) => command,
    drill,
  )
  register(
    'restore',
    'Puts the database back to a backup: shows the difference, asks, backs up what is there, then swaps in one transaction.',
    'serai restore serai_20261121_053132406Z_0001 --dry-run',
    (command) => NAMED(command).option('--dry-run', 'only show the difference').option('--yes', 'do not ask'),
    restore,
  )
}

const withBackups = <Result>(context: Context, work: (backups: BackupService) => Promise<Result>) =>
  withServices(context, ({ services }) => work(services.backups))

async function backup(context: Context, options: Record<string, unknown>): Promise<number> {
  return withBackups(context, async (backups) => {
    const made = await backups.take(String(options.reason), { verify: options.verify !== false })
    const proof = made.verified
      ? 'verified: restored and compared'
      : options.verify === false
        ? 'not verified'
        : `NOT verified: ${made.problem}`
    print(
      context,
      made,
      `Backup ${made.name}\n  size     ${humanBytes(made.size_bytes)}\n  sha256   ${made.sha256}\n  ${proof}`,
    )
    return made.verified || options.verify === false ? 0 : 1
  })
}

async function list(context: Context): Promise<number> {
  return withBackups(context, async (backups) => {
    const all = await backups.list()
    const row = (each: BackupInfo) => [
      each.name,
      each.created_at.slice(0, 19).replace('T', ' '),
      humanBytes(each.size_bytes),
      each.reason,
      each.problem ? `no: ${each.problem}` : each.verified ? 'yes' : 'not yet',
    ]
    print(
      context,
      all,
      all.length
        ? table(['Filename', 'Created', 'Size', 'Reason', 'Verified'], all.map(row))
        : 'INFO: there are no backups yet. Make one with: serai backup',
    )
    return 0
  })
}

async function verify(context: Context, _options: unknown, name: string): Promise<number> {
  return withBackups(context, async (backups) => {
    const report = await backups.verify(name)
    print(
      context,
      report,
      report.ok
        ? `${name} is good: restored and compared in ${report.duration_ms} ms`
        : `${name} is NOT good:\n  ${report.problems.join('\n  ')}`,
    )
    return report.ok ? 0 : 1
  })
}

async function diff(context: Context, _options: unknown, name: string): Promise<number> {
  return withBackups(context, async (backups) => {
    const tables = await backups.diff(name)
    print(context, tables, diffText(tables))
    return 0
  })
}

async function prune(context: Context, options: Record<string, unknown>): Promise<number> {
  return withBackups(context, async (backups) => {
    const verdicts = await backups.prune({ dryRun: Boolean(options.dryRun) })
    const remove = options.dryRun ? 'would remove' : 'removed'
    print(
      context,
      verdicts,
      verdicts.length
        ? table(
            ['Backup', 'Verdict', 'Why'],
            verdicts.map(({ name, keep, why }) => [name, keep ? 'kept' : remove, why]),
          )
        : 'INFO: there are no backups.',
    )
    return 0
  })
}

async function drill(context: Context): Promise<number> {
  return withBackups(context, async (backups) => {
    const report = await backups.drill()
    print(
      context,
      report,
      report.ok
        ? `${report.name} was restored and compared in ${report.duration_ms} ms`
        : `${report.name} could NOT be restored:\n  ${report.problems.join('\n  ')}`,
    )
    return report.ok ? 0 : 1
  })
}

async function restore(context: Context, options: Record<string, unknown>, name: string): Promise<number> {
  return withBackups(context, async (backups) => {
    if (!context.json) context.io.stdout.write(`${diffText(await backups.diff(name))}\n`)
    if (!options.dryRun && !options.yes) await confirm(context, name)
    const report = await backups.restore(name, { dryRun: Boolean(options.dryRun) })
    print(
      context,
      report,
      options.dryRun
        ? 'Nothing was restored (dry run).'
        : `Restored ${name}. What was there before is in ${report.backup}.`,
    )
    return 0
  })
}

async function confirm({ io }: Context, name: string): Promise<void> {
  if (!io.isTerminal)
    throw new Problem(
      400,
      'restore.unconfirmed',
      'Not confirmed',
      'Nobody can be asked here (no terminal). Nothing was restored; say --yes if it is meant.',
    )
  const typed = await io.prompt(`Type the name of the backup to restore it: `)
  if (typed !== name)
    throw new Problem(
      400,
      'restore.unconfirmed',
      'Not confirmed',
      `That was not ${name}. Nothing was restored.`,
    )
}

function diffText(tables: TableDiff[]): string {
  const changed = tables.filter((each) => each.added + each.removed + each.changed > 0)
  if (changed.length === 0) return 'The backup holds exactly what is there now.'
  return table(
    ['Table', 'Now', 'Backup', 'Added', 'Changed', 'Removed'],
    changed.map((each) =>
      [each.table, each.before, each.after, each.added, each.changed, each.removed].map(String),
    ),
  )
}
