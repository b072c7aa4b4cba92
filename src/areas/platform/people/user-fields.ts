import type { Fields, Row } from '../../../kernel/field.ts'
import { f } from '../../../kernel/fields/index.ts'

const STATUSES = ['invited', 'active', 'suspended'] as const

export const email = f.text({
  optional: true,
  unique: true,
  fold: 'lower',
  line: true,
  max: 254,
  pattern: /^[^\s@"(),:;<>[\\\]]+@[^\s@"(),:;<>[\\\]]+\.[^\s@.]{2,}$/,
  patternHint: 'an e-mail address, such as ana@example.com',
})
export const phone = f.text({
  optional: true,
  unique: true,
  line: true,
  pattern: /^\+[1-9]\d{6,14}$/,
  patternHint: 'a number with its country, such as +971501234567',
})
export const profile = {
  name: f.text({ min: 1, max: 100, line: true }),
  locale: f.text({
    optional: true,
    line: true,
    pattern: /^[a-z]{2,3}(-[A-Za-z0-9]{2,8})*$/,
    patternHint: 'a language tag, such as en-AE',
  }),
  zone: f.text({ optional: true, line: true, max: 60, description: 'time zone, such as Asia/Dubai' }),
}

/** Everything that is kept of a person. */
export const userFields: Fields = {
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
  last_refused_at: f.time({ optional: true, managed: true, description: 'a sign-in was refused' }),
  last_sign_in_at: f.time({ optional: true, derived: true }),
}

/** What a person is known by. */
export function loginOf(row: Row): unknown {
  return row.email ?? row.phone ?? ''
}
