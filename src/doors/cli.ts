import { Command, CommanderError } from 'commander'
import { perform } from '../engine/perform.ts'
import type { AreaCommand } from '../kernel/command.ts'
import type { Fault } from '../kernel/fault.ts'
import { accessCommands } from './cli/access.ts'
import { backupCommands } from './cli/backups.ts'
import { clientCommands } from './cli/clients.ts'
import { type Host, type Io, print, withServices } from './cli/context.ts'
import { exportCommand } from './cli/export.ts'
import { historyCommands } from './cli/history.ts'
import { houseCommands } from './cli/house.ts'
import { importCommands } from './cli/imports.ts'
import { ingestCommand } from './cli/ingest.ts'
import { jobCommands } from './cli/jobs.ts'
import { peopleCommands } from './cli/people.ts'
import { promoteCommand } from './cli/promote.ts'
import { recordCommands } from './cli/records.ts'
import type { Handler, Register } from './cli/register.ts'
import { sourceCommands } from './cli/sources.ts'
import type { BackupService } from './services.ts'

export type { Host, Io } from './cli/context.ts'

const EXIT = { ok: 0, failed: 1, usage: 2, interrupted: 130 } as const
const FAULTS_SHOWN = 100

/** Runs one command line and returns its exit code: 0 done, 1 failed and nothing changed, 2 wrong usage, 130 interrupted. */
export async function runCli(argv: string[], host: Host, io: Io): Promise<number> {
  let code: number = EXIT.ok
  const program = buildProgram(host, io, (result) => {
    code = result
  })
  const json = argv.includes('--json')
  try {
    if (argv.length === 0) {
      program.outputHelp()
      return EXIT.failed
    }
    await program.parseAsync(argv, { from: 'user' })
    return io.signal.aborted && code === EXIT.failed ? EXIT.interrupted : code
  } catch (error) {
    return fail(error, json, io)
  }
}

/** `--database`, `--home` and `--db-path`, wherever they stand, as the environment that the settings read. */
export function globalEnvironment(argv: string[], env: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  const value = (flag: string) => {
    const index = argv.findIndex((each) => each === flag || each.startsWith(`${flag}=`))
    return index < 0
      ? undefined
      : argv[index].startsWith(`${flag}=`)
        ? argv[index].slice(flag.length + 1)
        : argv[index + 1]
  }
  const database = value('--database')
  const home = value('--home') ?? value('--db-path')
  return {
    ...(database === undefined ? {} : { DATABASE_URL: database }),
    ...(home === undefined ? {} : { SERAI_HOME: home }),
    ...(env.CATALOG_DB_PATH && !env.SERAI_HOME && home === undefined
      ? { SERAI_HOME: env.CATALOG_DB_PATH }
      : {}),
  }
}

function buildProgram(host: Host, io: Io, settle: (code: number) => void): Command {
  const program = globals(new Command('serai'))
    .description('The back office you can always take back.')
    .version(host.version)
    .exitOverride()
    .showSuggestionAfterError()
    .configureOutput({
      writeOut: (text) => void io.stdout.write(text),
      writeErr: (text) => void io.stderr.write(text),
    })
    .addHelpText('after', '\nEvery command explains itself: serai ingest --help')
  const register: Register = (name, description, example, shape, handler) => {
    const command = globals(shape(program.command(name).description(description))).addHelpText(
      'after',
      `\nExample:\n  ${example}`,
    )
    command.action((...given: unknown[]) => run(handler, given, host, io, settle))
  }
  houseCommands(register)
  ingestCommand(register)
  importCommands(register)
  recordCommands(register)
  historyCommands(register)
  exportCommand(register)
  sourceCommands(register)
  promoteCommand(register)
  backupCommands(register)
  jobCommands(register)
  peopleCommands(register)
  accessCommands(register)
  clientCommands(register)
  for (const command of host.areas) areaCommand(register, command)
  return program
}

function globals(command: Command): Command {
  return command
    .option('--json', 'one JSON document on stdout, for machines')
    .option('--database <url>', 'a PostgreSQL 15 or newer instead of the embedded one (DATABASE_URL)')
    .option('--home <dir>', "Serai's folder (SERAI_HOME, .serai)")
    .option('--db-path <dir>', 'the same as --home')
}

// Commander calls with the positional arguments (those that may be many as one list), the options, and the command itself.
async function run(
  handler: Handler,
  given: unknown[],
  host: Host,
  io: Io,
  settle: (code: number) => void,
): Promise<void> {
  const command = given.at(-1) as Command
  const positional = given.slice(0, -2).flat() as string[]
  const options = command.optsWithGlobals<Record<string, unknown>>()
  settle((await handler({ host, io, json: Boolean(options.json) }, options, ...positional)) ?? EXIT.ok)
}

function areaCommand(
  register: Register,
  { name, description, example, options, run: work }: AreaCommand,
): void {
  const shape = (command: Command) =>
    options.reduce((shaped, option) => shaped.option(option.flags, option.description), command)
  register(name, description, example, shape, (context, given) =>
    withServices(context, async ({ services: { engine, backups }, actor }) => {
      const {
        json,
        text,
        ok = true,
      } = await work({
        perform: (action) => perform(engine, { ...action, actor }),
        backup: (reason) => provenBackup(backups, reason),
        backups: async () => (await backups.list()).length,
        prompt: async (question) => (context.io.isTerminal ? context.io.prompt(question) : null),
        options: given,
      })
      print(context, json, text)
      return ok ? EXIT.ok : EXIT.failed
    }),
  )
}

async function provenBackup(backups: BackupService, reason: string): Promise<{ name: string }> {
  const backup = await backups.take(reason, { verify: true })
  if (!backup.verified)
    throw new Error(
      `The backup ${backup.name} did not verify: ${backup.problem ?? 'unknown reason'}. Nothing was changed.`,
    )
  return backup
}

type Failure = Error & { code?: string; status?: number; faults?: readonly Fault[] }

function fail(thrown: unknown, json: boolean, io: Io): number {
  if (thrown instanceof CommanderError)
    return ['commander.helpDisplayed', 'commander.version'].includes(thrown.code)
      ? EXIT.ok
      : thrown.code === 'commander.help'
        ? EXIT.failed
        : EXIT.usage
  if (io.signal.aborted) {
    io.stderr.write('Interrupted; nothing half done remains.\n')
    return EXIT.interrupted
  }
  const error = thrown as Failure
  // Whoever read our output has seen enough: `serai export … | head`.
  if (error.code === 'EPIPE') return EXIT.ok
  const faults = error.faults ?? []
  io.stderr.write(`Error: ${error.message}\n`)
  const told = faults.length === 1 && error.message.includes(faults[0].detail)
  for (const fault of told ? [] : faults.slice(0, FAULTS_SHOWN))
    io.stderr.write(`  ${fault.path}${fault.path ? ' ' : ''}${fault.detail}\n`)
  if (error.code === undefined)
    io.stderr.write('Run "serai doctor" to look at the house; DEBUG=1 shows where it happened.\n')
  if (io.env.DEBUG) io.stderr.write(`${error.stack}\n`)
  if (json)
    io.stdout.write(
      `${JSON.stringify({ error: { code: error.code ?? 'failed', detail: error.message, errors: faults } })}\n`,
    )
  return error.code === 'usage' ? EXIT.usage : EXIT.failed
}
