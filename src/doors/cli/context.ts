import type { Readable, Writable } from 'node:stream'
import type { Actor } from '../../kernel/actor.ts'
import type { AreaCommand } from '../../kernel/command.ts'
import type { Progress, Promotion, Services } from '../services.ts'

/** Everything that a command may ask of the composition root; opened only when needed, so that `--help` needs no database. */
export type Host = {
  version: string
  /** resource that `ingest` fills when none is named. */
  defaultResource: string
  tokenResource: string
  /** resources of grants, of clients and of their keys. */
  accessResources: { grant: string; client: string; key: string }
  areas: AreaCommand[]
  open(options: { migrate: boolean; onProgress?(message: string): void }): Promise<Opened>
  serve(options: { demo: boolean; work: boolean; port?: number; host?: string }): Promise<void>
  work(): Promise<void>
  migrate: {
    status(): Promise<{ name: string; applied_at: string | null }[]>
    up(): Promise<{ ran: string[]; backup: string | null }>
    down(count: number): Promise<{ ran: string[]; backup: string | null }>
  }
  doctor(): Promise<{ name: string; ok: boolean; detail: string }[]>
}
export type Opened = {
  services: Services
  actor: Actor
  /** opens another installation, by its address and token or by its home folder. */
  promotion(place: { to: string; token?: string; database?: string }): Promise<Promotion>
  people: PeopleByHand
  close(): Promise<void>
}

/** What only whoever holds the machine may do for people. */
export type PeopleByHand = {
  /** a link to hand over; null when nobody is known by that address or phone. */
  link(login: string): Promise<{ url: string; minutes: number } | null>
  /** a new key, and how many secrets were sealed anew. */
  rotateKeys(): Promise<{ key: string; resealed: number }>
}

/** The terminal. */
export type Io = {
  stdout: Writable
  stderr: Writable
  stdin: Readable
  isTerminal: boolean
  env: NodeJS.ProcessEnv
  /** aborted by Ctrl-C. */
  signal: AbortSignal
  prompt(question: string): Promise<string>
}

/** What every command gets. */
export type Context = { host: Host; io: Io; json: boolean }

/** The environment in which nobody has to be told where they are. */
const QUIET = 'development'

/** Opens the services for one command and closes them whatever happens. */
export async function withServices<Result>(
  { host, io }: Context,
  work: (opened: Opened) => Promise<Result>,
): Promise<Result> {
  const opened = await host.open({
    migrate: true,
    onProgress: (message) => void io.stderr.write(`${message}\n`),
  })
  const { environment } = opened.services
  if (environment !== QUIET) io.stderr.write(`Environment: ${environment}\n`)
  try {
    return await Promise.race([work(opened), interruption(io.signal)])
  } finally {
    await opened.close()
  }
}

/** Rejects when Ctrl-C is pressed; closing the services then rolls back what is under way. */
function interruption(signal: AbortSignal): Promise<never> {
  return new Promise((_resolve, reject) => {
    const stop = () => reject(new Error('Interrupted'))
    if (signal.aborted) stop()
    else signal.addEventListener('abort', stop, { once: true })
  })
}

/** Prints one JSON document for machines, or the text for people. */
export function print({ io, json }: Context, document: unknown, text: string): void {
  io.stdout.write(json ? `${JSON.stringify(document, null, 2)}\n` : `${text}\n`)
}

/** Aligned columns. */
export function table(header: string[], rows: string[][]): string {
  const widths = header.map((title, column) =>
    Math.max(title.length, ...rows.map((row) => row[column].length)),
  )
  return [header, ...rows]
    .map((row) =>
      row
        .map((cell, column) => cell.padEnd(widths[column]))
        .join('  ')
        .trimEnd(),
    )
    .join('\n')
}

const PROGRESS_AFTER_MS = 1_000
const PROGRESS_EVERY_MS = 100
const BAR_CHARACTERS = 30

/** A bar on a terminal, once the work takes longer than a second. `end` wipes it away. */
export function progressBar({ io }: Context): { progress: Progress; end(): void } {
  const started = performance.now()
  let shown = 0
  return {
    progress(done, total, what) {
      const now = performance.now()
      if (!io.isTerminal || now - started < PROGRESS_AFTER_MS || now - shown < PROGRESS_EVERY_MS) return
      shown = now
      const filled = total ? Math.round((done / total) * BAR_CHARACTERS) : 0
      const bar = total ? `[${'█'.repeat(filled)}${' '.repeat(BAR_CHARACTERS - filled)}] ` : ''
      io.stderr.write(`\r\u001b[K${bar}${what} ${done}${total ? ` of ${total}` : ''}`)
    },
    end() {
      if (shown) io.stderr.write('\r\u001b[K')
    },
  }
}
