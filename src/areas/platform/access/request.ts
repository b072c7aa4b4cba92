import type { Action, FurtherCall, Tx } from '../../../kernel/action.ts'
import type { Actor } from '../../../kernel/actor.ts'
import { fault } from '../../../kernel/fault.ts'
import type { Row } from '../../../kernel/field.ts'
import { f } from '../../../kernel/fields/index.ts'
import { conflict, forbidden, invalid } from '../../../kernel/problem.ts'
import { managedDefaults, resource } from '../../../kernel/resource.ts'
import { any, everybody, nobody, owns, role } from '../../../kernel/rule.ts'

const STATES = ['pending', 'approved', 'rejected', 'withdrawn', 'expired'] as const
const WAIT_DAYS = 7
const LIFE_HOURS = 24
const LIFE_HOURS_MAX = 30 * 24
const HOUR_MS = 3_600_000

const fields = {
  label: f.text({ managed: true, max: 4_000, description: 'who asks for what, as a sentence' }),
  requested_by: f.text({ managed: true }),
  user: f.ref('user', { optional: true, managed: true }),
  client: f.ref('client', { optional: true, managed: true }),
  permission: f.text({ max: 81, line: true, immutable: true, description: 'such as product:update' }),
  rule: f.text({
    optional: true,
    immutable: true,
    max: 1_000,
    description: 'condition in CEL: which records',
  }),
  record: f.ref('record', { optional: true, immutable: true, description: 'the one record' }),
  from: f.time({ optional: true, immutable: true, description: 'as soon as it is approved when absent' }),
  until: f.time({ immutable: true, description: 'a day after it begins when absent, 30 days at most' }),
  reason: f.text({ min: 1, max: 1_000, immutable: true }),
  state: f.choice(STATES, { managed: true, default: 'pending', facet: true }),
  expires_at: f.time({ managed: true, description: 'until when it may be approved' }),
  decided_by: f.text({ optional: true, managed: true }),
  decided_at: f.time({ optional: true, managed: true }),
  resolution_notes: f.text({ optional: true, managed: true, max: 1_000 }),
}
const notes = { resolution_notes: f.text({ optional: true, max: 1_000 }) }

const create: Action = {
  description: 'Asks for a right that somebody else holds and may give, with a reason and for a time.',
  effect: 'write',
  on: 'collection',
  input: {
    permission: fields.permission,
    rule: fields.rule,
    record: fields.record,
    from: fields.from,
    until: { ...fields.until, optional: true },
    reason: fields.reason,
  },
  async run(_rows, { input, actor, now }, _tx, model) {
    if (actor.user === undefined && actor.client === undefined)
      throw forbidden(`${actor.name} is neither a person nor a client; nothing can be granted to it.`)
    const begins = (input.from as string | null) ?? now
    const until = (input.until as string | null) ?? later(begins, LIFE_HOURS)
    if (until <= begins || until > later(begins, LIFE_HOURS_MAX))
      throw invalid([fault('until', 'until.range', 'must be within 30 days after it begins', until)])
    const { permission, rule, record } = input as { [name: string]: string | null }
    model.gift({ permission: permission!, rule, record, fields: null, from: null, until: null })
    const asked = `${permission}${rule ? ` where ${rule}` : ''}${record ? ` of ${record}` : ''}`
    return {
      create: [
        {
          ...managedDefaults(accessRequest.fields),
          ...input,
          until,
          label: `${actor.name} (${actor.id}) asks for ${asked}`,
          requested_by: actor.id,
          ...(actor.user === undefined ? { client: actor.client } : { user: actor.user }),
          expires_at: later(now, WAIT_DAYS * 24),
        },
      ],
    }
  },
}

const approve: Action = {
  description: 'Grants what is asked for. Only somebody else does, who holds it and may give it on.',
  effect: 'write',
  on: 'records',
  input: notes,
  from: ['pending'],
  async run(rows, { actor, input, now }, tx) {
    for (const row of rows) await requireOther(row, actor, now, tx)
    return {
      patch: decisionOf(rows, 'approved', actor, now, input),
      // Given by the one who approves, under all that guards the giving.
      calls: rows.map((row) => grantOf(row, now)),
    }
  },
}

const reject: Action = {
  description: 'Refuses what is asked for. Only somebody else does.',
  effect: 'write',
  on: 'records',
  input: notes,
  from: ['pending'],
  async run(rows, { actor, input, now }, tx) {
    for (const row of rows) await requireOther(row, actor, now, tx)
    return { patch: decisionOf(rows, 'rejected', actor, now, input) }
  },
}

const withdraw: Action = {
  description: 'Takes back what one asked for oneself.',
  effect: 'write',
  on: 'records',
  input: {},
  from: ['pending'],
  set: (_row, { actor, now }) => ({ state: 'withdrawn', decided_by: actor.id, decided_at: now }),
}

const lapse: Action = {
  description: 'Ends the requests that nobody decided in time.',
  effect: 'write',
  on: 'collection',
  input: {},
  async run(_rows, { now }, tx) {
    const rows = await tx.query<{ id: string }>(
      `select id from access_request where state = 'pending' and expires_at <= $1 order by id limit 10000 for update`,
      [now],
    )
    if (rows.length === 0) return {}
    return { patchAll: { ids: rows.map(({ id }) => id), patch: { state: 'expired', decided_at: now } } }
  },
}

/** A right that somebody asks for, and what became of it. */
export const accessRequest = resource('access_request', {
  description: 'Rights that people ask for: approved or refused by somebody else, or lapsed by themselves.',
  fields,
  key: ['label'],
  without: ['create', 'update'],
  access: {
    read: any(role('manager', 'admin', 'system'), owns('requested_by')),
    create: everybody,
    approve: role('manager', 'admin'),
    reject: role('manager', 'admin'),
    withdraw: owns('requested_by'),
    lapse: role('system'),
    undo: nobody,
    ingest: nobody,
  },
  actions: { create, approve, reject, withdraw, lapse },
})

/** Another person decides: not the one who asks, nor a client or key that is theirs. */
async function requireOther(row: Row, actor: Actor, now: string, tx: Tx): Promise<void> {
  if (String(row.expires_at) <= now)
    throw conflict('state', `${row.label}: this lapsed on ${row.expires_at}.`)
  const [asking, deciding] = await Promise.all([personOf(row, tx), personOf({ ...actor }, tx)])
  const same = row.requested_by === actor.id || (asking !== null && asking === deciding)
  if (same) throw forbidden('One does not decide on what one asks for oneself. Somebody else has to.')
}

/** The person behind a user or a client. */
async function personOf({ user, client }: Row, tx: Tx): Promise<unknown> {
  if (user) return user
  if (!client) return null
  const [found] = await tx.query<{ owner: string | null }>('select owner from client where id = $1', [client])
  return found?.owner ?? null
}

function decisionOf(
  rows: readonly Row[],
  state: (typeof STATES)[number],
  actor: Actor,
  now: string,
  { resolution_notes }: Row,
): Map<string, Row> {
  const decision = {
    state,
    decided_by: actor.id,
    decided_at: now,
    resolution_notes: resolution_notes ?? null,
  }
  return new Map(rows.map(({ id }) => [id as string, decision]))
}

function grantOf(row: Row, now: string): FurtherCall {
  const { user, client, permission, rule, record, from, until, reason } = row
  return {
    resource: 'grant',
    action: 'create',
    input: {
      ...(user ? { user } : { client }),
      permission,
      rule,
      record,
      from: from && String(from) > now ? from : null,
      until,
      reason: `asked for: ${reason}`.slice(0, 1_000),
    },
  }
}

function later(time: string, hours: number): string {
  return new Date(Date.parse(time) + hours * HOUR_MS).toISOString().replace('Z', '000Z')
}
