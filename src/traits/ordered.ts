import { f } from '../kernel/fields/index.ts'
import type { Trait } from '../kernel/resource.ts'

/** Records have a place among their siblings; ties are broken by the natural key. */
export const ordered: Trait = {
  name: 'ordered',
  fields: { sort_order: f.number({ integer: true, min: 0, default: 0 }) },
}
