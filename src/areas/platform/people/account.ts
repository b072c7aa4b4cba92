import type { Row } from '../../../kernel/field.ts'
import { inNameOf, type PeopleContext, timeText, type Visitor } from './context.ts'
import { namesOf, setPassword } from './links.ts'
import { hashPassword } from './password.ts'
import { requireGoodPassword } from './policy.ts'
import { confirmedFactors, type Shown } from './proofs.ts'
import { act, personOf, proven, type Signed, shownFactor } from './proven.ts'
import { beginSession, type NewSession, rotateSession } from './sessions.ts'

/** Who asks: themselves, their roles, their factors and the session. */
export async function me(people: PeopleContext, { user, session }: Signed): Promise<Row> {
  const [row] = await people.query(
    `select u.id, u.login, u.name, u.email, u.phone, u.locale, u.zone, u.level::int as level, u.factor_required_since,
  array(select r.name from membership m join role r on r.id = m.role where m."user" = u.id and m."from" <= now()
    and (m.until is null or m.until > now()) and r.archived_at is null order by r.name) as roles,
  (select json_build_object('id', s.id, 'created_at', s.created_at, 'factors', s.factors, 'factor_at', s.factor_at, 'idle_until', s.idle_until,
    'absolute_until', s.absolute_until, 'address', s.address) from session s where s.id = $2) as session
from "user" u where u.id = $1`,
    [user, session],
  )
  const factors = await confirmedFactors(people, user)
  return { ...row, factors: factors.map(shownFactor) }
}

/**
 * Proves oneself once more, for what asks for a recent proof. By a factor; by the password only for whoever has no factor.
 * The session gets a new token.
 */
export async function stepUp(
  people: PeopleContext,
  signed: Signed,
  shown: Shown,
  visitor: Visitor,
): Promise<NewSession> {
  const { person } = await proven(people, signed, shown, visitor, 'strongest')
  return rotateSession(people, person, signed.session, shown.method, visitor)
}

/** Ends the session. */
export async function signOut(
  people: PeopleContext,
  { user, session }: Signed,
  visitor: Visitor,
): Promise<void> {
  const person = await personOf(people, { user, session })
  const actor = inNameOf(person, visitor)
  await people.perform({
    actor,
    resource: 'session',
    action: 'revoke',
    targets: [session],
    reason: 'signed out',
    requestId: visitor.requestId,
  })
}

/** A new password for the old one. Every session ends; whoever asked gets a new one. */
export async function changePassword(
  people: PeopleContext,
  signed: Signed,
  given: { current: string; password: string },
  visitor: Visitor,
): Promise<NewSession> {
  const shown: Shown = { method: 'password', password: given.current }
  const { person, factors } = await proven(people, signed, shown, visitor, 'any')
  await requireGoodPassword(given.password, namesOf(people, person), factors.length > 0)
  const changed = await setPassword(people, person, await hashPassword(given.password, people.keys), visitor)
  const at = timeText(people.now())
  return beginSession(people, changed, [{ method: 'password', at }], visitor, changed.password_set_at)
}

/** Asks to be known by another address; it counts when the link that is sent there is opened. */
export async function requestEmail(
  people: PeopleContext,
  signed: Signed,
  given: { email: string; password: string },
  visitor: Visitor,
): Promise<void> {
  const shown: Shown = { method: 'password', password: given.password }
  const { person } = await proven(people, signed, shown, visitor, 'any')
  await act(people, person, 'user', 'request_email', visitor, {
    targets: [person.id],
    input: { email: given.email },
  })
}
