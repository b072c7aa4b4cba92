import { f } from '../kernel/fields/index.ts'
import type { Trait } from '../kernel/resource.ts'

/** Records are drafts until they are published, and can be withdrawn. */
export const publishable: Trait = {
  name: 'publishable',
  fields: { is_published: f.boolean({ managed: true, default: false, facet: true }) },
  actions: {
    publish: {
      description: 'Shows the records to the world.',
      effect: 'write',
      on: 'records',
      input: {},
      set: () => ({ is_published: true }),
    },
    withdraw: {
      description: 'Takes the records back from the world.',
      effect: 'write',
      on: 'records',
      input: {},
      set: () => ({ is_published: false }),
    },
  },
}
