import type { Row } from '../../../kernel/field.ts'
import { inNameOf, type PeopleContext, type PersonRow, personById, refused, type Visitor } from './context.ts'
import { charge, forgive, subjectsOf } from './ladder.ts'
import { confirmedFactors, type FactorRow, isProof, type Shown, wrongCode } from './proofs.ts'
import { noteRefusal } from './sign-in.ts'

/** Somebody who is signed in. */
export type Signed = { user: string; session: string; factorAt?: number }
/** Counts the try, looks at the proof, and forgives it when it was right. */
export async function proven(
  people: PeopleContext,
  signed: Signed,
  shown: Shown,
  visitor: Visitor,
  accepted: 'any' | 'strongest',
): Promise<{ person: PersonRow; factors: FactorRow[] }> {
  const person = await personOf(people, signed)
  const subjects = subjectsOf(person, '', visitor.address)
  await charge(people, subjects)
  const factors = await confirmedFactors(people, person.id)
  const weak = accepted === 'strongest' && shown.method === 'password' && factors.length > 0
  if (weak || !(await isProof(people, person, factors, shown, visitor))) {
    noteRefusal(people, person, visitor, `wrong ${shown.method}`)
    throw shown.method === 'password' && !weak ? refused('The password is wrong.') : wrongCode()
  }
  await forgive(people, subjects)
  return { person, factors }
}

/** Whoever is signed in, if they may still come in. */
export async function personOf(people: PeopleContext, { user }: Signed): Promise<PersonRow> {
  const person = await personById(people, user)
  if (!person) throw refused('Sign in again.')
  return person
}

/** An action in the name of a person. */
export function act(
  people: PeopleContext,
  person: PersonRow,
  resource: string,
  action: string,
  visitor: Visitor,
  more: { targets?: readonly string[]; input?: Row },
) {
  const actor = inNameOf(person, visitor)
  return people.perform({ actor, resource, action, requestId: visitor.requestId, ...more })
}

/** A factor as its holder sees it. */
export function shownFactor({ id, kind, label, phone, codes_left, confirmed_at }: FactorRow): Row {
  return {
    id,
    kind,
    label,
    confirmed_at,
    ...(phone ? { phone: `…${phone.slice(-2)}` } : {}),
    ...(kind === 'backup' ? { codes_left } : {}),
  }
}
