import { f } from '../kernel/fields/index.ts'
import type { Trait } from '../kernel/resource.ts'
import { compare } from '../kernel/rule.ts'

/**
 * Records are put away, not deleted. An archived record keeps its natural key, so that restoring it cannot collide,
 * unless it was archived with `release_key`.
 */
export const archivable: Trait = {
  name: 'archivable',
  fields: {
    archived_at: f.time({ optional: true, managed: true }),
    archived_by: f.text({ optional: true, managed: true }),
    archive_reason: f.text({ optional: true, managed: true, max: 1000 }),
    key_released: f.boolean({ managed: true, default: false }),
  },
  live: compare('archived_at', '=', null),
  keyed: compare('key_released', '=', false),
  actions: {
    archive: {
      description: 'Puts the records away. They can be restored.',
      effect: 'write',
      on: 'records',
      input: {
        release_key: f.boolean({ default: false, description: 'free the natural key for a new record' }),
      },
      set: (_row, { actor, now, input, reason }) => ({
        archived_at: now,
        archived_by: actor.id,
        archive_reason: reason,
        key_released: input.release_key,
      }),
    },
    restore: {
      description: 'Brings archived records back.',
      effect: 'write',
      on: 'records',
      input: {},
      archived: true,
      set: () => ({ archived_at: null, archived_by: null, archive_reason: null, key_released: false }),
    },
  },
}
