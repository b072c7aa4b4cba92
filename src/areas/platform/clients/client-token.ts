import { randomBytes } from 'node:crypto'
import type { Action } from '../../../kernel/action.ts'
import { f } from '../../../kernel/fields/index.ts'
import { resource } from '../../../kernel/resource.ts'
import { any, nobody, role } from '../../../kernel/rule.ts'
import { scopes } from './fields.ts'
import { hashKey, shownPrefix } from './key.ts'

/** Time that a token lives (RFC 6749, client credentials). */
export const TOKEN_SECONDS = 3_600
const SECRET_BYTES = 32
const SHAPE = /^sra_[A-Za-z0-9_-]{43}$/

/** Whether a text can be a token at all. */
export function isClientToken(text: string): boolean {
  return SHAPE.test(text)
}

const issue: Action = {
  description: 'Makes a token for a client that showed its key.',
  effect: 'write',
  on: 'collection',
  input: { client: f.ref('client'), key: f.ref('client_key'), scopes },
  async run(_rows, { input, now }) {
    const token = `sra_${randomBytes(SECRET_BYTES).toString('base64url')}`
    const expires = new Date(Date.parse(now) + TOKEN_SECONDS * 1_000).toISOString().replace('Z', '000Z')
    const record = { ...input, prefix: shownPrefix(token), hash: hashKey(token), revoked_at: null }
    return { create: [{ ...record, scopes: input.scopes ?? null, expires_at: expires }], answer: { token } }
  },
}

const revoke: Action = {
  description: 'Ends the tokens at once, on every process.',
  effect: 'write',
  on: 'records',
  input: {},
  set: (row, { now }) => ({ revoked_at: row.revoked_at ?? now }),
}

/** An access token of OAuth 2 (client credentials): opaque, kept as a hash, an hour long. */
export const clientToken = resource('client_token', {
  description: 'Tokens that clients got for their keys (OAuth 2 client credentials).',
  fields: {
    prefix: f.text({ managed: true, line: true }),
    client: f.ref('client', { immutable: true }),
    key: f.ref('client_key', { immutable: true }),
    hash: { ...f.secret(), managed: true },
    scopes: { ...scopes, immutable: true },
    expires_at: f.time({ immutable: true }),
    revoked_at: f.time({ optional: true, managed: true }),
  },
  key: ['prefix'],
  without: ['create', 'update'],
  access: {
    read: any(role('admin'), role('system')),
    revoke: any(role('admin'), role('system')),
    issue: role('system'),
    undo: nobody,
    ingest: nobody,
  },
  actions: { issue, revoke },
})
