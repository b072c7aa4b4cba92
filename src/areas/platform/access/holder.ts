import type { Tx } from '../../../kernel/action.ts'
import { type Fault, fault } from '../../../kernel/fault.ts'
import type { Row } from '../../../kernel/field.ts'
import { isUuid } from '../../../kernel/fields/ref.ts'
import { HOLDERS, type Holder, SYSTEM } from '../../../kernel/grants/grant.ts'
import { invalid } from '../../../kernel/problem.ts'

/** Who is to hold a grant: its record, how it is called, and how high it stands. */
export type Found = { kind: Holder['kind']; id: string; name: string; level: number }

/** Finds one by its id, or by its name. */
export const FIND: { [kind in Holder['kind']]: string } = {
  role: 'select id, name, level::int as level from role where (id = $1::uuid or name = $2) and archived_at is null',
  user: 'select id, login as name, level::int as level from "user" where (id = $1::uuid or login = lower($2)) and archived_at is null',
  client: 'select id, name, 0 as level from client where id = $1::uuid or name = $2',
}

/** The one holder that is named among `role`, `user` and `client`, by id or by name. */
export async function findHolder(given: Row, tx: Tx): Promise<Found> {
  const named = HOLDERS.filter((kind) => given[kind] != null)
  if (named.length !== 1)
    throw invalid([fault('', 'grant.holder', 'is for exactly one holder: give a role, a user or a client')])
  const [kind] = named
  const text = String(given[kind])
  const [found] = await tx.query<{ id: string; name: string; level: number }>(FIND[kind], [
    isUuid(text) ? text : null,
    text,
  ])
  if (!found || (kind === 'role' && found.name === SYSTEM)) throw invalid([unknownHolder(kind, text)])
  return { kind, ...found }
}

function unknownHolder(kind: string, text: string): Fault {
  return fault(kind, `${kind}.unknown`, `there is no ${kind} "${text.slice(0, 80)}"`, text)
}
