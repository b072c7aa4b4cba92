import type { FastifyRequest } from 'fastify'
import type { Fields, Row } from '../../kernel/field.ts'
import { f } from '../../kernel/fields/index.ts'
import { invalid } from '../../kernel/problem.ts'
import { readFields, reading } from '../../kernel/record.ts'
import { objectOf } from '../rest/call.ts'

const METHODS = ['totp', 'sms', 'backup', 'passkey', 'password'] as const
// Not trimmed and not bounded by what a person can type: what is too long is told by the policy.
const password = f.text({ max: 10_000 })
const maybe = { ...password, optional: true }
const login = f.text({ min: 1, max: 254, line: true, description: 'e-mail address or phone' })
const email = f.text({ min: 3, max: 254, line: true, fold: 'lower' })
const secret = f.text({ min: 1, max: 200, line: true })
const bearer = f.boolean({
  default: false,
  description: 'answer with the token, for a program, instead of a cookie',
})

const proof = {
  method: f.choice(METHODS),
  code: f.text({ optional: true, max: 40, line: true }),
  password: maybe,
  credential: f.json({ optional: true, description: 'what the browser made of the options (WebAuthn)' }),
}
const maybeProof = { ...proof, method: { ...proof.method, optional: true } }

/** What the routes of people take. */
export const bodies = {
  signIn: { login, password, bearer },
  factor: { ...proof, ticket: { ...secret, optional: true }, bearer },
  challenge: { method: f.choice(['sms', 'passkey']), ticket: { ...secret, optional: true } },
  link: {
    token: secret,
    password: maybe,
    name: f.text({ optional: true, min: 1, max: 100, line: true }),
    email: { ...email, optional: true },
    bearer,
  },
  reset: { login },
  password: { current: password, password },
  email: { email, password },
  enrol: {
    kind: f.choice(['totp', 'sms', 'passkey']),
    label: f.text({ optional: true, min: 1, max: 60, line: true }),
    phone: f.text({
      optional: true,
      line: true,
      pattern: /^\+[1-9]\d{6,14}$/,
      patternHint: 'a number with its country, such as +971501234567',
    }),
    ...maybeProof,
  },
  confirm: { code: proof.code, credential: proof.credential },
  proof,
} satisfies { [name: string]: Fields }

/** A body as these fields, every fault at once (422). Members that are null are left out. */
export function bodyOf<Body>(request: FastifyRequest, fields: Fields): Body {
  const at = reading()
  const row = readFields(fields, objectOf(request.body), at)
  if (!row) throw invalid(at.faults)
  return withoutNull(row) as Body
}

function withoutNull(row: Row): Row {
  return Object.fromEntries(Object.entries(row).filter(([, value]) => value !== null))
}
