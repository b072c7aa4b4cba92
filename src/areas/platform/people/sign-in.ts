import type { Row } from '../../../kernel/field.ts'
import {
  inNameOf,
  newSecret,
  type PeopleContext,
  type PersonRow,
  personById,
  personByLogin,
  refused,
  secretOf,
  timeText,
  type Visitor,
} from './context.ts'
import { charge, forgive, refund, subjectsOf } from './ladder.ts'
import { authenticationOptions, verifyPasskey } from './passkeys.ts'
import { hashPassword, verifyPassword } from './password.ts'
import {
  confirmedFactors,
  type FactorRow,
  isProof,
  passkeyById,
  type Shown,
  use,
  wrongCode,
} from './proofs.ts'
import { beginSession, type NewSession, type Proved } from './sessions.ts'
import { sendSmsCode } from './sms.ts'

const TICKET_MINUTES = 5
const TICKET_TRIES = 5

/** The password was right, and more must be shown: with the ticket, within 5 minutes and 5 tries. */
export type NextStep = { next: 'factor'; methods: string[]; ticket: string }

/**
 * Signs in with an address or phone and a password. Known and unknown accounts take the same way: the same statements, one
 * hash, the same words. 401 when refused, 429 when too many tries went wrong.
 */
export async function signIn(
  people: PeopleContext,
  given: { login: string; password: string },
  visitor: Visitor,
): Promise<NewSession | NextStep> {
  const login = given.login.normalize('NFC').trim().toLowerCase()
  const person = await personByLogin(people, login)
  const subjects = subjectsOf(person, login, visitor.address)
  await charge(people, subjects)
  const { ok, isOld } = await verifyPassword(person?.password ?? null, given.password, people.keys)
  if (!person || !ok || person.status !== 'active') {
    if (person) noteRefusal(people, person, visitor, ok ? `the person is ${person.status}` : 'wrong password')
    throw refused()
  }
  if (isOld) people.behind(() => rehash(people, person, given.password))
  return afterFirst(people, person, visitor, { method: 'password', at: timeText(people.now()) }, subjects)
}

/** After a first proof: a session, or the ticket to a second factor for whoever has one. */
export async function afterFirst(
  people: PeopleContext,
  person: PersonRow,
  visitor: Visitor,
  first: Proved,
  subjects: readonly string[] = [],
): Promise<NewSession | NextStep> {
  const factors = await confirmedFactors(people, person.id)
  const methods = [...new Set(factors.map(({ kind }) => kind))]
  if (methods.length === 0) {
    await forgive(people, subjects)
    return beginSession(people, person, [first], visitor, person.password_set_at)
  }
  await refund(people, subjects)
  const { token, hash } = newSecret('')
  await people.query(
    `insert into sign_in_ticket (hash, "user", password_set_at, expires_at) values ($1, $2, $3, now() + make_interval(mins => ${TICKET_MINUTES}))`,
    [hash, person.id, person.password_set_at],
  )
  return { next: 'factor', methods: methods.toSorted(), ticket: token }
}

/** The second step of signing in: a factor, for the ticket that the password gave. */
export async function signInWithFactor(
  people: PeopleContext,
  ticket: string,
  shown: Shown,
  visitor: Visitor,
): Promise<NewSession> {
  const { hash } = secretOf(ticket)
  const found = await people.query<{ user: string; password_set_at: string | null }>(
    `update sign_in_ticket set tries = tries + 1 where hash = $1 and tries < ${TICKET_TRIES} and expires_at > now() returning "user", password_set_at`,
    [hash],
  )
  const person = found.length ? await personById(people, found[0].user) : undefined
  const subjects = subjectsOf(person, hash, visitor.address)
  await charge(people, subjects)
  // The password is what the ticket was given for; it is no second factor.
  const factors = person && shown.method !== 'password' ? await confirmedFactors(people, person.id) : []
  if (!person || factors.length === 0 || !(await isProof(people, person, factors, shown, visitor))) {
    if (person) noteRefusal(people, person, visitor, `wrong ${shown.method}`)
    throw wrongCode()
  }
  const taken = await people.query('delete from sign_in_ticket where hash = $1 returning hash', [hash])
  if (taken.length === 0) throw wrongCode()
  await forgive(people, subjects)
  const at = timeText(people.now())
  const proved = [
    { method: 'password', at },
    { method: shown.method, at },
  ]
  return beginSession(people, person, proved, visitor, found[0].password_set_at)
}

/** Signs in with a passkey and nothing else: the authenticator has verified who holds it. */
export async function signInWithPasskey(
  people: PeopleContext,
  credential: unknown,
  visitor: Visitor,
): Promise<NewSession> {
  const passkey = await passkeyById(people, credential)
  const person = passkey && (await personById(people, passkey.user))
  const subjects = subjectsOf(person, 'passkey', visitor.address)
  await charge(people, subjects)
  const counter = passkey && person ? await verifyPasskey(people, passkey, credential, true) : null
  if (!passkey || !person || counter === null || person.status !== 'active') {
    if (person) noteRefusal(people, person, visitor, 'wrong passkey')
    throw wrongCode()
  }
  if (!(await use(people, person, passkey.id, { counter }, visitor))) throw wrongCode()
  await forgive(people, subjects)
  const proved = [{ method: 'passkey', at: timeText(people.now()) }]
  return beginSession(people, person, proved, visitor, null)
}

/**
 * Prepares a proof: sends a code by text message, or says what a passkey must sign. For a ticket, for somebody signed in, or,
 * for a passkey alone, for nobody yet.
 */
export async function challenge(
  people: PeopleContext,
  who: { ticket: string } | { user: string } | null,
  method: 'sms' | 'passkey',
  visitor: Visitor,
): Promise<Row> {
  if (who === null && method === 'passkey') return authenticationOptions(people, null, [])
  const id = who && ('user' in who ? who.user : await holderOf(people, who.ticket))
  const person = id ? await personById(people, id) : undefined
  if (!person) throw wrongCode()
  const factors = await confirmedFactors(people, person.id)
  if (method === 'passkey')
    return authenticationOptions(
      people,
      person.id,
      factors.filter(({ kind }) => kind === 'passkey'),
    )
  const phone = factors.find(({ kind }) => kind === 'sms')
  if (!phone) throw wrongCode()
  return sendSmsCode(people, person, phone as FactorRow & { phone: string }, visitor)
}

async function holderOf({ query }: PeopleContext, ticket: string): Promise<string | undefined> {
  const [row] = await query<{ user: string }>(
    'select "user" from sign_in_ticket where hash = $1 and expires_at > now()',
    [secretOf(ticket).hash],
  )
  return row?.user
}

/** A refusal is an event of the person. It is written behind the answer, whose time would tell that there is somebody. */
export function noteRefusal(people: PeopleContext, person: PersonRow, visitor: Visitor, why: string): void {
  people.behind(() =>
    people.perform({
      actor: { id: 'system:sign-in', name: 'Serai (sign-in)', roles: ['system'], address: visitor.address },
      resource: 'user',
      action: 'refuse',
      targets: [person.id],
      reason: `${why}, from ${visitor.address}`,
      requestId: visitor.requestId,
    }),
  )
}

/** The same password under today's parameters and key. */
async function rehash(people: PeopleContext, person: PersonRow, password: string): Promise<void> {
  await people.perform({
    actor: inNameOf(person),
    resource: 'user',
    action: 'rehash',
    targets: [person.id],
    input: { password: await hashPassword(password, people.keys), was: person.password },
  })
}
