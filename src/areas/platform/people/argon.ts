import { type Argon2Parameters, argon2 } from 'node:crypto'
import { promisify } from 'node:util'
import { Problem } from '../../../kernel/problem.ts'

/** Cost of a hash: `memory` in KiB, `passes` over it, `lanes` side by side. */
export type Cost = { memory: number; passes: number; lanes: number }

/** The least that OWASP advises for argon2id; 16 to 23 ms on one core. */
export const COST: Cost = { memory: 19_456, passes: 2, lanes: 1 }
export const TAG_BYTES = 32

const AT_ONCE = 4
const WAITING_MAX = 200
const BUSY_SECONDS = 2

const hash = promisify(argon2) as (name: string, parameters: Argon2Parameters) => Promise<Buffer>

let running = 0
const waiting: (() => void)[] = []

/** Argon2id (RFC 9106). At most 4 at a time and 200 in line, so that guessing cannot take the machine; then 503. */
export async function argon2id(message: string, nonce: Buffer, cost: Cost = COST): Promise<Buffer> {
  await turn()
  try {
    return await hash('argon2id', {
      message,
      nonce,
      memory: cost.memory,
      passes: cost.passes,
      parallelism: cost.lanes,
      tagLength: TAG_BYTES,
    })
  } finally {
    running--
    waiting.shift()?.()
  }
}

async function turn(): Promise<void> {
  if (running >= AT_ONCE) {
    if (waiting.length >= WAITING_MAX)
      throw new Problem(
        503,
        'sign_in.busy',
        'Busy',
        `Too many sign in at once. Try again in ${BUSY_SECONDS} s.`,
      )
    await new Promise<void>((resolve) => waiting.push(resolve))
  }
  running++
}
