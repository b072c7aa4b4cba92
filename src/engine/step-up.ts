import type { Action } from '../kernel/action.ts'
import type { Actor } from '../kernel/actor.ts'
import { Problem } from '../kernel/problem.ts'

/** A proof of who somebody is counts so long for what is dangerous. */
const RECENT_MS = 10 * 60_000

/**
 * Refuses a person whose last proof is too old for a dangerous action (401, RFC 9470): whoever finds an open screen may not
 * give themselves a role. Programs and the command line have no second factor; what they hold is narrowed otherwise.
 */
export function requireRecentProof(action: Action, actor: Actor, now: number = Date.now()): void {
  if (!action.stepUp || actor.session === undefined || now - (actor.factorAt ?? 0) <= RECENT_MS) return
  throw new Problem(
    401,
    'step_up',
    'Prove it again',
    'This needs a proof of who you are that is not older than 10 minutes. Show it with POST /api/session/factor and try again.',
  )
}
