import type { Fault } from './fault.ts'

/** HTTP status that a problem answers with; the command line exits with 1 for each of them, 2 for a wrong usage. */
export type Status =
  | 400
  | 401
  | 403
  | 404
  | 405
  | 409
  | 410
  | 412
  | 413
  | 415
  | 422
  | 428
  | 429
  | 500
  | 503
  | 507

/**
 * A refusal that a person or program is told about (RFC 9457). `code` is stable and names a page of the docs; `detail`
 * says what happened and what to do; `faults` say where.
 */
export class Problem extends Error {
  readonly status: Status
  readonly code: string
  readonly title: string
  readonly faults: readonly Fault[]
  /** when trying again makes sense, for refusals that time heals. */
  retryAfterSeconds?: number
  constructor(status: Status, code: string, title: string, detail: string, faults: readonly Fault[] = []) {
    super(detail)
    this.name = 'Problem'
    this.status = status
    this.code = code
    this.title = title
    this.faults = faults
  }
}

/** The input is wrong; one fault for each thing that is. */
export function invalid(faults: readonly Fault[], detail?: string): Problem {
  const [first] = faults
  const more = faults.length > 1 ? ` (and ${faults.length - 1} more)` : ''
  const said = first
    ? `${first.path ? `${first.path} ` : ''}${first.detail}${more}`
    : 'The input is not valid.'
  return new Problem(422, 'invalid', 'Not valid', detail ?? said, faults)
}

/** The request itself is wrong: a query parameter, a filter, a cursor. */
export function badRequest(code: string, detail: string, faults: readonly Fault[] = []): Problem {
  return new Problem(400, code, 'Bad request', detail, faults)
}

export function notFound(detail: string): Problem {
  return new Problem(404, 'not_found', 'Not found', detail)
}

export function forbidden(detail: string): Problem {
  return new Problem(403, 'forbidden', 'Not allowed', detail)
}

/** What was asked does not fit the state that things are in. */
export function conflict(code: string, detail: string, faults: readonly Fault[] = []): Problem {
  return new Problem(409, code, 'Conflict', detail, faults)
}
