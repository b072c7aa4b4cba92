import type { FastifyRequest } from 'fastify'
import { badRequest } from '../../kernel/problem.ts'
import { uuidv7 } from '../../kernel/uuid.ts'
import { fromExtended } from './text.ts'

/** Characters of a reason. */
export const REASON_CHARACTERS_MAX = 1_000
const ETAGS_MAX = 20
const REQUEST_ID = /^[A-Za-z0-9._:~+/=@-]{1,128}$/
const KEY = /^[\x21-\x7e](?:[\x20-\x7e]{0,253}[\x21-\x7e])?$/
const ETAG_LIST = /^\s*(?:W\/)?"[\x21\x23-\x7e]*"(?:\s*,\s*(?:W\/)?"[\x21\x23-\x7e]*")*\s*$/
const TRACE = /^([0-9a-f]{2})-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})(-.*)?$/

/** The caller's `X-Request-ID` when it is fit for logs and headers, a new one otherwise. */
export function requestIdOf(headers: { [name: string]: string | string[] | undefined }): string {
  const given = headers['x-request-id']
  return typeof given === 'string' && REQUEST_ID.test(given) ? given : uuidv7()
}

/** A trace of the caller (W3C Trace Context) as we continue it: its trace id and flags, a span of our own. */
export type Trace = { id: string; header: string }

/** The continued trace of a valid `traceparent`; undefined when there is none, or it breaks the standard in any way. */
export function traceOf(traceparent: unknown): Trace | undefined {
  if (typeof traceparent !== 'string') return undefined
  const match = TRACE.exec(traceparent)
  if (!match) return undefined
  const [, version, id, parent, flags, more] = match
  const broken = version === 'ff' || (version === '00' && more !== undefined) || isZero(id) || isZero(parent)
  if (broken) return undefined
  const span = uuidv7().replaceAll('-', '').slice(-16)
  // Only the `sampled` bit is known to us.
  const sampled = Number.parseInt(flags, 16) & 1
  return { id, header: `00-${id}-${span}-0${sampled}` }
}

function isZero(digits: string): boolean {
  return /^0+$/.test(digits)
}

/** The `Idempotency-Key`; null when there is none, 400 when it is not printable ASCII of at most 255 characters. */
export function idempotencyKeyOf(request: FastifyRequest): string | null {
  const key = request.headers['idempotency-key']
  if (key === undefined) return null
  if (typeof key === 'string' && KEY.test(key)) return key
  throw badRequest(
    'idempotency_key',
    'An Idempotency-Key has 1 to 255 printable ASCII characters, and is given once. A UUID is a good one.',
  )
}

/** Why the caller does it: `?reason=` or `Serai-Reason` (RFC 8187 when it is not ASCII: `UTF-8''caf%C3%A9`). */
export function reasonOf(request: FastifyRequest, parameter: string | undefined): string | null {
  const reason = parameter ?? reasonHeader(request.headers['serai-reason'])
  if (reason === undefined || reason.trim() === '') return null
  if (reason.length > REASON_CHARACTERS_MAX)
    throw badRequest(
      'reason',
      `The reason has ${reason.length} characters; at most ${REASON_CHARACTERS_MAX} are allowed.`,
    )
  return reason.trim()
}

function reasonHeader(header: string | string[] | undefined): string | undefined {
  if (header === undefined) return undefined
  const [value, ...more] = [header].flat()
  const text = /^utf-8'/i.test(value) ? fromExtended(value) : value
  if (text !== undefined && more.length === 0 && (text !== value || /^[\t\x20-\x7e]*$/.test(value)))
    return text
  throw badRequest(
    'reason',
    "Serai-Reason must be plain ASCII, or RFC 8187 for other letters: UTF-8''caf%C3%A9. The parameter ?reason= takes any text.",
  )
}

/** The entity tags of a header: `any` for `*`, otherwise opaque values, weak ones marked. 400 when it is no list of tags. */
export function entityTags(
  name: 'if-match' | 'if-none-match',
  header: string | undefined,
): 'any' | { tag: string; weak: boolean }[] | undefined {
  if (header === undefined) return undefined
  if (header.trim() === '*') return 'any'
  const tags = ETAG_LIST.test(header) ? header.match(/(?:W\/)?"[^"]*"/g)! : []
  if (tags.length === 0 || tags.length > ETAGS_MAX)
    throw badRequest(
      name.replace('-', '_'),
      `${name === 'if-match' ? 'If-Match' : 'If-None-Match'} must be *, or up to ${ETAGS_MAX} entity tags in double quotes, such as "3".`,
    )
  return tags.map((tag) => ({
    tag: tag.slice(tag.indexOf('"') + 1, -1),
    weak: tag.startsWith('W/'),
  }))
}
