import { Command } from 'commander'
import { areaCommand } from './cli/area.ts'
import { backupCommands } from './cli/backups.ts'
import type { Host, Io } from './cli/context.ts'
import { exportCommand } from './cli/export.ts'
import { EXIT, fail } from './cli/failure.ts'
import { houseCommands } from './cli/house.ts'
import { importCommands } from './cli/imports.ts'
import { ingestCommand } from './cli/ingest.ts'
import type { Handler, Register } from './cli/register.ts'
import { restoreCommand } from './cli/restore.ts'
import { tokenCommand } from './cli/token.ts'
import { undoCommand } from './cli/undo.ts'

export type { Host, Io } from './cli/context.ts'
export { globalEnvironment } from './cli/environment.ts'

/** Runs one command line and returns its exit code: 0 done, 1 failed and nothing changed, 2 wrong usage, 130 interrupted. */
export async function runCli(argv: string[], host: Host, io: Io): Promise<number> {
  let code: number = EXIT.ok
  const program = buildProgram(host, io, (result) => {
    code = result
  })
  try {
    if (argv.length === 0) {
      program.outputHelp()
      return EXIT.failed
    }
    await program.parseAsync(argv, { from: 'user' })
    return io.signal.aborted && code === EXIT.failed ? EXIT.interrupted : code
  } catch (error) {
    return fail(error, { json: argv.includes('--json'), help: helpFor(program, argv) }, io)
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
      // Told once, with everything else that fails.
      outputError: () => undefined,
    })
    .addHelpText('after', '\nEvery command explains itself: serai ingest --help')
  const register: Register = (name, description, example, shape, handler) => {
    const command = globals(shape(program.command(name).description(description)))
    command.addHelpText('after', `\nExample:\n  ${example}`)
    command.action((...given: unknown[]) => run(handler, given, host, io, settle))
  }
  houseCommands(register)
  ingestCommand(register)
  importCommands(register)
  undoCommand(register)
  exportCommand(register)
  backupCommands(register)
  restoreCommand(register)
  for (const command of host.areas) areaCommand(register, command)
  tokenCommand(register)
  return program
}

/** Understood before the command and after it. */
function globals(command: Command): Command {
  return command
    .option('--json', 'one JSON document on stdout, for machines')
    .option('--database <url>', 'a PostgreSQL 15 or newer instead of the embedded one (DATABASE_URL)')
    .option('--home <dir>', "Serai's folder (SERAI_HOME, .serai)")
    .option('--db-path <dir>', 'the same as --home')
}

// Commander calls with the positional arguments, then the options, then the command itself.
async function run(
  handler: Handler,
  given: unknown[],
  host: Host,
  io: Io,
  settle: (code: number) => void,
): Promise<void> {
  const command = given.at(-1) as Command
  const positional = given.slice(0, -2) as string[]
  const options = command.optsWithGlobals<Record<string, unknown>>()
  settle((await handler({ host, io, json: Boolean(options.json) }, options, ...positional)) ?? EXIT.ok)
}

function helpFor(program: Command, argv: string[]): string {
  const command = program.commands.find((each) => argv.includes(each.name()))
  return command ? `serai ${command.name()} --help` : 'serai --help'
}
