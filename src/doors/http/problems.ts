import { STATUS_CODES } from 'node:http'
import type { FastifyReply, FastifyRequest } from 'fastify'
import { explain } from '../../engine/constraints.ts'
import type { Engine } from '../../engine/types.ts'
import { bytesText } from '../../intake/limits.ts'
import { IntakeError } from '../../intake/types.ts'
import { pointer } from '../../kernel/fault.ts'
import { badRequest, conflict, Problem, type Status } from '../../kernel/problem.ts'

/** RFC 9457. */
export const PROBLEM_TYPE = 'application/problem+json'
const RETRY_AFTER_SECONDS = 2
const FAULTS_MAX = 1_000

/** Largest bodies, for the messages that name them. */
export type BodyLimits = { bodyBytes: number; uploadBytes: number }

/** A problem as it goes over the wire. */
export type ProblemBody = {
  type: string
  title: string
  status: number
  detail: string
  request_id: string
  errors: { pointer: string; code: string; detail: string; suggestion?: string }[]
}

/** Whatever was thrown, as the problem that the caller is told about. What nobody expected is a 500 without its reasons. */
export async function toProblem(engine: Engine, error: unknown, limits: BodyLimits): Promise<Problem> {
  const explained = error instanceof Problem ? error : await explain(engine.pool, error).catch(() => error)
  if (explained instanceof Problem) return explained
  if (explained instanceof IntakeError) return intakeProblem(explained)
  return (
    transportProblem(explained as ThrownError, limits) ??
    databaseProblem(explained as ThrownError) ??
    new Problem(
      500,
      'internal',
      'Internal error',
      'Something failed that should not. Nothing more is known to you than the request_id; the log has the rest under it.',
    )
  )
}

/** What the answer would have said of itself, had it been given. */
const OF_ANSWERS = ['etag', 'link', 'location', 'content-disposition']

/** What a client is asked to show instead; RFC 9470 for a proof that is too old. */
const CHALLENGES: { readonly [code: string]: string } = {
  step_up: 'Bearer realm="serai", error="insufficient_user_authentication", max_age="600"',
}

/** Answers with a problem. */
export function sendProblem(request: FastifyRequest, reply: FastifyReply, problem: Problem): FastifyReply {
  for (const name of OF_ANSWERS) reply.removeHeader(name)
  if (problem.retryAfterSeconds !== undefined) reply.header('retry-after', problem.retryAfterSeconds)
  if (isPassing(problem) && !reply.hasHeader('retry-after')) reply.header('retry-after', RETRY_AFTER_SECONDS)
  if (problem.status === 401 && !reply.hasHeader('www-authenticate'))
    reply.header('www-authenticate', CHALLENGES[problem.code] ?? 'Bearer realm="serai"')
  if (problem.status === 413) reply.header('connection', 'close')
  return reply
    .code(problem.status)
    .header('cache-control', 'no-store')
    .header('content-type', PROBLEM_TYPE)
    .serializer(String)
    .send(JSON.stringify(problemBody(problem, request.id)))
}

/** The same request may do in a moment: the house is busy, or another writer is at the same thing. */
function isPassing({ status, code }: Problem): boolean {
  return status === 503 || (status === 409 && /(^|\.)busy$/.test(code))
}

/** The members of RFC 9457 and ours. */
export function problemBody(problem: Problem, requestId: string): ProblemBody {
  return {
    type: `/docs/problems#${problem.code}`,
    title: problem.title,
    status: problem.status,
    detail: problem.message,
    request_id: requestId,
    errors: problem.faults.slice(0, FAULTS_MAX).map(({ path, code, detail, suggestion }) => ({
      pointer: pointer(path),
      code,
      detail,
      ...(suggestion ? { suggestion } : {}),
    })),
  }
}

type ThrownError = Error & { code?: string; statusCode?: number }

/** A file that is none of the kinds that are read (415), too large (413), or wrong inside (422). */
function intakeProblem({ code, message }: IntakeError): Problem {
  const status = code === 'file.size' ? 413 : code.startsWith('file.') ? 415 : 422
  return new Problem(status, code, 'The file cannot be read', message)
}

/** What the HTTP server refused before any code of ours saw it. */
function transportProblem(error: ThrownError, limits: BodyLimits): Problem | undefined {
  switch (error.code) {
    case 'FST_ERR_CTP_BODY_TOO_LARGE':
      return tooLarge(limits.bodyBytes)
    case 'FST_REQ_FILE_TOO_LARGE':
      return tooLarge(limits.uploadBytes)
    case 'FST_ERR_CTP_INVALID_MEDIA_TYPE':
      return new Problem(
        415,
        'media_type',
        'Unsupported media type',
        'Bodies are application/json, or application/merge-patch+json for PATCH. Set Content-Type to say so.',
      )
    case 'FST_ERR_CTP_INVALID_CONTENT_LENGTH':
      return badRequest('content_length', 'The body is shorter or longer than its Content-Length says.')
    case 'FST_ERR_BAD_URL':
      return badRequest('url', 'The path of the URL is not well-formed: a % must start an escape of UTF-8.')
    case 'FST_ERR_MAX_PARAM_LENGTH':
      return new Problem(404, 'not_found', 'Not found', 'No id and no key is that long.')
    default:
      return clientError(error)
  }
}

/** 413 that names the limit. */
export function tooLarge(bytes: number): Problem {
  return new Problem(
    413,
    'body.size',
    'Body too large',
    `The body is larger than ${bytesText(bytes)}, the most that is taken here. Nothing was changed. Send large sets of records as a file to /api/imports.`,
  )
}

// Errors of Fastify and its multipart parser say their status themselves.
function clientError({ statusCode, code, message }: ThrownError): Problem | undefined {
  if (statusCode === undefined || statusCode < 400 || statusCode >= 500) return undefined
  const named = [400, 404, 405, 413, 415].includes(statusCode) ? (statusCode as Status) : 400
  // Fastify's own codes begin with FST_ERR_, those of its parser of forms with FST_ alone.
  const slug = /^FST_(?!ERR_)/.test(code ?? '') ? 'form' : 'request'
  return new Problem(named, slug, STATUS_CODES[named]!, message)
}

/** What the database says about values and about itself, when the engine has no name for it. */
function databaseProblem({ code = '', message }: ThrownError): Problem | undefined {
  if (/^(22|54)...$/.test(code))
    return badRequest('value', `The database cannot take a value of this request: ${message}.`)
  if (code === '40001' || code === '40P01')
    return conflict('busy', 'Another writer was at the same records. Nothing was changed; try again.')
  const away =
    /timeout exceeded when trying to connect|pool after calling end|not queryable|Connection terminated/
  if (away.test(message ?? ''))
    return new Problem(
      503,
      'database.busy',
      'Database busy',
      'No connection to the database came free in time; nothing was changed. Try again in a few seconds.',
    )
  return undefined
}
