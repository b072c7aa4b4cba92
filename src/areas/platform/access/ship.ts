import type { Action } from '../../../kernel/action.ts'
import { systemActor } from '../../../kernel/actor.ts'
import type { Row } from '../../../kernel/field.ts'
import { f } from '../../../kernel/fields/index.ts'

/** A grant that a declaration ships. `key` names what it is about, `text` all that it says. */
type Given = { key: string; role: string; permission: string; rule: string | null; delegable: boolean }
type Kept = { id: string; shipped: string; revoked_at: string | null; revoked_by: string | null }

/** Grants that all declarations may ship together. */
const SHIPPED_MAX = 10_000
const HOUSE = systemActor('access').id

/**
 * Brings the grants of the shipped roles to what the declarations say: what is new arrives, what is not shipped any more ends.
 * What a person revoked stays revoked, also when the declaration words it differently later.
 */
export const ship: Action = {
  description: 'Gives the shipped roles what the declarations say, and leaves alone what people changed.',
  effect: 'write',
  on: 'collection',
  input: {
    grants: f.list(
      {
        key: f.text({ max: 200 }),
        role: f.text({ max: 40 }),
        permission: f.text({ max: 81 }),
        rule: f.text({ optional: true, max: 1_000 }),
        delegable: f.boolean(),
      },
      { max: SHIPPED_MAX },
    ),
  },
  async run(_rows, { input, now }, tx) {
    const given = input.grants as unknown as Given[]
    await tx.query("select pg_advisory_xact_lock(hashtext('serai.ship'))")
    const kept = await tx.query<Kept>(
      'select id, shipped, revoked_at, revoked_by from "grant" where shipped is not null order by id for update',
    )
    const roles = new Map(
      (
        await tx.query<{ id: string; name: string }>('select id, name from role where archived_at is null')
      ).map(({ id, name }) => [name, id]),
    )
    const wanted = new Set(given.map(shippedText))
    const live = new Set(kept.filter((row) => row.revoked_at === null).map((row) => row.shipped))
    const refused = new Set(
      kept.filter((row) => row.revoked_at && row.revoked_by !== HOUSE).map((row) => keyOf(row.shipped)),
    )
    const gone = kept
      .filter((row) => row.revoked_at === null && !wanted.has(row.shipped))
      .map((row) => row.id)
    const fresh = given.filter(
      (each) => roles.has(each.role) && !live.has(shippedText(each)) && !refused.has(each.key),
    )
    return {
      create: fresh.map((each) => recordOf(each, roles.get(each.role)!, now)),
      ...(gone.length ? { patchAll: { ids: gone, patch: { revoked_at: now, revoked_by: HOUSE } } } : {}),
    }
  },
}

function recordOf(given: Given, role: string, now: string): Row {
  const { permission, rule, delegable } = given
  return {
    label: `${given.role} may ${permission}${rule ? ` where ${rule}` : ''} (shipped)`,
    role,
    user: null,
    client: null,
    effect: 'allow',
    permission,
    rule,
    record: null,
    fields: null,
    from: now,
    until: null,
    by: HOUSE,
    reason: 'comes with Serai',
    delegable,
    shipped: shippedText(given),
    revoked_at: null,
    revoked_by: null,
  }
}

/** `product:read@staff` and all that it says; two that differ in anything are two. */
export function shippedText({ key, rule, delegable }: Given): string {
  return `${key} ${delegable ? 'delegable ' : ''}${rule ?? ''}`.trimEnd()
}

function keyOf(shipped: string): string {
  return shipped.split(' ', 1)[0]
}
