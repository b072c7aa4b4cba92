import { newSecret, type PeopleContext } from './context.ts'
import { LINK_MINUTES } from './link.ts'
import { linkInput } from './link-token.ts'

/**
 * A link for a person, to be handed over by whoever holds the machine: an invitation for who has not come in yet, else to a
 * new password. Links that were sent before are void. Null when nobody is known by that address or phone.
 */
export async function linkByHand(
  { query, perform }: Pick<PeopleContext, 'query' | 'perform'>,
  login: string,
): Promise<{ token: string; minutes: number } | null> {
  const [person] = await query<{ id: string; status: string }>(
    'select id, status from "user" where login = lower($1) and archived_at is null and not key_released',
    [login],
  )
  if (!person) return null
  const purpose = person.status === 'invited' ? 'invite' : 'reset'
  const { token } = newSecret('srl_')
  await perform({
    actor: { id: 'system:by-hand', name: 'Serai (by hand)', roles: ['system'] },
    resource: 'link',
    action: 'issue',
    input: { ...linkInput(token, purpose), user: person.id },
  })
  return { token, minutes: LINK_MINUTES[purpose] }
}
