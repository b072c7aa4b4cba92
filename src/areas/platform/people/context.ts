import { createHash, randomBytes } from 'node:crypto'
import type { Actor } from '../../../kernel/actor.ts'
import type { Row } from '../../../kernel/field.ts'
import { Problem } from '../../../kernel/problem.ts'
import type { Keyring } from '../../../ports/keyring.ts'

/** What the flows of people work with. They change things by actions only, as the person whom they are about. */
export type PeopleContext = {
  query<Result extends Row = Row>(text: string, values?: unknown[]): Promise<Result[]>
  perform(request: {
    actor: Actor
    resource: string
    action: string
    targets?: readonly string[]
    input?: unknown
    reason?: string | null
    requestId?: string | null
  }): Promise<{ records: Row[]; answer: Row | null }>
  keys: Keyring
  /** name of the business, as people know it. */
  business: string
  /** where browsers find the house: `https://serai.example.com`. */
  origin: string
  /** milliseconds. */
  now(): number
  /** work that the answer does not wait for, so that its time tells nothing. */
  behind(work: () => Promise<unknown>): void
}

/** Who is at the door. */
export type Visitor = { address: string; agent: string | null; requestId: string }

/** What the flows know of a person. */
export type PersonRow = {
  id: string
  login: string
  name: string
  email: string | null
  phone: string | null
  status: string
  level: number
  password: string | null
  password_set_at: string | null
}

const PERSON_COLUMNS =
  'u.id, u.login, u.name, u.email, u.phone, u.status, u.level::int as level, u.password, u.password_set_at'

/** The person whom this address or phone belongs to. */
export async function personByLogin(
  { query }: Pick<PeopleContext, 'query'>,
  login: string,
): Promise<PersonRow | undefined> {
  const [row] = await query<PersonRow>(
    `select ${PERSON_COLUMNS} from "user" u where (u.email = $1 or u.phone = $1) and u.archived_at is null and not u.key_released`,
    [login],
  )
  return row
}

/** The person of this id, if they may come in. */
export async function personById(
  { query }: Pick<PeopleContext, 'query'>,
  id: string,
): Promise<PersonRow | undefined> {
  const [row] = await query<PersonRow>(
    `select ${PERSON_COLUMNS} from "user" u where u.id = $1 and u.archived_at is null and u.status <> 'suspended'`,
    [id],
  )
  return row
}

/** Serai in the name of a person, for what they may do with themselves only by way of a proof. */
export function inNameOf(person: { id: string; name: string }, visitor?: Visitor): Actor {
  return {
    id: `user:${person.id}`,
    name: person.name,
    roles: ['system'],
    ...(visitor ? { address: visitor.address } : {}),
  }
}

/** 256 random bits behind a prefix that says what they are, and what is kept of them. */
export function newSecret(prefix: string): { token: string; hash: string; handle: string } {
  return secretOf(`${prefix}${randomBytes(32).toString('base64url')}`)
}

/** What is kept of a secret, and the handle under which people see it. */
export function secretOf(token: string): { token: string; hash: string; handle: string } {
  const hash = createHash('sha256').update(token).digest('base64url')
  return { token, hash, handle: createHash('sha256').update(hash).digest('base64url').slice(0, 12) }
}

/** A time as records hold it. */
export function timeText(ms: number): string {
  return new Date(ms).toISOString().replace('Z', '000Z')
}

/** 401 in the same words whatever was wrong: the person, the password, the code. */
export function refused(detail = 'The address or the password is wrong.'): Problem {
  return new Problem(401, 'sign_in.refused', 'Not signed in', detail)
}
