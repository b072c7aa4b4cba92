import { type Fault, fault } from '../../../kernel/fault.ts'
import type { Row } from '../../../kernel/field.ts'
import { f } from '../../../kernel/fields/index.ts'
import { resource } from '../../../kernel/resource.ts'
import { any, role as holds } from '../../../kernel/rule.ts'
import { archivable } from '../../../traits/archivable.ts'

/** Level of the owner, above which nobody stands. */
export const OWNER_LEVEL = 5

/** A named set of rights. Levels give none: they only say who may administer whom. */
export const role = resource('role', {
  description: 'Roles that people hold. A level gives no right; it says who may administer whom.',
  fields: {
    name: f.text({
      min: 1,
      max: 40,
      line: true,
      immutable: true,
      pattern: /^[a-z][a-z0-9_-]*$/,
      patternHint: 'small letters, digits, _ and -',
    }),
    level: f.number({ integer: true, min: 0, max: OWNER_LEVEL, description: '5 is the owner, 0 a stranger' }),
    description: f.text({ optional: true, max: 1_000 }),
    require_factor: f.boolean({
      default: false,
      description: 'whoever holds it must have a second factor, 7 days after it was given',
    }),
    shipped: f.boolean({
      managed: true,
      default: false,
      description: 'came with Serai; it can be changed, not put away',
    }),
  },
  key: ['name'],
  traits: [archivable],
  checks: [keepShipped],
  access: { read: any(holds('owner', 'admin', 'manager'), holds('system')), write: holds('owner') },
})

function keepShipped(row: Row): Fault[] {
  const faults: Fault[] = []
  if (row.shipped && row.archived_at)
    faults.push(
      fault('name', 'role.shipped', 'came with Serai and cannot be put away; end its memberships instead'),
    )
  if (row.name === 'owner' && row.level !== OWNER_LEVEL)
    faults.push(fault('level', 'level.owner', `of the owner is ${OWNER_LEVEL}`))
  return faults
}
