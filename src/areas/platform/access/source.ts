import type { Tx } from '../../../kernel/action.ts'
import type { Actor } from '../../../kernel/actor.ts'
import { isUuid } from '../../../kernel/fields/ref.ts'
import { EVERYONE, type Grant } from '../../../kernel/grants/grant.ts'
import type { GrantSource, StoredGrant } from '../../../kernel/grants/source.ts'
import type { Model } from '../../../kernel/validation.ts'
import { currentActor } from './current.ts'
import { FIND } from './holder.ts'

const SELECT = `select g.id, case when g.role is not null then 'role' when g."user" is not null then 'user' else 'client' end as holder_kind,
  coalesce(r.name, g."user"::text, g.client::text) as holder, g.effect, g.permission, g.rule, g.record, g.fields,
  g."from", g.until, g.delegable, g.by, g.reason
from "grant" g left join role r on r.id = g.role
where g.revoked_at is null and (g.until is null or g.until > now()) and (r.id is null or r.archived_at is null)`

/** What the engine asks this area: the grants as they are kept, and whether they are still the same. */
export const grantSource: GrantSource = {
  resource: 'grant',
  ship: 'ship',
  async stamp(query) {
    const [{ stamp }] = await query<{ stamp: string }>('select stamp from access_stamp')
    return stamp
  },
  load: (query) => query<StoredGrant>(SELECT),
  async holder(query, kind, name) {
    const [found] = await query<{ id: string; name: string }>(FIND[kind], [isUuid(name) ? name : null, name])
    if (!found) return null
    const { id, name: called } = found
    if (kind === 'role') return { id, actor: { id: `role:${called}`, name: called, roles: [called] } }
    const named: Actor = { id: `${kind}:${id}`, name: called, roles: [], [kind]: id }
    const actor = kind === 'user' ? await currentActor(query, named) : named
    return actor && { id, actor }
  },
}

/** The grants that an actor holds, as this transaction sees them. */
export async function grantsHeldBy(actor: Actor, tx: Tx, model: Model): Promise<Grant[]> {
  const rows = await tx.query<StoredGrant>(
    `${SELECT} and (r.name = any($1) or g."user" = $2 or g.client = $3)`,
    [[EVERYONE, ...actor.roles], actor.user ?? null, actor.client ?? null],
  )
  return understood(rows, model)
}

/** The grants that a client holds by itself. */
export async function grantsOfClient(client: string, tx: Tx, model: Model): Promise<Grant[]> {
  return understood(await tx.query<StoredGrant>(`${SELECT} and g.client = $1`, [client]), model)
}

/** One grant, also one that is revoked or over. */
export function understood(rows: readonly StoredGrant[], model: Model): Grant[] {
  return rows.flatMap((row) => model.grant(row) ?? [])
}
