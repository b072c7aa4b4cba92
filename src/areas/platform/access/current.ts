import type { Tx } from '../../../kernel/action.ts'
import type { Actor } from '../../../kernel/actor.ts'

/**
 * Who an actor is by now: with the roles that it holds at this moment, null when its credential is no longer good. Asked for
 * those who are there for long, such as live subscribers.
 */
export async function currentActor(query: Tx['query'], actor: Actor): Promise<Actor | null> {
  if (actor.key !== undefined) return keyHolder(query, actor)
  if (actor.user !== undefined) return person(query, actor)
  const token = /^token:(.+)$/.exec(actor.id)?.[1]
  return token === undefined ? actor : tokenHolder(query, actor, token)
}

async function person(query: Tx['query'], actor: Actor): Promise<Actor | null> {
  const [found] = await query<{ roles: string[] }>(
    `select coalesce((select array_agg(r.name order by r.name) from membership m join role r on r.id = m.role
  where m."user" = u.id and m."from" <= now() and (m.until is null or m.until > now()) and r.archived_at is null), '{}') as roles
from "user" u where u.id = $1 and u.status = 'active' and u.archived_at is null`,
    [actor.user],
  )
  return found ? { ...actor, roles: found.roles } : null
}

async function tokenHolder(query: Tx['query'], actor: Actor, token: string): Promise<Actor | null> {
  const [found] = await query<{ role: string }>(
    'select role from token where id = $1 and revoked_at is null and (expires_at is null or expires_at > now())',
    [token],
  )
  return found ? { ...actor, roles: [found.role] } : null
}

async function keyHolder(query: Tx['query'], actor: Actor): Promise<Actor | null> {
  const [found] = await query(
    `select 1 from client_key k join client c on c.id = k.client
where k.id = $1 and c.active and k.revoked_at is null and (k.expires_at is null or k.expires_at > now())`,
    [actor.key],
  )
  return found ? actor : null
}
