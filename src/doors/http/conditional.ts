import { hash } from 'node:crypto'
import type { FastifyReply, FastifyRequest } from 'fastify'
import type { Row } from '../../kernel/field.ts'
import { Problem } from '../../kernel/problem.ts'
import { entityTags } from './headers.ts'

/** 128 bits: enough that no two answers of one URL share a tag. */
const DIGEST_CHARACTERS = 22
const VERSION_TAG = /^([1-9]\d{0,14})(?:-[A-Za-z0-9_-]{22})?$/

/** The strong entity tag of an answer: a digest of all that is sent. */
export function etagOf(text: string): string {
  return `"${digestOf(text)}"`
}

/**
 * The strong entity tag of a record: its version and a digest of what is shown. The digest covers what may change while the
 * version stays: derived values (a price that begins at midnight), expanded references, fields of a newer release.
 */
export function recordTag(record: Row, text = JSON.stringify(record)): string {
  return `"${record.version}-${digestOf(text)}"`
}

/**
 * Versions that the caller accepts (`If-Match`); undefined when any will do. A tag of a record counts by its version: a change
 * is refused when another would be lost under it, and a derived value is nobody's change. Weak tags never match (RFC 9110).
 * 412 when what is given can be no version of ours.
 */
export function versionsOf(request: FastifyRequest): number[] | undefined {
  const tags = entityTags('if-match', request.headers['if-match'])
  if (tags === undefined || tags === 'any') return undefined
  const versions = tags
    .flatMap(({ tag, weak }) => (weak ? [] : (VERSION_TAG.exec(tag)?.[1] ?? [])))
    .map(Number)
  if (versions.length) return versions
  throw new Problem(
    412,
    'version',
    'Changed meanwhile',
    `If-Match names no version of this record (${request.headers['if-match']}). Read the record and send its ETag as it is.`,
  )
}

/** Answers a read with JSON and its tag, or with 304 and nothing when the caller holds just that (`If-None-Match`). */
export function sendRead(
  request: FastifyRequest,
  reply: FastifyReply,
  body: unknown,
  tag: (text: string) => string = etagOf,
): FastifyReply {
  return sendText(request, reply, {
    type: 'application/json; charset=utf-8',
    text: JSON.stringify(body),
    tag,
    cache: 'private, no-cache',
  })
}

/** The same for a text that is there already. */
export function sendText(
  request: FastifyRequest,
  reply: FastifyReply,
  {
    type,
    text,
    cache,
    tag = etagOf,
  }: { type: string; text: string; cache: string; tag?(text: string): string },
): FastifyReply {
  const etag = tag(text)
  reply.header('etag', etag).header('cache-control', cache)
  return holds(request, etag) ? reply.code(304).send() : reply.type(type).send(text)
}

/** True when the caller holds this answer already (`If-None-Match`, weak comparison of RFC 9110). */
export function holds(request: FastifyRequest, etag: string): boolean {
  const tags = entityTags('if-none-match', request.headers['if-none-match'])
  if (tags === undefined) return false
  return tags === 'any' || tags.some(({ tag }) => `"${tag}"` === etag)
}

function digestOf(text: string): string {
  return hash('sha256', text, 'base64url').slice(0, DIGEST_CHARACTERS)
}
