import type { Actor } from '../actor.ts'
import type { Row } from '../field.ts'
import type { Holder } from './grant.ts'

type Query = <Result extends Row = Row>(text: string, values?: unknown[]) => Promise<Result[]>

/** A grant as it is kept. Times are RFC 3339; a role is named, people and programs are ids. */
export type StoredGrant = {
  id: string
  holder_kind: Holder['kind']
  holder: string
  effect: 'allow' | 'deny'
  permission: string
  /** condition in CEL on the records that it is about. */
  rule: string | null
  /** id of the one record that it is about. */
  record: string | null
  fields: readonly string[] | null
  from: string | null
  until: string | null
  delegable: boolean
  /** for people: who gave it, and why. */
  by: string
  reason: string
}

/** Where grants are kept. */
export type GrantSource = {
  /** the resource that keeps them, and its action that takes what the declarations ship. */
  readonly resource: string
  readonly ship: string
  /** Changes in every transaction that changes what somebody may do: grants, roles, memberships, people, keys. */
  stamp(query: Query): Promise<string>
  /** Who is called so: a person by id or address, a client by id or name, a role by name; null when nobody is. */
  holder(query: Query, kind: Holder['kind'], name: string): Promise<{ id: string; actor: Actor } | null>
  /** Every grant that is not revoked and not over. */
  load(query: Query): Promise<StoredGrant[]>
}
