import type { Action, Tx } from '../../../kernel/action.ts'
import type { Actor } from '../../../kernel/actor.ts'
import { fault } from '../../../kernel/fault.ts'
import type { Row } from '../../../kernel/field.ts'
import { f } from '../../../kernel/fields/index.ts'
import { conflict, invalid } from '../../../kernel/problem.ts'
import { resource } from '../../../kernel/resource.ts'
import { any, nobody, role } from '../../../kernel/rule.ts'
import type { Model } from '../../../kernel/validation.ts'
import { requireEachGivable } from '../access/give.ts'
import { grantsOfClient } from '../access/source.ts'
import { checkNarrowing, scopes } from './fields.ts'
import { hashKey, newKey, shownPrefix } from './key.ts'

/** Keys that one client may have live at a time. */
const KEYS_MAX = 5
const LIFE_DAYS = 365
const OVERLAP_HOURS = 24
const OVERLAP_HOURS_MAX = 30 * 24
const HOUR_MS = 3_600_000

const create: Action = {
  description: 'Makes a key for a client and shows it once. It lives a year unless it is said otherwise.',
  effect: 'write',
  on: 'collection',
  input: {
    client: f.ref('client'),
    scopes,
    expires_at: f.time({ optional: true, description: 'a year from now when absent' }),
    test: f.boolean({
      default: false,
      description: 'begins with srk_test_, so that people see what it is for',
    }),
  },
  async run(_rows, { input, actor, now }, tx, model) {
    await requireRoom(input.client as string, actor, tx, model)
    if (input.expires_at && String(input.expires_at) <= now)
      throw invalid([fault('expires_at', 'expires_at.past', 'must be in the future', input.expires_at)])
    const expiry = (input.expires_at as string | null) ?? later(now, LIFE_DAYS * 24)
    return issue(
      { client: input.client, scopes: input.scopes ?? null, expires_at: expiry },
      Boolean(input.test),
    )
  },
}

const rotate: Action = {
  description:
    'Makes a key that takes the place of another, which goes on for a while: 24 hours unless it is said.',
  effect: 'write',
  on: 'records',
  input: {
    overlap_hours: f.number({ integer: true, min: 0, max: OVERLAP_HOURS_MAX, default: OVERLAP_HOURS }),
  },
  async run(rows, { input, actor, now }, tx, model) {
    if (rows.length > 1) throw invalid([], `Rotate one key at a time; ${rows.length} were named.`)
    const [old] = rows
    if (old.revoked_at || (old.expires_at && String(old.expires_at) <= now))
      throw conflict('state', `The key ${old.prefix}… is over. Make a new one for its client.`)
    await requireRoom(old.client as string, actor, tx, model)
    const end = later(now, input.overlap_hours as number)
    const expiry = old.expires_at && String(old.expires_at) < end ? old.expires_at : end
    const made = issue(
      { client: old.client, scopes: old.scopes, expires_at: later(now, LIFE_DAYS * 24) },
      String(old.prefix).startsWith('srk_test_'),
    )
    return { ...made, patch: new Map([[old.id as string, { expires_at: expiry }]]) }
  },
}

const revoke: Action = {
  description: 'Ends the keys at once, on every process.',
  effect: 'write',
  on: 'records',
  input: {},
  set: (row, { now }) => ({ revoked_at: row.revoked_at ?? now }),
}

/** What a client shows. Kept as its SHA-256, shown once. */
export const clientKey = resource('client_key', {
  description: 'Keys of clients: kept as a hash, shown once, known by how they begin.',
  fields: {
    prefix: f.text({ managed: true, line: true }),
    client: f.ref('client', { immutable: true }),
    hash: { ...f.secret(), managed: true },
    scopes: { ...scopes, immutable: true },
    expires_at: f.time({ optional: true }),
    last_used_at: f.time({ optional: true, derived: true, description: 'to the minute' }),
    revoked_at: f.time({ optional: true, managed: true }),
  },
  key: ['prefix'],
  checks: [checkNarrowing],
  without: ['create', 'update'],
  access: {
    read: any(role('admin'), role('system')),
    write: role('admin'),
    undo: nobody,
    ingest: nobody,
  },
  actions: { create, rotate, revoke },
})

function issue(fields: Row, test: boolean) {
  const key = newKey(test ? 'test' : 'live')
  const record = { ...fields, prefix: shownPrefix(key), hash: hashKey(key), revoked_at: null }
  return { create: [record], answer: { key } }
}

/** The client is there, has room for a key, and whoever makes one could give all that it will open. */
async function requireRoom(id: string, actor: Actor, tx: Tx, model: Model): Promise<void> {
  const [found] = await tx.query<{ name: string; active: boolean }>(
    'select name, active from client where id = $1 for update',
    [id],
  )
  if (!found) throw invalid([fault('client', 'client.unknown', 'is not there', id)])
  if (!found.active) throw conflict('state', `${found.name} is not active. Activate it first.`)
  const [{ count }] = await tx.query<{ count: number }>(
    'select count(*)::int as count from client_key where client = $1 and revoked_at is null and (expires_at is null or expires_at > now())',
    [id],
  )
  if (count >= KEYS_MAX)
    throw invalid([], `${found.name} has ${count} keys, the most there may be. Revoke one that is not used.`)
  await requireEachGivable(actor, await grantsOfClient(id, tx, model), tx, model)
}

function later(now: string, hours: number): string {
  return new Date(Date.parse(now) + hours * HOUR_MS).toISOString().replace('Z', '000Z')
}
