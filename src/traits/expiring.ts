import { f } from '../kernel/fields/index.ts'
import type { Trait } from '../kernel/resource.ts'

/** Records end by themselves at `expires_at`. */
export const expiring: Trait = {
  name: 'expiring',
  fields: { expires_at: f.time({ optional: true }) },
}
