import { CommanderError } from 'commander'
import type { Fault } from '../../kernel/fault.ts'
import type { Io } from './context.ts'
import { first, note } from './print.ts'
import { USAGE } from './usage.ts'

/** 0 done · 1 failed, nothing changed · 2 wrong usage · 130 interrupted. */
export const EXIT = { ok: 0, failed: 1, usage: 2, interrupted: 130 } as const

const FAULTS_SHOWN = 100

/** What went wrong, as it is told. `hint` says what to do when the detail does not. */
type Told = { code: string; detail: string; faults: readonly Fault[]; exit: number; hint?: string }
type Thrown = Error & { code?: string; faults?: readonly Fault[]; errors?: Error[] }

/** Tells what a command threw, for people and with `--json` as `{"error": {code, detail, errors}}`, and gives the exit code. */
export function fail(thrown: unknown, options: { json: boolean; help: string }, io: Io): number {
  if (thrown instanceof CommanderError && /^commander\.(help|version)/.test(thrown.code))
    return thrown.exitCode === 0 ? EXIT.ok : EXIT.failed
  // Whoever read our output has seen enough: `serai export … | head`.
  if ((thrown as Thrown).code === 'EPIPE') return EXIT.ok
  const { code, detail, faults, exit, hint } = tell(thrown, options.help, io.signal.aborted)
  note(io, hidePasswords(code === 'interrupted' ? detail : `Error: ${detail}`))
  const lines = faults.map((each) => `  ${each.path}${each.path ? ' ' : ''}${each.detail}`)
  for (const line of first(lines, FAULTS_SHOWN, 'faults')) note(io, hidePasswords(line))
  if (hint) note(io, hint)
  if (io.env.DEBUG) note(io, hidePasswords((thrown as Error).stack ?? ''))
  if (options.json)
    io.stdout.write(
      `${JSON.stringify({ error: { code, detail: hidePasswords(detail), errors: faults } }, null, 2)}\n`,
    )
  return exit
}

function tell(thrown: unknown, help: string, interrupted: boolean): Told {
  const { message, code, faults = [], errors } = thrown as Thrown
  if (interrupted)
    return {
      code: 'interrupted',
      detail: 'Interrupted; nothing half done remains.',
      faults: [],
      exit: EXIT.interrupted,
    }
  if (thrown instanceof CommanderError)
    return {
      code: USAGE,
      detail: message.replace(/^error: /, ''),
      faults,
      exit: EXIT.usage,
      hint: `See: ${help}`,
    }
  if (code === USAGE) return { code: USAGE, detail: message, faults, exit: EXIT.usage, hint: `See: ${help}` }
  // Refusals of our own have a code in lower case; PostgreSQL's and the system's are in capitals and digits.
  if (code !== undefined && /^[a-z]/.test(code)) return { code, detail: message, faults, exit: EXIT.failed }
  const words = SYSTEM[code ?? '']
  if (words) return { code: code!, detail: `${words} (${message})`, faults, exit: EXIT.failed }
  return {
    code: code ?? 'failed',
    detail: message || errors?.[0]?.message || code || String(thrown),
    faults,
    exit: EXIT.failed,
    hint: 'This was not foreseen. "serai doctor" looks at the house; DEBUG=1 shows where it happened.',
  }
}

const FULL = 'The disk is full; nothing half done remains. Free some space and try again'
const GONE = 'The database went away; what was not finished was rolled back. Try again'
const SYSTEM: Record<string, string> = {
  ENOSPC: FULL,
  EDQUOT: FULL,
  '53100': FULL,
  '57P01': GONE,
  '57P02': GONE,
  '57P03': GONE,
  ECONNREFUSED: GONE,
  ECONNRESET: GONE,
}

/** `postgresql://user:secret@host` and `password=secret`, as they may stand in a message of a library, without the secret. */
export function hidePasswords(text: string): string {
  return text
    .replaceAll(/(\b[a-z][a-z0-9+.-]*:\/\/[^\s/:@]*):[^\s]*@/gi, '$1:***@')
    .replaceAll(/(\bpassword\s*=\s*)('[^']*'|[^\s&]+)/gi, '$1***')
}
