import type { Action, Tx } from '../../../kernel/action.ts'
import type { Row } from '../../../kernel/field.ts'
import { f } from '../../../kernel/fields/index.ts'
import { Problem } from '../../../kernel/problem.ts'
import { resource } from '../../../kernel/resource.ts'
import { any, role, self } from '../../../kernel/rule.ts'

/** Sessions of one person at a time; the oldest ends for a new one. */
const SESSIONS_MAX = 50
const LIVE = 'ended_at is null and absolute_until > now() and (idle_until is null or idle_until > now())'

const fields = {
  handle: f.text({ line: true, description: 'what it is known by; not what opens doors' }),
  user: f.ref('user'),
  hash: f.secret(),
  factors: f.list(f.json(), { description: 'what was proved, and when: [{"method", "at"}]' }),
  factor_at: f.time({ optional: true, description: 'when a second factor was last proved' }),
  address: f.text({ optional: true, line: true, max: 60 }),
  agent: f.text({ optional: true, max: 300 }),
  idle_seconds: f.number({ optional: true, integer: true, description: 'unused for so long, it ends' }),
  idle_until: f.time({ optional: true, derived: true }),
  absolute_until: f.time({ description: 'it ends then in any case' }),
  ended_at: f.time({ optional: true, managed: true }),
  end_reason: f.text({ optional: true, managed: true, max: 200 }),
}

const create: Action = {
  description: 'Begins a session of somebody who proved who they are.',
  effect: 'write',
  on: 'collection',
  input: {
    handle: fields.handle,
    user: fields.user,
    hash: f.text(),
    factors: fields.factors,
    factor_at: fields.factor_at,
    address: fields.address,
    agent: fields.agent,
    idle_seconds: fields.idle_seconds,
    absolute_until: fields.absolute_until,
    password_set_at: f.time({ optional: true, description: 'the password that was proved' }),
  },
  async run(_rows, { input: { password_set_at, ...session }, now }, tx) {
    await requireUnchanged(tx, session.user, password_set_at)
    const ids = await tooMany(tx, session.user)
    const ending = { ids, patch: { ended_at: now, end_reason: 'too many sessions' } }
    return {
      create: [{ ...session, ended_at: null, end_reason: null }],
      ...(ids.length ? { patchAll: ending } : {}),
    }
  },
}

const rotate: Action = {
  description: 'Gives the session a new token, because more was proved; the old one is dead at once.',
  effect: 'write',
  on: 'records',
  input: { handle: fields.handle, hash: f.text(), method: f.text({ line: true }) },
  set: (row, { input, now }) => ({
    handle: input.handle,
    hash: input.hash,
    factors: [...(row.factors as Row[]), { method: input.method, at: now }],
    factor_at: now,
  }),
}

const revoke: Action = {
  description: 'Ends the sessions at once.',
  effect: 'write',
  on: 'records',
  input: {},
  set: (row, { now, reason }) =>
    row.ended_at ? {} : { ended_at: now, end_reason: reason?.slice(0, 200) ?? 'revoked' },
}

const revokeOthers: Action = {
  description: 'Ends all sessions of whoever asks but the one that asks.',
  effect: 'write',
  on: 'collection',
  input: {},
  async run(_rows, { actor, now }, tx) {
    const ids = await open(tx, actor.user ?? null, actor.session ?? null)
    return {
      ...(ids.length ? { patchAll: { ids, patch: { ended_at: now, end_reason: 'revoked' } } } : {}),
      answer: { ended: ids.length },
    }
  },
}

const endAll: Action = {
  description:
    'Ends the sessions of a person: all but the one to keep, or those that are over by themselves.',
  effect: 'write',
  on: 'collection',
  input: { user: fields.user, keep: f.ref('session', { optional: true }), why: f.text({ max: 200 }) },
  async run(_rows, { input, now }, tx) {
    const ids = input.keep ? await open(tx, input.user, input.keep) : await over(tx, input.user)
    return ids.length ? { patchAll: { ids, patch: { ended_at: now, end_reason: input.why } } } : {}
  },
}

const mine = self('user')
const admins = role('admin')

/** A signed-in device. Its token is stored nowhere, only the token's hash. */
export const session = resource('session', {
  description: 'Signed-in devices: since when, from where, until when. Ending one signs it out.',
  fields,
  key: ['handle'],
  without: ['create', 'update'],
  access: {
    read: any(mine, admins, role('system')),
    create: role('system'),
    rotate: role('system'),
    revoke: any(mine, admins, role('system')),
    revoke_others: mine,
    end_all: role('system'),
  },
  actions: { create, rotate, revoke, revoke_others: revokeOthers, end_all: endAll },
})

/** Between the password and the session, somebody may have suspended the person or changed the password. */
async function requireUnchanged(tx: Tx, user: unknown, passwordSetAt: unknown): Promise<void> {
  const found = await tx.query(
    `select from "user" where id = $1 and status = 'active' and archived_at is null
and ($2::timestamptz is null or password_set_at is not distinct from $2) for share`,
    [user, passwordSetAt],
  )
  if (found.length === 0) throw new Problem(401, 'sign_in.refused', 'Not signed in', 'Sign in again.')
}

async function tooMany(tx: Tx, user: unknown): Promise<string[]> {
  const rows = await tx.query<{ id: string }>(
    `select id from session where "user" = $1 and ${LIVE} order by created_at desc offset $2 for update`,
    [user, SESSIONS_MAX - 1],
  )
  return rows.map(({ id }) => id)
}

async function open(tx: Tx, user: unknown, keep: unknown): Promise<string[]> {
  const rows = await tx.query<{ id: string }>(
    'select id from session where "user" = $1 and ended_at is null and id is distinct from $2 for update',
    [user, keep],
  )
  return rows.map(({ id }) => id)
}

async function over(tx: Tx, user: unknown): Promise<string[]> {
  const rows = await tx.query<{ id: string }>(
    `select s.id from session s join "user" u on u.id = s."user"
where u.id = $1 and s.ended_at is null and s.created_at <= u.sessions_from for update of s`,
    [user],
  )
  return rows.map(({ id }) => id)
}
