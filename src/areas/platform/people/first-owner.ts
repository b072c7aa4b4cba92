import { newSecret, type PeopleContext } from './context.ts'
import { LINK_MINUTES } from './link.ts'
import { linkInput } from './link-token.ts'

/** A link with which the first owner comes in, when there is none yet; null otherwise. The one before is void. */
export async function firstOwnerLink({
  query,
  perform,
}: Pick<PeopleContext, 'query' | 'perform'>): Promise<{ token: string; hours: number } | null> {
  if (await hasOwner({ query })) return null
  const { token } = newSecret('srl_')
  await perform({
    actor: { id: 'system:first-owner', name: 'Serai (first owner)', roles: ['system'] },
    resource: 'link',
    action: 'issue',
    input: linkInput(token, 'first_owner'),
  })
  return { token, hours: LINK_MINUTES.first_owner / 60 }
}

/** Whether somebody is an owner, for good, and may come in. */
export async function hasOwner({ query }: Pick<PeopleContext, 'query'>): Promise<boolean> {
  const owners = await query(
    `select from membership m join role r on r.id = m.role join "user" u on u.id = m."user"
where r.name = 'owner' and m.until is null and u.status = 'active' and u.archived_at is null limit 1`,
  )
  return owners.length > 0
}
