import type { Action } from '../../../kernel/action.ts'
import { f } from '../../../kernel/fields/index.ts'
import { resource } from '../../../kernel/resource.ts'
import { any, role } from '../../../kernel/rule.ts'
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

/** A program that acts in its own name: what it may do is granted to it, what it shows are its keys. */
export const client = resource('client', {
  description:
    'Programs that use the house: what they may do is granted to them, and their keys open the doors.',
  fields: {
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
  },
  key: ['name'],
  checks: [checkNarrowing],
  access: { read: any(role('admin'), role('system')), write: role('admin') },
  actions: { activate, deactivate },
})
