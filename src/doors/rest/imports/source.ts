import { Readable } from 'node:stream'
import type { Multipart, MultipartFile, MultipartValue } from '@fastify/multipart'
import type { FastifyRequest } from 'fastify'
import type { Parameters } from '../../../engine/query.ts'
import { badRequest, Problem } from '../../../kernel/problem.ts'
import { checkCoding } from '../../http/body.ts'
import { parametersOf } from '../../http/parameters.ts'
import { tooLarge } from '../../http/problems.ts'
import { fromExtended } from '../../http/text.ts'

const NAME_CHARACTERS_MAX = 255
const FIELDS_MAX = 30
const FIELD_BYTES_MAX = 64 * 1024
/** The reader knows JSON Lines by its extension only. */
const EXTENSIONS: { [type: string]: string } = {
  'application/json': 'json',
  'application/jsonl': 'jsonl',
  'application/x-ndjson': 'jsonl',
  'application/x-jsonlines': 'jsonl',
  'text/csv': 'csv',
  'text/tab-separated-values': 'tsv',
  'application/vnd.openxmlformats-officedocument.spreadsheetml.sheet': 'xlsx',
}

/** An upload as it arrives: what was said about it, its name, and its bytes, which are not read yet. */
export type Source = { parameters: Parameters; fileName: string; body: Readable }

/** The file of a request: a part of a form, or the body itself. */
export function sourceOf(request: FastifyRequest, bytesMax: number): Promise<Source> | Source {
  checkCoding(request)
  if (Number(request.headers['content-length']) > bytesMax + FIELDS_MAX * FIELD_BYTES_MAX)
    throw tooLarge(bytesMax)
  return request.isMultipart() ? formSource(request, bytesMax) : bodySource(request, bytesMax)
}

function bodySource(request: FastifyRequest, bytesMax: number): Source {
  const parameters = parametersOf(request)
  const { name } = parameters
  const given =
    dispositionName(request.headers['content-disposition']) ?? (Array.isArray(name) ? name[0] : name)
  const type = (request.headers['content-type'] ?? '').split(';')[0].trim().toLowerCase()
  return {
    parameters,
    fileName: safeName(given) ?? `upload.${EXTENSIONS[type] ?? 'bin'}`,
    body: Readable.from(limited(request.raw, bytesMax), { objectMode: false }),
  }
}

/** The form up to its file. Fields stand before it, so that everything is known when its first byte comes. */
async function formSource(request: FastifyRequest, bytesMax: number): Promise<Source> {
  try {
    const limits = { files: 2, fields: FIELDS_MAX, fieldSize: FIELD_BYTES_MAX, fileSize: bytesMax + 1 }
    const parts = request.parts({ limits })
    const parameters: Parameters = { ...parametersOf(request) }
    for (let next = await parts.next(); !next.done; next = await parts.next()) {
      if (next.value.type === 'file') return fileSource(next.value, parts, parameters, bytesMax)
      keepField(parameters, next.value)
    }
  } catch (error) {
    throw malformed(error)
  }
  throw badRequest('form', 'The form holds no file. Send it as a part with a file name.')
}

function keepField(parameters: Parameters, { fieldname, value, valueTruncated }: MultipartValue): void {
  const name = fieldname.slice(0, 80)
  if (valueTruncated || typeof value !== 'string')
    throw badRequest('form', `The field ${name} must be text of at most ${FIELD_BYTES_MAX} bytes.`)
  if (parameters[fieldname] !== undefined && parameters[fieldname] !== value)
    throw badRequest('form', `${name} is given twice, with different values.`)
  parameters[fieldname] = value
}

function fileSource(
  file: MultipartFile,
  parts: AsyncIterator<Multipart>,
  parameters: Parameters,
  bytesMax: number,
): Source {
  const given = parameters.name ?? file.filename
  return {
    parameters,
    fileName: safeName(Array.isArray(given) ? given[0] : given) ?? 'upload.bin',
    body: Readable.from(wholeForm(file, parts, bytesMax), { objectMode: false }),
  }
}

/** The bytes of the file, and then proof that the form ended with it: what comes later would have been overlooked. */
async function* wholeForm(
  file: MultipartFile,
  parts: AsyncIterator<Multipart>,
  bytesMax: number,
): AsyncGenerator<Uint8Array> {
  try {
    yield* limited(file.file, bytesMax)
    const next = await parts.next()
    if (next.done) return
    throw badRequest(
      'form.order',
      `"${next.value.fieldname.slice(0, 80)}" comes after the file. Send one file, as the last part of the form. Nothing was kept.`,
    )
  } catch (error) {
    throw malformed(error)
  }
}

/** A form that is cut or garbled is its sender's mistake, but what the parser throws has neither code nor status. */
function malformed(error: unknown): unknown {
  const { code, message } = error as Error & { code?: string }
  if (error instanceof Problem || code !== undefined) return error
  return badRequest('form', `The form is not well-formed: ${message}. Nothing was kept.`)
}

async function* limited(bytes: AsyncIterable<Uint8Array>, most: number): AsyncGenerator<Uint8Array> {
  let size = 0
  for await (const chunk of bytes) {
    size += chunk.length
    if (size > most) throw tooLarge(most)
    yield chunk
  }
}

/** `attachment; filename="tours.csv"`; the extended form of RFC 8187 wins. */
function dispositionName(header: string | undefined): string | undefined {
  if (header === undefined) return undefined
  const long = /;\s*filename\*\s*=\s*([^;\s]+)/i.exec(header)?.[1]
  const short = /;\s*filename\s*=\s*(?:"((?:[^"\\]|\\.)*)"|([^;\s]+))/i.exec(header)
  return (long && fromExtended(long)) ?? short?.[1]?.replaceAll(/\\(.)/g, '$1') ?? short?.[2]
}

/** A name and no path: what a stranger calls a file is shown to people, and never used to open one. */
function safeName(given: string | undefined): string | undefined {
  const name = given
    ?.split(/[/\\]/)
    .at(-1)
    ?.replaceAll(/\p{Cc}/gu, '')
    .trim()
  return name ? name.slice(-NAME_CHARACTERS_MAX).toWellFormed() : undefined
}
