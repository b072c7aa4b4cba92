import { createHash, randomBytes } from 'node:crypto'
import type { Action } from '../../kernel/action.ts'
import { f } from '../../kernel/fields/index.ts'
import { resource } from '../../kernel/resource.ts'
import { role } from '../../kernel/rule.ts'
import { expiring } from '../../traits/expiring.ts'

const SECRET_BYTES = 24
const PREFIX_CHARACTERS = 12

/** Roles that a token may carry, strongest first. */
export const ROLES = ['owner', 'manager', 'staff', 'viewer'] as const

/** What is stored of a token: its SHA-256 (it is random, so nothing slower is needed). */
export function hashToken(token: string): string {
  return createHash('sha256').update(token).digest('base64url')
}

const create: Action = {
  description: 'Makes a token and shows it once.',
  stepUp: true,
  effect: 'write',
  on: 'collection',
  input: {
    name: f.text({ min: 1, max: 100, line: true }),
    role: f.choice(ROLES),
    expires_at: f.time({ optional: true }),
  },
  async run(_rows, { input }) {
    const token = `srt_${randomBytes(SECRET_BYTES).toString('base64url')}`
    const record = {
      ...input,
      hash: hashToken(token),
      prefix: token.slice(0, PREFIX_CHARACTERS),
      revoked_at: null,
    }
    return { create: [record], answer: { token } }
  },
}

const revoke: Action = {
  description: 'Ends the tokens at once.',
  effect: 'write',
  on: 'records',
  input: {},
  set: (row, { now }) => ({ revoked_at: row.revoked_at ?? now }),
}

/** Opens the doors to a program: who holds it acts with its role. */
export const token = resource('token', {
  description: 'Tokens for programs; stored as a hash, shown once.',
  fields: {
    name: f.text({ min: 1, max: 100, line: true }),
    role: f.choice(ROLES),
    hash: f.secret(),
    prefix: f.text({ line: true }),
    revoked_at: f.time({ optional: true, managed: true }),
  },
  key: ['name'],
  traits: [expiring],
  without: ['create', 'update'],
  access: { read: role('owner'), write: role('owner') },
  actions: { create, revoke },
})
