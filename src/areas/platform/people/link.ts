import type { Action, Tx } from '../../../kernel/action.ts'
import { f } from '../../../kernel/fields/index.ts'
import { conflict } from '../../../kernel/problem.ts'
import { resource } from '../../../kernel/resource.ts'
import { role } from '../../../kernel/rule.ts'
import { expiring } from '../../../traits/expiring.ts'

const PURPOSES = ['first_owner', 'invite', 'reset', 'email_change', 'recovery'] as const
export type LinkPurpose = (typeof PURPOSES)[number]

/** How long links live. Sent as a text message, which others may read on a lock screen, none lives longer than 10 minutes. */
export const LINK_MINUTES: { readonly [purpose in LinkPurpose]: number } = {
  first_owner: 24 * 60,
  invite: 7 * 24 * 60,
  reset: 30,
  email_change: 24 * 60,
  recovery: 24 * 60,
}

const fields = {
  handle: f.text({ line: true, description: 'what it is known by; not what opens it' }),
  purpose: f.choice(PURPOSES, { facet: true }),
  user: f.ref('user', { optional: true }),
  email: f.text({ optional: true, line: true, max: 254, description: 'email_change: the new address' }),
  hash: f.secret(),
  used_at: f.time({ optional: true, managed: true }),
}

const issue: Action = {
  description: 'Makes a link that is good for one thing, once; older ones for the same are void.',
  effect: 'write',
  on: 'collection',
  input: {
    handle: fields.handle,
    purpose: fields.purpose,
    user: fields.user,
    email: fields.email,
    hash: f.text(),
    minutes: f.number({ integer: true, min: 1, max: LINK_MINUTES.invite }),
    asked_at: f.time({ optional: true, description: 'recovery: not if a factor was used since' }),
  },
  async run(_rows, { input: { minutes, asked_at, ...link }, now }, tx) {
    if (asked_at && (await usedSince(tx, link.user, asked_at))) return { answer: { cancelled: true } }
    const older = await tx.query<{ id: string }>(
      `select id from link where purpose = $1 and "user" is not distinct from $2 and used_at is null and expires_at > now() for update`,
      [link.purpose, link.user],
    )
    const ids = older.map(({ id }) => id)
    const ends = new Date(Date.parse(now) + (minutes as number) * 60_000).toISOString().replace('Z', '000Z')
    return {
      create: [{ ...link, expires_at: ends, used_at: null }],
      ...(ids.length ? { patchAll: { ids, patch: { expires_at: now } } } : {}),
    }
  },
}

const redeem: Action = {
  description: 'Uses a link; it is good once.',
  effect: 'write',
  on: 'records',
  input: {},
  set(row, { now }) {
    if (row.used_at || String(row.expires_at) <= now)
      throw conflict('link.used', 'The link was used already, or is too old. Ask for a new one.')
    return { used_at: now }
  },
}

/** Invitations, new passwords, changed addresses: proof that whoever holds it reads that mailbox. */
export const link = resource('link', {
  description: 'Links that are good for one thing, once: invitations, new passwords, changed addresses.',
  fields,
  key: ['handle'],
  traits: [expiring],
  without: ['create', 'update'],
  access: {
    read: role('owner', 'system'),
    issue: role('system'),
    redeem: role('system'),
  },
  actions: { issue, redeem },
})

/** Somebody who still has a factor does not need the way around it; using it says that somebody else asked. */
async function usedSince(tx: Tx, user: unknown, since: unknown): Promise<boolean> {
  const found = await tx.query(
    'select from factor where "user" = $1 and disabled_at is null and last_used_at > $2 limit 1',
    [user, since],
  )
  return found.length > 0
}
