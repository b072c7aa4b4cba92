import type { Action, Tx } from '../../../kernel/action.ts'
import { fault } from '../../../kernel/fault.ts'
import type { Row } from '../../../kernel/field.ts'
import { f } from '../../../kernel/fields/index.ts'
import type { StoredGrant } from '../../../kernel/grants/source.ts'
import { conflict, forbidden, invalid } from '../../../kernel/problem.ts'
import { resource } from '../../../kernel/resource.ts'
import { any, nobody, role, self } from '../../../kernel/rule.ts'
import type { GrantWords, Model } from '../../../kernel/validation.ts'
import { levelOf, requireAbove } from '../people/levels.ts'
import { requireGivable } from './give.ts'
import { type Found, findHolder } from './holder.ts'
import { ship } from './ship.ts'

/** Grants that are live at a time, and those of one person or client. */
export const GRANTS_MAX = 100_000
export const DIRECT_GRANTS_MAX = 1_000
const RULE_CHARACTERS_MAX = 1_000

const fields = {
  label: f.text({ managed: true, max: 4_000, description: 'the grant as a sentence' }),
  role: f.ref('role', { optional: true, managed: true }),
  user: f.ref('user', { optional: true, managed: true }),
  client: f.ref('client', { optional: true, managed: true }),
  effect: f.choice(['allow', 'deny'], { default: 'allow', immutable: true, facet: true }),
  permission: f.text({
    max: 81,
    line: true,
    immutable: true,
    facet: true,
    description: 'resource:verb, such as product:read, product:* or *:read',
  }),
  rule: f.text({
    optional: true,
    immutable: true,
    max: RULE_CHARACTERS_MAX,
    description: 'condition in CEL: the records it is about; keeper == me asks for whoever holds it',
  }),
  record: f.ref('record', { optional: true, immutable: true, description: 'the one record it is about' }),
  fields: f.list(f.text({ max: 40 }), {
    optional: true,
    immutable: true,
    max: 200,
    description: 'the fields it is about; all when absent',
  }),
  from: f.time({ immutable: true, description: 'at once when absent' }),
  until: f.time({ optional: true, immutable: true, description: 'until it is revoked when absent' }),
  by: f.text({ managed: true, description: 'who gave it' }),
  reason: f.text({ min: 1, max: 1_000, immutable: true }),
  delegable: f.boolean({ default: false, immutable: true, description: 'its holder may give it on' }),
  shipped: f.text({ optional: true, managed: true, secret: true }),
  revoked_at: f.time({ optional: true, managed: true }),
  revoked_by: f.text({ optional: true, managed: true }),
}

const create: Action = {
  description: 'Gives a right to a role, a user or a client. One gives only what one holds and may give on.',
  effect: 'write',
  on: 'collection',
  input: {
    role: f.text({ optional: true, line: true, max: 100, description: 'name or id of a role' }),
    user: f.text({ optional: true, line: true, max: 254, description: 'e-mail, phone or id of a person' }),
    client: f.text({ optional: true, line: true, max: 100, description: 'name or id of a client' }),
    effect: fields.effect,
    permission: fields.permission,
    rule: fields.rule,
    record: fields.record,
    fields: fields.fields,
    from: { ...fields.from, optional: true },
    until: fields.until,
    reason: fields.reason,
    delegable: fields.delegable,
  },
  async run(_rows, { input, actor, now }, tx, model) {
    const holder = await findHolder(input, tx)
    const words = { ...input, from: input.from ?? now } as GrantWords & Row
    if (words.until !== null && String(words.until) <= String(words.from))
      throw invalid([fault('until', 'until.order', 'must be after from', words.until)])
    await requireGivable(actor, holder, words, tx, model)
    await requireRoom(holder, tx)
    const { role: _role, user: _user, client: _client, ...rest } = words
    const kept = { ...rest, [holder.kind]: holder.id, by: actor.id }
    return { create: [{ ...EMPTY, ...kept, label: labelOf(holder.name, words, input.from != null) }] }
  },
}

const revoke: Action = {
  description: 'Ends the grants at once, on every process.',
  effect: 'write',
  on: 'records',
  input: {},
  async run(rows, { actor, now }, tx, model) {
    const open = rows.filter((row) => row.revoked_at === null)
    for (const row of open) await requireRevocable(row, actor, tx, model)
    return { patch: new Map(open.map(({ id }) => [id as string, { revoked_at: now, revoked_by: actor.id }])) }
  },
}

const take: Action = {
  description: 'Ends every grant of one holder that says just this, for programs that do not know its id.',
  effect: 'write',
  on: 'collection',
  input: {
    role: create.input.role,
    user: create.input.user,
    client: create.input.client,
    permission: fields.permission,
    record: fields.record,
  },
  async run(_rows, { input, actor, now }, tx, model) {
    const holder = await findHolder(input, tx)
    const rows = await tx.query<Row>(
      `select * from "grant" where "${holder.kind}" = $1 and permission = $2 and record is not distinct from $3::uuid
  and effect = 'allow' and revoked_at is null order by id for update`,
      [holder.id, input.permission, input.record ?? null],
    )
    for (const row of rows) await requireRevocable(row, actor, tx, model)
    const patchAll = {
      ids: rows.map(({ id }) => id as string),
      patch: { revoked_at: now, revoked_by: actor.id },
    }
    return { ...(rows.length ? { patchAll } : {}), answer: { revoked: rows.length } }
  },
}

/** Who may do what: the only thing that decides. What the declarations say is given to the shipped roles at the start. */
export const grant = resource('grant', {
  description:
    'Grants: which role, person or program may (or may not) do what, from when until when, and why.',
  fields,
  key: ['label'],
  without: ['create', 'update'],
  access: {
    read: any(role('admin'), role('system'), self('user')),
    write: role('admin'),
    ship: role('system'),
    // A grant that is taken back would come again past everything that guards the giving.
    undo: nobody,
    ingest: nobody,
  },
  actions: { create, revoke, take, ship },
})

const EMPTY = { role: null, user: null, client: null, shipped: null, revoked_at: null, revoked_by: null }

/** What one may not give one may not end either: the end of a denial opens, and people above are left alone. */
async function requireRevocable(
  row: Row,
  actor: Parameters<typeof requireGivable>[0],
  tx: Tx,
  model: Model,
): Promise<void> {
  const holder = await findHolder(row, tx)
  if (holder.kind === 'role' && holder.name === 'owner' && row.permission === '*:*' && row.effect === 'allow')
    throw conflict(
      'user.last_owner',
      'This grant is what makes owners. Without it nobody could administer the house.',
    )
  if (row.effect === 'deny')
    return requireGivable(actor, holder, { ...(row as StoredGrant), from: null, until: null }, tx, model)
  requireAbove(actor, await levelOf(actor, tx), holder.level, `change what ${holder.name} may do`)
  if (actor.scopes) throw forbidden('A key or token with scopes may not end grants.')
}

async function requireRoom({ kind, id, name }: Found, tx: Tx): Promise<void> {
  const [{ all, own }] = await tx.query<{ all: number; own: number }>(
    `select count(*)::int as all, count(*) filter (where "user" = $1 or client = $1)::int as own
from "grant" where revoked_at is null and (until is null or until > now())`,
    [id],
  )
  if (all >= GRANTS_MAX)
    throw invalid([], `There are ${all} grants, the most there may be. Revoke what is not needed.`)
  if (kind !== 'role' && own >= DIRECT_GRANTS_MAX)
    throw invalid([], `${name} holds ${own} grants, the most there may be. Give them to a role instead.`)
}

/** `staff may product:read where active, until 2027-01-01`: no two live grants say the same. */
export function labelOf(holder: string, words: GrantWords & Row, later: boolean): string {
  const { effect, permission, rule, record, fields: only, from, until } = words
  return [
    `${holder} ${effect === 'deny' ? 'may not' : 'may'} ${permission}`,
    only ? ` (${only.join(', ')})` : '',
    rule ? ` where ${rule}` : '',
    record ? ` of ${record}` : '',
    later ? ` from ${from}` : '',
    until ? ` until ${until}` : '',
  ].join('')
}
