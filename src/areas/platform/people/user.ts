import { type Fault, fault } from '../../../kernel/fault.ts'
import type { Row } from '../../../kernel/field.ts'
import { resource } from '../../../kernel/resource.ts'
import { all, any, compare, nobody, role, self } from '../../../kernel/rule.ts'
import { archivable } from '../../../traits/archivable.ts'
import { userActions } from './user-actions.ts'
import { userFields } from './user-fields.ts'

const admins = role('admin')
/** People below a level; what an administrator or manager may see and do ends below their own. */
const below = (level: number) => compare('level', '<', level)

/** A person. Whoever signs in is one; what they may do comes with their memberships. */
export const user = resource('user', {
  description: 'People: who signs in. Their roles are memberships.',
  fields: userFields,
  key: ['login'],
  traits: [archivable],
  checks: [reachable],
  without: ['create'],
  access: {
    read: any(
      role('owner'),
      role('system'),
      self('id'),
      all(admins, below(4)),
      all(role('manager'), below(3)),
    ),
    write: any(role('owner'), all(admins, below(4))),
    ingest: nobody,
    invite: any(admins, role('system')),
    update: any(role('owner'), self('id'), all(admins, below(4))),
    reset_password: any(role('owner'), role('system'), all(admins, below(4))),
    recover: any(role('owner'), all(admins, below(4))),
    enter: role('system'),
    request_email: role('system'),
    set_password: role('system'),
    rehash: role('system'),
    change_email: role('system'),
    refuse: role('system'),
    contact: role('system'),
  },
  actions: userActions,
})

function reachable(row: Row): Fault[] {
  return row.email || row.phone
    ? []
    : [fault('email', 'email.missing', 'or a phone is needed: a person must be reachable')]
}
