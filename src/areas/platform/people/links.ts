import { Problem } from '../../../kernel/problem.ts'
import {
  inNameOf,
  type PeopleContext,
  type PersonRow,
  personById,
  personByLogin,
  secretOf,
  timeText,
  type Visitor,
} from './context.ts'
import { hasOwner } from './first-owner.ts'
import { charge, forgive, refund, subjectsOf } from './ladder.ts'
import type { LinkPurpose } from './link.ts'
import { hashPassword } from './password.ts'
import { requireGoodPassword } from './policy.ts'
import { confirmedFactors } from './proofs.ts'
import type { NewSession } from './sessions.ts'
import { afterFirst, type NextStep } from './sign-in.ts'

type LinkRow = { id: string; purpose: LinkPurpose; user: string | null; email: string | null }

/** What somebody says when they open a link: a password for most, a name and address for the first owner. */
export type Redemption = { token: string; password?: string; name?: string; email?: string }

/**
 * Opens a link. An invitation, a new password and the first owner end signed in, or before a second factor; a changed address
 * ends as it was. 409 when the link was used or is too old; the password is judged before the link is used up.
 */
export async function redeem(
  people: PeopleContext,
  given: Redemption,
  visitor: Visitor,
): Promise<NewSession | NextStep | null> {
  const subjects = subjectsOf(undefined, 'link', visitor.address).slice(1)
  await charge(people, subjects)
  const link = await findLink(people, given.token)
  await refund(people, subjects)
  if (link.purpose === 'first_owner') return firstOwner(people, link, given, visitor)
  const person = link.user ? await personById(people, link.user) : undefined
  if (!person) throw gone()
  if (link.purpose === 'email_change') return changeEmail(people, link, person, visitor)
  return choosePassword(people, link, person, given, visitor)
}

async function choosePassword(
  people: PeopleContext,
  link: LinkRow,
  person: PersonRow,
  given: Redemption,
  visitor: Visitor,
): Promise<NewSession | NextStep> {
  const recovers = link.purpose === 'recovery'
  const factors = await confirmedFactors(people, person.id)
  await requireGoodPassword(given.password ?? '', namesOf(people, person), factors.length > 0 && !recovers)
  const password = await hashPassword(given.password!, people.keys)
  await useLink(people, link, person, visitor)
  if (recovers && factors.length) await removeFactors(people, person, factors, visitor)
  const changed = await setPassword(people, person, password, visitor)
  await forgive(people, subjectsOf(person, '', visitor.address))
  return afterFirst(people, changed, visitor, { method: 'link', at: timeText(people.now()) })
}

async function removeFactors(
  people: PeopleContext,
  person: PersonRow,
  factors: readonly { id: string }[],
  visitor: Visitor,
): Promise<void> {
  await people.perform({
    actor: inNameOf(person, visitor),
    resource: 'factor',
    action: 'disable',
    targets: factors.map(({ id }) => id),
    reason: 'recovery',
    requestId: visitor.requestId,
  })
}

async function firstOwner(
  people: PeopleContext,
  link: LinkRow,
  given: Redemption,
  visitor: Visitor,
): Promise<NewSession | NextStep> {
  // Whoever found the link on a screen is too late when there is an owner by now.
  if (await hasOwner(people)) throw gone()
  await requireGoodPassword(
    given.password ?? '',
    [people.business, given.name ?? '', given.email ?? ''],
    false,
  )
  const password = await hashPassword(given.password!, people.keys)
  const serai = { id: 'system:first-owner', name: 'Serai (first owner)', roles: ['system'] }
  const { records } = await people.perform({
    actor: serai,
    resource: 'user',
    action: 'enter',
    input: { name: given.name, email: given.email },
    requestId: visitor.requestId,
  })
  const person = (await personById(people, records[0].id as string))!
  // The link goes last of what can be refused, and first of what gives rights.
  await useLink(people, link, person, visitor)
  const [role] = await people.query<{ id: string }>(
    `select id from role where name = 'owner' and not key_released`,
  )
  await people.perform({
    actor: serai,
    resource: 'membership',
    action: 'create',
    input: { user: person.id, role: role.id, reason: 'the first owner' },
    requestId: visitor.requestId,
  })
  const changed = await setPassword(people, person, password, visitor)
  return afterFirst(people, changed, visitor, { method: 'link', at: timeText(people.now()) })
}

async function changeEmail(
  people: PeopleContext,
  link: LinkRow,
  person: PersonRow,
  visitor: Visitor,
): Promise<null> {
  await useLink(people, link, person, visitor)
  await people.perform({
    actor: inNameOf(person, visitor),
    resource: 'user',
    action: 'change_email',
    targets: [person.id],
    input: { email: link.email },
    requestId: visitor.requestId,
  })
  return null
}

/** Keeps a new password, and gives the person as they are then. */
export async function setPassword(
  people: PeopleContext,
  person: PersonRow,
  password: string,
  visitor: Visitor,
): Promise<PersonRow> {
  await people.perform({
    actor: inNameOf(person, visitor),
    resource: 'user',
    action: 'set_password',
    targets: [person.id],
    input: { password },
    requestId: visitor.requestId,
  })
  return (await personById(people, person.id))!
}

/** Has a link sent to whoever has the address. What is done is done behind the answer: it tells nothing, also not by its time. */
export function requestReset(people: PeopleContext, login: string, visitor: Visitor): void {
  people.behind(async () => {
    const folded = login.normalize('NFC').trim().toLowerCase()
    const person = await personByLogin(people, folded)
    if (!person || person.status === 'suspended' || (await isSentEnough(people, person.id))) return
    await people.perform({
      actor: inNameOf(person, visitor),
      resource: 'user',
      action: 'reset_password',
      targets: [person.id],
      requestId: visitor.requestId,
    })
  })
}

/** One letter a minute and five an hour are enough for anybody; more would be somebody else's doing. */
async function isSentEnough({ query }: PeopleContext, person: string): Promise<boolean> {
  const [{ minute, hour }] = await query<{ minute: number; hour: number }>(
    `select count(*) filter (where created_at > now() - interval '1 minute')::int as minute, count(*)::int as hour
from link where "user" = $1 and purpose = 'reset' and created_at > now() - interval '1 hour'`,
    [person],
  )
  return minute >= 1 || hour >= 5
}

/** Names that make bad passwords. */
export function namesOf({ business }: PeopleContext, person: PersonRow): (string | null)[] {
  return [business, 'serai', person.name, person.email, person.phone]
}

async function findLink({ query }: PeopleContext, token: string): Promise<LinkRow> {
  const [link] = await query<LinkRow>(
    'select id, purpose, "user", email from link where hash = $1 and used_at is null and expires_at > now()',
    [secretOf(token).hash],
  )
  if (!link) throw gone()
  return link
}

async function useLink(
  people: PeopleContext,
  link: LinkRow,
  person: { id: string; name: string },
  visitor: Visitor,
): Promise<void> {
  await people.perform({
    actor: inNameOf(person, visitor),
    resource: 'link',
    action: 'redeem',
    targets: [link.id],
    requestId: visitor.requestId,
  })
}

function gone(): Problem {
  return new Problem(
    409,
    'link.used',
    'Conflict',
    'The link was used already, or is too old. Ask for a new one.',
  )
}
