import type { Action, FurtherCall } from '../../../kernel/action.ts'
import { f } from '../../../kernel/fields/index.ts'
import { resource } from '../../../kernel/resource.ts'
import { any, role } from '../../../kernel/rule.ts'
import { uuidv7 } from '../../../kernel/uuid.ts'
import { checkNarrowing, scopes } from './fields.ts'

const activate: Action = {
  description: 'Lets the clients in again, with the keys that they have.',
  effect: 'write',
  on: 'records',
  input: {},
  set: () => ({ active: true }),
}

const deactivate: Action = {
  description: 'Shuts the clients out at once: their keys and tokens are refused on every process.',
  effect: 'write',
  on: 'records',
  input: {},
  set: () => ({ active: false }),
}

const fields = {
  name: f.text({ min: 1, max: 100, line: true, immutable: true }),
  kind: f.text({
    optional: true,
    max: 60,
    line: true,
    facet: true,
    description: 'such as pos, website, partner',
  }),
  description: f.text({ optional: true, max: 1_000 }),
  scopes,
  allowed_addresses: f.list(f.text({ max: 50, line: true }), {
    optional: true,
    max: 100,
    description: 'addresses and ranges (CIDR) it may call from; everywhere when absent',
  }),
  owner: f.ref('user', { optional: true, description: 'the person who answers for it' }),
  essential: f.boolean({ default: false, description: 'works on when the house is locked down' }),
  active: f.boolean({ managed: true, default: true, facet: true }),
}

const admit: Action = {
  description:
    'Makes a client with what it may do and its first key, which is shown once: all of it or nothing.',
  effect: 'write',
  on: 'collection',
  input: {
    ...Object.fromEntries(Object.entries(fields).filter(([name]) => name !== 'active')),
    may: f.list(f.text({ max: 81, line: true }), {
      default: [],
      max: 100,
      description: 'permissions to grant, such as product:read',
    }),
    reason: f.text({ min: 1, max: 1_000, description: 'why it is let in' }),
  },
  async run(_rows, { input }) {
    const { may, reason, ...own } = input
    const id = uuidv7()
    const grants = (may as string[]).map(
      (permission): FurtherCall => ({
        resource: 'grant',
        action: 'create',
        input: { client: id, permission, reason },
      }),
    )
    const key: FurtherCall = { resource: 'client_key', action: 'create', input: { client: id } }
    return { create: [{ ...own, id, active: true }], calls: [...grants, key] }
  },
}

/** A program that acts in its own name: what it may do is granted to it, what it shows are its keys. */
export const client = resource('client', {
  description:
    'Programs that use the house: what they may do is granted to them, and their keys open the doors.',
  fields,
  key: ['name'],
  checks: [checkNarrowing],
  access: { read: any(role('admin'), role('system')), write: role('admin') },
  actions: { admit, activate, deactivate },
})
