import type { JsonSchema } from '../kernel/field.ts'
import type { Resource } from '../kernel/resource.ts'
import { sendText } from './http/conditional.ts'
import { PROBLEM_TYPE } from './http/problems.ts'
import type { Answer, Route } from './http/route.ts'
import { read } from './openapi/answers.ts'
import { schemaRef } from './openapi/names.ts'
import { ifNoneMatchParameter } from './openapi/parameters.ts'
import { schemasOf } from './openapi/schemas.ts'

/** An OpenAPI document (https://spec.openapis.org/oas/v3.1.1). */
export type Document = {
  openapi: string
  info: { title: string; version: string; description: string }
  paths: { [path: string]: { [method: string]: JsonSchema } }
  components: JsonSchema
  [member: string]: unknown
}

const PROBLEMS: { [status: number]: string } = {
  400: 'The request itself is wrong: a parameter, a filter, a cursor, a header, the JSON.',
  401: 'No valid token.',
  403: 'The actor may not.',
  404: 'There is no such record, or the actor may not see it.',
  409: 'It does not fit the state that things are in, or breaks an invariant of the database.',
  410: 'It was there, and is not any more.',
  412: 'The record is not at the version of If-Match.',
  413: 'The body is larger than the limit that the problem names.',
  415: 'The body is of a kind that is not taken here.',
  422: 'The input is not valid; `errors` says where and why.',
  429: 'Too many requests; Retry-After says when to come back.',
  500: 'A mistake of ours; the log has the reason under the request_id.',
  503: 'The database is away or busy; nothing was changed. Retry-After says when to come back.',
  507: 'A disk is full; nothing was changed.',
}
const TAGS: { [name: string]: string } = {
  log: 'What happened, and the way back.',
  operations: 'The process itself: its health, its numbers, its documentation.',
}
const OPEN_PROBLEMS = [400, 500, 503]
const CLOSED_PROBLEMS = [400, 401, 403, 429, 500, 503]

const text: JsonSchema = { type: 'string' }
const HEADERS: { [name: string]: JsonSchema } = {
  'X-Request-ID': { description: 'Of the caller, or made here; it stands in logs and events.', schema: text },
  ETag: {
    description:
      'Names what is shown. Of a record it begins with its version: send it back as If-Match to change just that version, as If-None-Match to be told when it is still the same.',
    schema: text,
  },
  Link: { description: 'The next page, rel="next".', schema: text },
  Location: { description: 'Where the new thing is.', schema: text },
  'Serai-Change': {
    description: 'The change that was made; absent when nothing was.',
    schema: { type: 'string', format: 'uuid' },
  },
  'Serai-Dry-Run': { description: '`true` when nothing was written on purpose.', schema: text },
  'Serai-Warnings': {
    description:
      'What rules of severity warning say, or what of a view could not be asked: a JSON list of `{pointer, code, detail}`, at most 4 kB.',
    schema: text,
  },
  'Idempotent-Replayed': {
    description: '`true` when this is the answer to an earlier request with the same key.',
    schema: text,
  },
  'Content-Disposition': { description: 'Name of the file.', schema: text },
  'Retry-After': { description: 'Seconds.', schema: { type: 'integer' } },
  'WWW-Authenticate': { description: 'RFC 6750.', schema: text },
}

/** The document of all routes: nothing is written by hand that a declaration or a route says already. */
export function openApi(
  routes: readonly Route[],
  resources: ReadonlyMap<string, Resource>,
  version: string,
): Document {
  const paths: Document['paths'] = {}
  for (const route of routes) {
    paths[route.path] ??= {}
    paths[route.path][route.method.toLowerCase()] = operationOf(route)
  }
  return {
    openapi: '3.1.1',
    info: {
      title: 'Serai',
      version,
      description:
        'Every write can be rehearsed (`dry_run=true`), says why (`reason`), is done once (`Idempotency-Key`), is recorded, and can be undone.',
    },
    servers: [{ url: '/' }],
    security: [{ token: [] }],
    tags: tagsOf(routes, resources),
    paths,
    components: {
      schemas: schemasOf(resources),
      headers: HEADERS,
      responses: Object.fromEntries(
        Object.keys(PROBLEMS).map((status) => [`Problem${status}`, problemOf(Number(status))]),
      ),
      securitySchemes: {
        token: { type: 'http', scheme: 'bearer', description: 'A token of `serai token create`.' },
      },
    },
  }
}

/** Resources first, then what lies across them. */
function tagsOf(routes: readonly Route[], resources: ReadonlyMap<string, Resource>): JsonSchema[] {
  const described = new Map([...resources.values()].map(({ plural, description }) => [plural, description]))
  const names = [...new Set(routes.map(({ operation }) => operation.tag))]
  return [
    ...names.filter((name) => described.has(name)),
    ...names.filter((name) => !described.has(name)).toSorted(),
  ].map((name) => ({ name, description: described.get(name) || TAGS[name] || '' }))
}

/**
 * `GET /api/openapi.json`: made once, for routes and declarations do not change while the process runs. Open, as the pages
 * made of it are: it tells what the software can do, and nothing of what is in it.
 */
export function openApiRoute(document: () => Document): Route {
  let text: string | undefined
  return {
    method: 'GET',
    path: '/api/openapi.json',
    open: true,
    operation: {
      id: 'openapi',
      summary: 'This document.',
      tag: 'operations',
      parameters: [ifNoneMatchParameter],
      answers: read('OpenAPI 3.1.', { type: 'object' }),
    },
    async handle(request, reply) {
      text ??= JSON.stringify(document())
      return sendText(request, reply, { type: 'application/json; charset=utf-8', text, cache: 'no-cache' })
    },
  }
}

function operationOf({ operation, open, path }: Route): JsonSchema {
  const { id, summary, tag, parameters = [], body, answers, problems = [] } = operation
  const statuses = [...(open ? OPEN_PROBLEMS : CLOSED_PROBLEMS), ...problems]
  return {
    operationId: id,
    summary,
    tags: [tag],
    ...(open ? { security: path === '/metrics' ? [{}, { token: [] }] : [{}] } : {}),
    ...(parameters.length ? { parameters } : {}),
    ...(body
      ? { requestBody: { required: body.required, content: contentOf(body.types, body.schema) } }
      : {}),
    responses: {
      ...Object.fromEntries(
        [...new Set(statuses)].map((status) => [status, { $ref: `#/components/responses/Problem${status}` }]),
      ),
      ...Object.fromEntries(
        Object.entries(answers).map(([status, answer]) => [
          status,
          statuses.includes(Number(status)) ? orProblem(answerOf(answer), Number(status)) : answerOf(answer),
        ]),
      ),
    },
  }
}

/** An answer of its own under a status that problems have too: whichever happened first. */
function orProblem(answer: JsonSchema, status: number): JsonSchema {
  const problem = problemOf(status)
  return {
    ...answer,
    headers: { ...(problem.headers as object), ...(answer.headers as object) },
    content: { ...(problem.content as object), ...((answer.content as object | undefined) ?? {}) },
  }
}

function answerOf({ description, types, schema, headers = [] }: Answer): JsonSchema {
  const names = ['X-Request-ID', ...headers]
  return {
    description,
    headers: Object.fromEntries(names.map((name) => [name, { $ref: `#/components/headers/${name}` }])),
    ...(types ? { content: contentOf(types, schema ?? {}) } : {}),
  }
}

function problemOf(status: number): JsonSchema {
  const extra =
    status === 401 ? ['WWW-Authenticate'] : [409, 429, 503].includes(status) ? ['Retry-After'] : []
  return answerOf({
    description: PROBLEMS[status],
    types: [PROBLEM_TYPE],
    schema: schemaRef('Problem'),
    headers: extra,
  })
}

/** Bytes have no schema (OpenAPI 3.1, "Considerations for File Uploads"). */
function contentOf(types: readonly string[], schema: JsonSchema): JsonSchema {
  return Object.fromEntries(
    types.map((type) => [type, type === 'application/octet-stream' ? {} : { schema }]),
  )
}
