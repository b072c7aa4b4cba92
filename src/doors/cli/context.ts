import type { Readable, Writable } from 'node:stream'
import type { Actor } from '../../kernel/actor.ts'
import type { AreaCommand } from '../../kernel/command.ts'
import type { Services } from '../services.ts'
import { untilInterrupted } from './interrupt.ts'
import { note } from './print.ts'

/** Everything that a command may ask of the composition root; opened only when needed, so that `--help` needs no database. */
export type Host = {
  version: string
  /** resource that `ingest` fills when none is named. */
  defaultResource: string
  /** resource whose actions make and revoke tokens. */
  tokenResource: string
  /** commands that the areas bring. */
  areas: AreaCommand[]
  open(options: { migrate: boolean; onProgress?(message: string): void }): Promise<Opened>
  /** runs until Ctrl-C. */
  serve(options: { demo: boolean; port?: number; host?: string }): Promise<void>
  /** runs until Ctrl-C. */
  work(): Promise<void>
  migrate: {
    status(): Promise<{ name: string; applied_at: string | null }[]>
    up(): Promise<{ ran: string[]; backup: string | null }>
    down(count: number): Promise<{ ran: string[]; backup: string | null }>
  }
  doctor(): Promise<{ name: string; ok: boolean; detail: string }[]>
}

/** An open house, and who asks: the person at the keyboard. */
export type Opened = { services: Services; actor: Actor; close(): Promise<void> }

/** The terminal. */
export type Io = {
  stdout: Writable
  stderr: Writable
  stdin: Readable
  /** a person can be asked, and sees standard error. */
  isTerminal: boolean
  env: NodeJS.ProcessEnv
  /** aborted by Ctrl-C. */
  signal: AbortSignal
  prompt(question: string): Promise<string>
}

/** What every command gets. */
export type Context = { host: Host; io: Io; json: boolean }

/** Opens the services for one command and closes them whatever happens; Ctrl-C cuts their connections. */
export async function withServices<Result>(
  { host, io }: Context,
  work: (opened: Opened) => Promise<Result>,
): Promise<Result> {
  const opened = await host.open({ migrate: true, onProgress: (message) => note(io, message) })
  try {
    return await untilInterrupted(opened.services.engine.pool, io.signal, () => work(opened))
  } finally {
    await opened.close()
  }
}
