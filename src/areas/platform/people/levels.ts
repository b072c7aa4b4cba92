import type { Tx } from '../../../kernel/action.ts'
import type { Actor } from '../../../kernel/actor.ts'
import { forbidden } from '../../../kernel/problem.ts'
import { hasRole } from '../../../kernel/rule.ts'
import { OWNER_LEVEL } from './role.ts'

/** The highest level of the roles that the actor holds; Serai itself stands above all. */
export async function levelOf(actor: Actor, tx: Tx): Promise<number> {
  if (hasRole(actor, ['system', 'owner'])) return OWNER_LEVEL
  const [{ level }] = await tx.query<{ level: number }>(
    'select coalesce(max(level), 0)::int as level from role where name = any($1) and archived_at is null',
    [actor.roles],
  )
  return level
}

/** One administers people below oneself; owners administer owners, too. 403 otherwise. */
export function requireAbove(actor: Actor, level: number, other: number, what: string): void {
  if (level === OWNER_LEVEL || other < level) return
  throw forbidden(`${actor.name} stands at level ${level} and may not ${what}, which is at level ${other}.`)
}
