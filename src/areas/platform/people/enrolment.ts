import { randomBytes } from 'node:crypto'
import { fault } from '../../../kernel/fault.ts'
import type { Row } from '../../../kernel/field.ts'
import { invalid, notFound, Problem } from '../../../kernel/problem.ts'
import { newBackupCodes, newTotpSecret, totpStep, totpUri } from './codes.ts'
import type { PeopleContext, PersonRow, Visitor } from './context.ts'
import { ENROLMENT_MINUTES, type FactorKind } from './factor.ts'
import { charge, forgive, subjectsOf } from './ladder.ts'
import { registrationOptions, verifyRegistration } from './passkeys.ts'
import {
  confirmedFactors,
  type FactorRow,
  type Shown,
  sealContext,
  takeSmsCode,
  wrongCode,
} from './proofs.ts'
import { act, personOf, proven, type Signed, shownFactor } from './proven.ts'
import { type NewSession, rotateSession } from './sessions.ts'
import { noteRefusal } from './sign-in.ts'
import { sendSmsCode } from './sms.ts'

/** A proof older than this is asked for again. */
const RECENT_MS = 10 * 60_000

/** What is asked to begin a factor. */
export type Enrolment = { kind: FactorKind; label?: string; phone?: string } & Partial<Shown>

/**
 * Begins a factor: answers what is needed to confirm it within 10 minutes. Whoever has one already, or signed in more than 10
 * minutes ago, shows a proof with it. The secret of an authenticator app is shown now and never again.
 */
export async function enrol(
  people: PeopleContext,
  signed: Signed,
  { kind, label, phone, ...shown }: Enrolment,
  visitor: Visitor,
): Promise<Row> {
  const { person, factors } = await enrolling(people, signed, shown, visitor)
  if (kind === 'sms' && !phone) throw invalid([fault('phone', 'phone.required', 'is required')])
  const credential = randomBytes(9).toString('base64url')
  const secret = kind === 'totp' ? newTotpSecret() : null
  const row = { user: person.id, kind, credential }
  const sealed = secret && people.keys.seal(secret, sealContext(row))
  const { records } = await act(people, person, 'factor', 'enrol', visitor, {
    input: { ...row, label: label ?? null, phone: kind === 'sms' ? phone : null, secret: sealed },
  })
  const id = records[0].id as string
  if (secret) return { id, secret, uri: totpUri(secret, people.business, person.login) }
  if (kind === 'sms') return { id, ...(await sendSmsCode(people, person, { id, phone: phone! }, visitor)) }
  const known = factors.filter((each) => each.kind === 'passkey').map((each) => each.credential)
  return { id, options: await registrationOptions(people, person, known) }
}

/** Confirms a factor with its first code. The first factor brings ten backup codes, shown now and never again. */
export async function confirm(
  people: PeopleContext,
  signed: Signed,
  id: string,
  shown: { code?: string; credential?: unknown },
  visitor: Visitor,
): Promise<Row & NewSession> {
  const person = await personOf(people, signed)
  const subjects = subjectsOf(person, '', visitor.address)
  await charge(people, subjects)
  const facts = await firstProof(people, await pending(people, person, id), shown)
  if (!facts) {
    noteRefusal(people, person, visitor, 'wrong code for a new factor')
    throw wrongCode()
  }
  await forgive(people, subjects)
  const known = await confirmedFactors(people, person.id)
  const backup = known.some(({ kind }) => kind === 'backup') ? null : await newBackupCodes()
  await act(people, person, 'factor', 'confirm', visitor, {
    targets: [id],
    input: { ...facts.written, ...(backup ? { backup: backup.kept } : {}) },
  })
  await endOthers(people, person, signed.session, visitor)
  const session = await rotateSession(people, person, signed.session, facts.method, visitor)
  return { ...session, ...(backup ? { backup_codes: backup.codes } : {}) }
}

/** Takes a factor away, for the password or a factor. The last one takes the backup codes with it. */
export async function disable(
  people: PeopleContext,
  signed: Signed,
  id: string,
  shown: Shown,
  visitor: Visitor,
): Promise<Row> {
  const { person, factors } = await proven(people, signed, shown, visitor, 'any')
  if (!factors.some((factor) => factor.id === id)) throw notFound(`You have no factor "${id}".`)
  await act(people, person, 'factor', 'disable', visitor, { targets: [id] })
  await endOthers(people, person, signed.session, visitor)
  const left = await confirmedFactors(people, person.id)
  const alone = left.every(({ kind }) => kind === 'backup')
  const short = shown.method === 'password' && [...(shown.password ?? '').normalize('NFKC')].length < 15
  return { factors: left.map(shownFactor), ...(alone && short ? { password_too_short: true } : {}) }
}

/** Ten new backup codes in the place of all old ones, for the password or a factor. */
export async function newCodes(
  people: PeopleContext,
  signed: Signed,
  shown: Shown,
  visitor: Visitor,
): Promise<Row> {
  const { person, factors } = await proven(people, signed, shown, visitor, 'any')
  if (factors.length === 0)
    throw new Problem(
      409,
      'factor.none',
      'Conflict',
      'Backup codes are for people with a second factor. Add one first.',
    )
  const { codes, kept } = await newBackupCodes()
  await act(people, person, 'factor', 'regenerate', visitor, { input: { user: person.id, backup: kept } })
  return { backup_codes: codes }
}

async function enrolling(people: PeopleContext, signed: Signed, shown: Partial<Shown>, visitor: Visitor) {
  const person = await personOf(people, signed)
  const factors = await confirmedFactors(people, person.id)
  if (factors.length > 0 || shown.method)
    return proven(people, signed, { method: 'password', ...shown }, visitor, 'any')
  if (people.now() - (signed.factorAt ?? 0) > RECENT_MS)
    throw new Problem(
      401,
      'step_up',
      'Prove it again',
      'It is too long since you proved who you are. Show your password.',
    )
  return { person, factors }
}

type Pending = FactorRow & { user: string }

async function pending({ query }: PeopleContext, person: PersonRow, id: string): Promise<Pending> {
  const [row] = await query<Pending>(
    `select id, "user", kind, credential, phone, secret from factor
where id::text = $1 and "user" = $2 and confirmed_at is null and disabled_at is null and created_at > now() - make_interval(mins => ${ENROLMENT_MINUTES})`,
    [id, person.id],
  )
  if (!row)
    throw notFound('There is no such factor to confirm; enrolling takes at most 10 minutes. Begin again.')
  return row
}

async function firstProof(
  people: PeopleContext,
  factor: Pending,
  { code = '', credential }: { code?: string; credential?: unknown },
): Promise<{ method: FactorKind; written: Row } | null> {
  const method = factor.kind
  if (method === 'passkey')
    return { method, written: await verifyRegistration(people, factor.user, credential) }
  if (method === 'sms') return (await takeSmsCode(people, factor.id, code)) ? { method, written: {} } : null
  const step = totpStep(people.keys.open(factor.secret!, sealContext(factor)), code, people.now())
  return step === null ? null : { method, written: { step } }
}

async function endOthers(people: PeopleContext, person: PersonRow, keep: string, visitor: Visitor) {
  await act(people, person, 'session', 'end_all', visitor, {
    input: { user: person.id, keep, why: 'factors changed' },
  })
}
