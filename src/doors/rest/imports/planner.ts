import type { FastifyBaseLogger } from 'fastify'
import type { Actor } from '../../../kernel/actor.ts'
import type { Row } from '../../../kernel/field.ts'
import type { Services } from '../../services.ts'

/** Each plan reads its file in a process of its own, with up to 512 MB; more of them wait in line. */
const AT_ONCE_MAX = 2
/** A request that waits longer for its plan is told where to look for it. */
const PATIENCE_MS = 5_000
const CLOSING_MS = 10_000

/** Plans imports behind the requests that brought them. */
export type Planner = {
  /** The planned import; null when it is not there yet, and the planning goes on. Throws what the plan threw. */
  plan(id: string, actor: Actor, log: FastifyBaseLogger): Promise<Row | null>
  /** Waits for what is being planned, but not for ever. */
  close(): Promise<void>
}

/** Its plans outlive their requests: one that hung up does not stop the plan that others may be waiting for. */
export function createPlanner({ imports }: Pick<Services, 'imports'>): Planner {
  const running = new Set<Promise<unknown>>()
  const waiting: (() => void)[] = []
  let free = AT_ONCE_MAX

  async function inTurn(id: string, actor: Actor): Promise<Row> {
    if (free > 0) free--
    else await new Promise<void>((resolve) => waiting.push(resolve))
    try {
      return await imports.plan(id, { actor })
    } finally {
      const next = waiting.shift()
      if (next) next()
      else free++
    }
  }

  return {
    async plan(id, actor, log) {
      const planned = inTurn(id, actor)
      const settled = planned
        .catch((error: Error) => log.info({ import: id, error: error.message }, 'import was not planned'))
        .finally(() => running.delete(settled))
      running.add(settled)
      return withinPatience(planned)
    },
    async close() {
      const { promise: late, resolve } = Promise.withResolvers<void>()
      const timer = setTimeout(resolve, CLOSING_MS)
      await Promise.race([Promise.all(running), late]).finally(() => clearTimeout(timer))
    },
  }
}

async function withinPatience(planned: Promise<Row>): Promise<Row | null> {
  const { promise: late, resolve } = Promise.withResolvers<null>()
  const timer = setTimeout(() => resolve(null), PATIENCE_MS)
  return Promise.race([planned, late]).finally(() => clearTimeout(timer))
}
