import type { JsonSchema } from '../../kernel/field.ts'
import type { Operation } from '../http/route.ts'
import { json, jsonBody, read } from './answers.ts'
import { ifNoneMatchParameter, query } from './parameters.ts'
import { nullable, object, text } from './shapes.ts'

const TAG = 'access'
const names: JsonSchema = { type: 'array', items: text }
const lines: JsonSchema = {
  type: 'array',
  items: object({
    id: text,
    holder: text,
    permission: text,
    rule: nullable(text),
    fields: nullable(names),
    until: nullable(text),
    by: text,
    reason: text,
  }),
}
const decision: JsonSchema = { enum: ['allow', 'deny', 'depends'] }
const DECISION = object({
  actor: text,
  permission: text,
  record: nullable(text),
  decision,
  because: text,
  rule: nullable(text),
  fields: nullable(object({ except: { type: 'boolean' }, names })),
  by: lines,
  denied_by: lines,
})
const subject = [
  query('user', 'Ask for this person (id or address) instead of oneself; for who may read grants.'),
  query('client', 'Ask for this client (id or name).'),
  query('role', 'Ask for whoever holds just this role.'),
]

export const explain: Operation = {
  id: 'explainAccess',
  summary: 'Why somebody may do something, or not: the decision, the rule, and the grants that made it.',
  tag: TAG,
  parameters: [
    { ...query('permission', 'resource:verb, such as product:update.'), required: true },
    query('record', 'Id or natural key of the record it is about.'),
    ...subject,
    ifNoneMatchParameter,
  ],
  answers: read('The decision. `depends` is never a yes: the record says.', DECISION),
  problems: [404],
}

export const check: Operation = {
  id: 'checkAccess',
  summary: 'The same as explain, asked in a body.',
  tag: TAG,
  body: jsonBody(
    object({ permission: text, record: text, user: text, client: text, role: text }, [
      'record',
      'user',
      'client',
      'role',
    ]),
  ),
  answers: { 200: json('The decision.', DECISION) },
  problems: [404, 413, 415, 422],
}

export const permissions: Operation = {
  id: 'effectiveAccess',
  summary: 'All that somebody may do, with the grants that it comes from.',
  tag: TAG,
  parameters: [...subject, ifNoneMatchParameter],
  answers: read(
    'What is allowed, for all records or for some.',
    object({
      actor: text,
      roles: names,
      permissions: {
        type: 'array',
        items: object({ permission: text, decision, rule: nullable(text), by: lines }),
      },
    }),
  ),
  problems: [404],
}
