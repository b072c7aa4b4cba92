import type { Row } from '../../../kernel/field.ts'
import { Problem } from '../../../kernel/problem.ts'
import { backupCodeHash, isSmsCode, totpStep } from './codes.ts'
import { inNameOf, type PeopleContext, type PersonRow, refused, type Visitor } from './context.ts'
import type { FactorKind } from './factor.ts'
import { type PasskeyRow, verifyPasskey } from './passkeys.ts'
import { verifyPassword } from './password.ts'

/** What somebody shows: a code, a password, or the answer of an authenticator. */
export type Shown = {
  method: FactorKind | 'password'
  code?: string | undefined
  password?: string | undefined
  credential?: unknown
}

export type FactorRow = {
  id: string
  user: string
  kind: FactorKind
  credential: string
  label: string | null
  phone: string | null
  secret: string | null
  counter: number
  transports: string[] | null
  codes_left: number | null
  confirmed_at: string | null
}

/** Factors of a person that count. */
export async function confirmedFactors({ query }: PeopleContext, person: string): Promise<FactorRow[]> {
  return query<FactorRow>(
    `select id, "user", kind, credential, label, phone, secret, coalesce(counter, 0)::int as counter, transports, codes_left::int, confirmed_at
from factor where "user" = $1 and confirmed_at is not null and disabled_at is null order by id`,
    [person],
  )
}

/** What a secret of a factor is sealed for: elsewhere it does not open. */
export function sealContext(factor: { user: string; kind: string; credential: string }): string {
  return `factor|${factor.kind}|${factor.credential}|${factor.user}`
}

/**
 * Whether what is shown proves the person: by one of the factors, or by the password where it may be. A code that was right
 * is used up here, in the database, so that of many who show it at once one gets through.
 */
export async function isProof(
  people: PeopleContext,
  person: PersonRow,
  factors: readonly FactorRow[],
  shown: Shown,
  visitor: Visitor,
): Promise<boolean> {
  if (shown.method === 'password')
    return (await verifyPassword(person.password, shown.password ?? '', people.keys)).ok
  const factor = await chosen(factors, shown)
  if (!factor) return false
  const used = await usage(people, factor, shown)
  return used !== null && (await use(people, person, factor.id, used, visitor))
}

async function chosen(factors: readonly FactorRow[], shown: Shown): Promise<FactorRow | undefined> {
  const { id } = (shown.credential ?? {}) as { id?: unknown }
  return factors.find(
    ({ kind, credential }) => kind === shown.method && (kind !== 'passkey' || credential === id),
  )
}

/** What using the factor writes down, or null when what is shown is wrong. */
async function usage(people: PeopleContext, factor: FactorRow, shown: Shown): Promise<Row | null> {
  const code = shown.code ?? ''
  switch (factor.kind) {
    case 'totp': {
      const step = totpStep(people.keys.open(factor.secret!, sealContext(factor)), code, people.now())
      return step === null ? null : { step }
    }
    case 'backup': {
      const hash = await backupCodeHash(factor.secret, code)
      return hash === null ? null : { code: hash }
    }
    case 'sms':
      return (await takeSmsCode(people, factor.id, code)) ? {} : null
    case 'passkey': {
      const counter = await verifyPasskey(people, factor as PasskeyRow, shown.credential, false)
      return counter === null ? null : { counter }
    }
  }
}

/** Counts the try before it looks, and takes the code away with the look that was right. */
export async function takeSmsCode(people: PeopleContext, factor: string, code: string): Promise<boolean> {
  const [tried] = await people.query<{ mac: string }>(
    'update factor_code set attempts = attempts + 1 where factor = $1 and attempts < 3 and expires_at > now() returning mac',
    [factor],
  )
  if (!tried || !isSmsCode(people.keys, factor, code, tried.mac)) return false
  const taken = await people.query(
    'delete from factor_code where factor = $1 and mac = $2 returning factor',
    [factor, tried.mac],
  )
  return taken.length === 1
}

/** False when somebody else used the same code a moment before. */
export async function use(
  people: PeopleContext,
  person: { id: string; name: string },
  factor: string,
  input: Row,
  visitor: Visitor,
): Promise<boolean> {
  try {
    await people.perform({
      actor: inNameOf(person, visitor),
      resource: 'factor',
      action: 'use',
      targets: [factor],
      input,
      requestId: visitor.requestId,
    })
    return true
  } catch (error) {
    if (error instanceof Problem && error.code === 'factor.used') return false
    throw error
  }
}

/** The passkey of this id, whoever holds it, and its person. */
export async function passkeyById(
  people: PeopleContext,
  credential: unknown,
): Promise<PasskeyRow | undefined> {
  const { id } = (credential ?? {}) as { id?: unknown }
  if (typeof id !== 'string') return undefined
  const [row] = await people.query<PasskeyRow>(
    `select id, "user", credential, secret, coalesce(counter, 0)::int as counter, transports
from factor where kind = 'passkey' and credential = $1 and confirmed_at is not null and disabled_at is null`,
    [id],
  )
  return row
}

/** 401 for a code; the same words whatever was wrong with it. */
export function wrongCode(): Problem {
  return refused('That is not right, was used already, or is too old. Try again.')
}
