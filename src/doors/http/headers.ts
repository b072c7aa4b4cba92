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

/** The caller's `X-Request-ID` when it is fit for logs and headers, a new one otherwise. */
export function requestIdOf(headers: { [name: string]: string | string[] | undefined }): string {
  const given = headers['x-request-id']
  return typeof given === 'string' && REQUEST_ID.test(given) ? given : uuidv7()
}

/** The `Idempotency-Key`; null when there is none, 400 when it is not printable ASCII of at most 255 characters. */
export function idempotencyKeyOf(request: FastifyRequest): string | null {
  const key = request.headers['idempotency-key']
  return key === undefined ? null : keyText(key)
}

/** An idempotency key as it was given; 400 when it is not printable ASCII of at most 255 characters. */
export function keyText(key: unknown): string {
  if (typeof key === 'string' && KEY.test(key)) return key
  throw badRequest(
    'idempotency_key',
    'An Idempotency-Key has 1 to 255 printable ASCII characters, and is given once. A UUID is a good one.',
  )
}

/** Why the caller does it: `?reason=` or `Serai-Reason` (RFC 8187 when it is not ASCII: `UTF-8''caf%C3%A9`). */
export function reasonOf(request: FastifyRequest, parameter: string | undefined): string | null {
  const reason = parameter ?? reasonHeader(request.headers['serai-reason'])
  return reason === undefined ? null : reasonText(reason)
}

/** A reason as it was given, null when it is blank; 400 when it is too long. */
export function reasonText(reason: string): string | null {
  if (reason.length > REASON_CHARACTERS_MAX)
    throw badRequest(
      'reason',
      `The reason has ${reason.length} characters; at most ${REASON_CHARACTERS_MAX} are allowed.`,
    )
  return reason.trim() || null
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
      name.replaceAll('-', '_'),
      `${name === 'if-match' ? 'If-Match' : 'If-None-Match'} must be *, or up to ${ETAGS_MAX} entity tags in double quotes, such as "3".`,
    )
  return tags.map((tag) => ({
    tag: tag.slice(tag.indexOf('"') + 1, -1),
    weak: tag.startsWith('W/'),
  }))
}
