import { isUtf8 } from 'node:buffer'
import type { FastifyInstance, FastifyRequest } from 'fastify'
import { scanValue, skipBlanks } from '../../intake/readers/json/scan.ts'
import { fail, newScan } from '../../intake/readers/json/state.ts'
import { IntakeError } from '../../intake/types.ts'
import { badRequest, Problem } from '../../kernel/problem.ts'

/** Levels of objects and lists in a body. */
export const DEPTH_MAX = 64
/** RFC 7396. */
export const MERGE_PATCH = 'application/merge-patch+json'
export const JSON_TYPE = 'application/json'

/** Takes JSON and nothing else, strictly: UTF-8, at most 64 levels, no `__proto__`, errors with their place. */
export function takeJson(app: FastifyInstance): void {
  app.removeAllContentTypeParsers()
  const parse = async (request: FastifyRequest, body: Buffer) => {
    checkType(request)
    return parseJson(body)
  }
  app.addContentTypeParser([JSON_TYPE, MERGE_PATCH], { parseAs: 'buffer' }, parse)
}

/** Refuses what parsers would overlook: two types, a coding, letters that are not UTF-8, a patch where none is meant. */
function checkType(request: FastifyRequest): void {
  checkCoding(request)
  const [type, ...parameters] = request.headers['content-type']!.toLowerCase().split(';')
  if (type.trim() === MERGE_PATCH && request.method !== 'PATCH')
    throw unsupported(`${MERGE_PATCH} is for PATCH; send ${JSON_TYPE}.`)
  for (const parameter of parameters) {
    const [name, value = ''] = parameter.split('=').map((part) => part.trim())
    if (name === 'charset' && !['utf-8', '"utf-8"', 'utf8'].includes(value))
      throw unsupported(`JSON is UTF-8, got charset ${value.slice(0, 40)}.`)
  }
}

/** One content type, and no content coding: nothing of ours unpacks what a stranger packed. */
export function checkCoding(request: FastifyRequest): void {
  const { rawHeaders, headers } = request.raw
  const types = rawHeaders.filter((name, index) => index % 2 === 0 && name.toLowerCase() === 'content-type')
  if (types.length > 1)
    throw badRequest('content_type', 'Content-Type is given more than once; give it once.')
  const coding = headers['content-encoding']
  if (coding !== undefined && coding.toLowerCase() !== 'identity')
    throw unsupported(`Content-Encoding ${coding.slice(0, 40)} is not taken; send the body as it is.`)
}

/** 415: the body comes in a form that is not taken here. */
export function unsupported(detail: string): Problem {
  return new Problem(415, 'media_type', 'Unsupported media type', detail)
}

/** A JSON text (RFC 8259) as a value; undefined when it is empty. 400 with line and column when it is none. */
export function parseJson(body: Buffer): unknown {
  if (body.length === 0) return undefined
  if (!isUtf8(body)) throw badRequest('json.encoding', 'The body is not valid UTF-8. Send JSON in UTF-8.')
  const text = body.toString('utf8').replace(/^\ufeff/, '')
  const value = parseText(text)
  checkShape(value, 0)
  return value
}

function parseText(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error
    throw syntaxProblem(text, error)
  }
}

/** What JSON.parse refused, with the place where it stands, which its own message often lacks. */
function syntaxProblem(text: string, error: SyntaxError): Problem {
  try {
    scanDocument(text)
  } catch (found) {
    if (!(found instanceof IntakeError)) throw found
    return badRequest(found.code, `${found.message}.`)
  }
  return badRequest('json.syntax', `invalid JSON in the body: ${error.message}.`)
}

function scanDocument(text: string): void {
  const where = (line: number, column: number) => `the body at line ${line}, column ${column}`
  const scan = newScan({ endName: 'file', depthMax: DEPTH_MAX, where })
  Object.assign(scan, { bytes: Buffer.from(text), final: true })
  const end = skipBlanks(scan, scanValue(scan, skipBlanks(scan, 0)))
  if (end < scan.bytes.length) fail(scan, end, 'expected the end of the body')
}

function checkShape(value: unknown, depth: number): void {
  if (typeof value !== 'object' || value === null) return
  if (depth >= DEPTH_MAX)
    throw badRequest('json.depth', `The body is nested deeper than ${DEPTH_MAX} levels.`)
  if (Array.isArray(value)) for (const item of value) checkShape(item, depth + 1)
  else
    for (const name in value) {
      if (name === '__proto__')
        throw badRequest('json.name', 'The body has a member named __proto__. Remove it.')
      checkShape((value as { [name: string]: unknown })[name], depth + 1)
    }
}
