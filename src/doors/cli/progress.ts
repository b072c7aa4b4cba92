import type { Progress } from '../services.ts'
import type { Context } from './context.ts'
import { plain } from './print.ts'

const AFTER_MS = 1_000
const EVERY_MS = 100
const BAR_CHARACTERS = 30
const LINE_CHARACTERS = 79
const WIPE = '\r\u001b[K'

/**
 * Shows on a terminal how far some work is, once it takes longer than a second, ten times a second, and wipes it away at the end.
 * Where standard error is not a terminal nothing is shown. `what` is shown until the work says something itself.
 */
export async function withProgress<Result>(
  { io }: Context,
  what: string,
  work: (progress: Progress) => Promise<Result>,
): Promise<Result> {
  let line = what
  if (!io.isTerminal) return work(() => undefined)
  const started = performance.now()
  let shown = false
  const timer = setInterval(() => {
    const elapsedMs = performance.now() - started
    if (elapsedMs < AFTER_MS) return
    shown = true
    io.stderr.write(`${WIPE}${plain(`${line}  ${Math.floor(elapsedMs / 1000)} s`).slice(0, LINE_CHARACTERS)}`)
  }, EVERY_MS)
  try {
    return await work((done, total, now) => {
      line = bar(done, total, now)
    })
  } finally {
    clearInterval(timer)
    if (shown) io.stderr.write(WIPE)
  }
}

/** `[██████        ] writing 400 of 1000`; without a bar while the total is not known. */
export function bar(done: number, total: number, what: string): string {
  if (total <= 0) return done > 0 ? `${what} ${done}` : what
  const filled = Math.round((Math.min(done, total) / total) * BAR_CHARACTERS)
  return `[${'█'.repeat(filled)}${' '.repeat(BAR_CHARACTERS - filled)}] ${what} ${done} of ${total}`
}
