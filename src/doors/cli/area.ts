import type { Command } from 'commander'
import { perform } from '../../engine/perform.ts'
import type { AreaCommand, CommandContext } from '../../kernel/command.ts'
import { Problem } from '../../kernel/problem.ts'
import type { BackupService } from '../services.ts'
import { type Context, type Opened, withServices } from './context.ts'
import { EXIT } from './failure.ts'
import { print } from './print.ts'
import { withProgress } from './progress.ts'
import type { Register } from './register.ts'

/** A command that an area brings; it gets the two paths as the person at the keyboard, and nothing else of the house. */
export function areaCommand(register: Register, command: AreaCommand): void {
  const { name, description, example, options, run } = command
  const shape = (shaped: Command) =>
    options.reduce((each, option) => each.option(option.flags, option.description), shaped)
  register(name, description, example, shape, (context, given) =>
    withServices(context, async (opened) => {
      const { json, text, ok = true } = await run(commandContext(context, opened, given))
      print(context, json, text)
      return ok ? EXIT.ok : EXIT.failed
    }),
  )
}

function commandContext(
  context: Context,
  { services: { engine, backups, database }, actor }: Opened,
  options: Record<string, unknown>,
): CommandContext {
  return {
    perform: (action) => perform(engine, { ...action, actor }),
    backup: (reason) => withProgress(context, 'backing up', () => provenBackup(backups, reason)),
    backups: async () => (await backups.list()).length,
    prompt: async (question) => (context.io.isTerminal ? context.io.prompt(question) : null),
    database,
    options,
  }
}

async function provenBackup(backups: BackupService, reason: string): Promise<{ name: string }> {
  const backup = await backups.take(reason, { verify: true })
  if (backup.verified) return backup
  throw new Problem(
    422,
    'backup.unverified',
    'Backup not verified',
    `The backup ${backup.name} did not verify: ${backup.problem ?? 'no reason was given'}. Nothing was changed.`,
  )
}
