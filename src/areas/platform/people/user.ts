import type { Action } from '../../../kernel/action.ts'
import { type Fault, fault } from '../../../kernel/fault.ts'
import type { Row } from '../../../kernel/field.ts'
import { f } from '../../../kernel/fields/index.ts'
import { conflict } from '../../../kernel/problem.ts'
import { managedDefaults, resource } from '../../../kernel/resource.ts'
import { all, any, compare, nobody, role, self } from '../../../kernel/rule.ts'
import { archivable } from '../../../traits/archivable.ts'

const STATUSES = ['invited', 'active', 'suspended'] as const

const email = f.text({
  optional: true,
  unique: true,
  fold: 'lower',
  line: true,
  max: 254,
  pattern: /^[^\s@"(),:;<>[\\\]]+@[^\s@"(),:;<>[\\\]]+\.[^\s@.]{2,}$/,
  patternHint: 'an e-mail address, such as ana@example.com',
})
const phone = f.text({
  optional: true,
  unique: true,
  line: true,
  pattern: /^\+[1-9]\d{6,14}$/,
  patternHint: 'a number with its country, such as +971501234567',
})
const profile = {
  name: f.text({ min: 1, max: 100, line: true }),
  locale: f.text({
    optional: true,
    line: true,
    pattern: /^[a-z]{2,3}(-[A-Za-z0-9]{2,8})*$/,
    patternHint: 'a language tag, such as en-AE',
  }),
  zone: f.text({ optional: true, line: true, max: 60, description: 'time zone, such as Asia/Dubai' }),
}

const invite: Action = {
  description: 'Makes a person who is sent a link to set a password and sign in.',
  effect: 'write',
  on: 'collection',
  input: { ...profile, email, phone },
  make: ({ input }) => ({
    ...managedDefaults(user.fields),
    ...input,
    login: loginOf(input),
    status: 'invited',
  }),
}

const suspend: Action = {
  description: 'Shuts the people out at once; their sessions end.',
  effect: 'write',
  on: 'records',
  input: {},
  set: (row) => move(row, ['invited', 'active'], 'suspended', 'suspend'),
}

const resume: Action = {
  description: 'Lets suspended people in again.',
  effect: 'write',
  on: 'records',
  input: {},
  set: (row) => move(row, ['suspended'], row.password_set_at ? 'active' : 'invited', 'resume'),
}

const admins = role('admin')
/** People below a level; what an administrator or manager may see and do ends below their own. */
const below = (level: number) => compare('level', '<', level)

/** A person. Whoever signs in is one; what they may do comes with their memberships. */
export const user = resource('user', {
  description: 'People: who signs in. Their roles are memberships.',
  fields: {
    login: f.text({
      managed: true,
      description: 'what they are known by: the e-mail address, else the phone',
    }),
    email: { ...email, managed: true },
    phone: { ...phone, managed: true },
    ...profile,
    status: f.choice(STATUSES, { managed: true, default: 'invited', facet: true }),
    password: { ...f.secret({ optional: true }), managed: true },
    password_set_at: f.time({ optional: true, managed: true }),
    sessions_from: f.time({
      optional: true,
      derived: true,
      description: 'sessions begun before are over: the password or the roles changed',
    }),
    level: f.number({ integer: true, derived: true, description: 'the highest of the roles' }),
    factor_required_since: f.time({ optional: true, derived: true }),
    last_sign_in_at: f.time({ optional: true, managed: true }),
  },
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
  },
  actions: { invite, suspend, resume },
})

/** What a person is known by. */
export function loginOf(row: Row): unknown {
  return row.email ?? row.phone ?? ''
}

function reachable(row: Row): Fault[] {
  return row.email || row.phone
    ? []
    : [fault('email', 'email.missing', 'or a phone is needed: a person must be reachable')]
}

function move(row: Row, from: readonly string[], to: string, verb: string): Row {
  if (from.includes(String(row.status))) return { status: to }
  throw conflict('state', `${row.login} is ${row.status}; ${verb} needs ${from.join(' or ')}.`)
}
