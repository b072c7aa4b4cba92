import type { Action, Tx } from '../../../kernel/action.ts'
import type { Actor } from '../../../kernel/actor.ts'
import { fault } from '../../../kernel/fault.ts'
import type { Row } from '../../../kernel/field.ts'
import { f } from '../../../kernel/fields/index.ts'
import { invalid } from '../../../kernel/problem.ts'
import { resource } from '../../../kernel/resource.ts'
import { any, role, self } from '../../../kernel/rule.ts'
import { levelOf, requireAbove } from './levels.ts'

/** Roles that one person holds at a time. */
const ROLES_MAX = 20

const fields = {
  user: f.ref('user', { immutable: true }),
  role: f.ref('role', { immutable: true }),
  from: f.time({ immutable: true, description: 'at once when absent' }),
  until: f.time({ optional: true, description: 'for good when absent' }),
  by: f.text({ managed: true, description: 'who gave it' }),
  reason: f.text({ min: 1, max: 1_000, immutable: true }),
}

const create: Action = {
  description: 'Gives a person a role.',
  effect: 'write',
  on: 'collection',
  input: {
    user: fields.user,
    role: fields.role,
    from: { ...fields.from, optional: true },
    until: fields.until,
    reason: fields.reason,
  },
  async run(_rows, { input, actor, now }, tx) {
    const held = await requireGivable(actor, input, tx)
    if (held >= ROLES_MAX)
      throw invalid([fault('role', 'role.limit', `is one too many: a person holds at most ${ROLES_MAX}`)])
    return { create: [{ ...input, from: input.from ?? now, by: actor.id }] }
  },
}

const revoke: Action = {
  description: 'Takes the roles from the people at once.',
  effect: 'write',
  on: 'records',
  input: {},
  async run(rows, { actor, now }, tx) {
    for (const row of rows) await requireGivable(actor, row, tx)
    const open = rows.filter((row) => row.until === null || String(row.until) > now)
    return { patch: new Map(open.map((row) => [row.id as string, { until: endOf(row, now) }])) }
  },
}

/** Who holds which role, from when, until when, by whom and why. What is over stays to be seen. */
export const membership = resource('membership', {
  description: 'Roles of people: who holds which, from when until when, given by whom and why.',
  fields,
  key: ['user', 'role'],
  without: ['create', 'update'],
  access: {
    read: any(role('owner', 'admin'), role('system'), self('user')),
    create: any(role('admin'), role('system')),
    revoke: any(role('admin'), role('system')),
  },
  actions: { create, revoke },
})

/**
 * One gives and takes only roles below one's own level, to people below it; owners may do it among owners. Returns how many
 * roles the person holds.
 */
async function requireGivable(actor: Actor, row: Row, tx: Tx): Promise<number> {
  const [found] = await tx.query<{ person: number; role: number; name: string; held: number }>(
    `select u.level::int as person, r.level::int as role, r.name,
  (select count(*)::int from membership m where m."user" = u.id and (m.until is null or m.until > now())) as held
from "user" u, role r where u.id = $1 and r.id = $2 and u.archived_at is null and r.archived_at is null`,
    [row.user, row.role],
  )
  if (!found) throw invalid([fault('user', 'user.unknown', 'or role is not there, or is put away')])
  const level = await levelOf(actor, tx)
  requireAbove(actor, level, found.role, `give or take the role ${found.name}`)
  requireAbove(actor, level, found.person, 'change the roles of this person')
  return found.held
}

/** A period that has not begun ends where it begins. */
function endOf(row: Row, now: string): string {
  return String(row.from) > now ? String(row.from) : now
}
