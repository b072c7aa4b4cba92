import { f } from '../kernel/fields/index.ts'
import type { Trait } from '../kernel/resource.ts'

/**
 * Records remember which import source brought them, so that a snapshot of one source archives its own records only, and
 * a source does not overwrite what a higher one wrote. What people and plain imports write belongs to no source.
 */
export const sourced: Trait = {
  name: 'sourced',
  fields: {
    brought_by: f.text({
      optional: true,
      managed: true,
      description: 'the import source that brought the record',
    }),
    field_sources: f.json({
      optional: true,
      managed: true,
      description: 'fields that another source wrote last: { field: source }',
    }),
  },
}
