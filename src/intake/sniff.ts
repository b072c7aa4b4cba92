import { extname } from 'node:path'
import { oleKind } from './ole.ts'
import { type Format, IntakeError, type ReadOptions } from './types.ts'

/** How much of a file's beginning {@link sniff} looks at. */
export const SNIFFED_BYTES = 64 << 10

/** What ends every refusal of a kind of file. */
const ACCEPTED = 'Serai reads JSON, JSON Lines, CSV (also TSV) and XLSX files'

const JSON_LINES = new Set(['.jsonl', '.ndjson'])
/** Beginnings of files that people send by mistake, in hexadecimal. */
const SIGNATURES: [hex: string, kind: string][] = [
  ['89504e47', 'a PNG picture'],
  ['ffd8ff', 'a JPEG picture'],
  ['47494638', 'a GIF picture'],
  ['25504446', 'a PDF document'],
  ['1f8b', 'a gzip archive'],
  ['526172211a', 'a RAR archive'],
  ['377abcaf271c', 'a 7-Zip archive'],
  ['fd377a585a00', 'an xz archive'],
  ['28b52ffd', 'a Zstandard archive'],
  ['53514c69746520666f726d6174', 'an SQLite database'],
]
const ZIP = Buffer.from('PK')
const OLE = Buffer.from('d0cf11e0a1b11ae1', 'hex')
const MARKUP = /^<(?:!doctype|html|head|body|table|meta|div|style|script|\?xml|!--)/i
const NUL = 0

/**
 * Decides the format from the first {@link SNIFFED_BYTES} of a file, never from its extension; only JSON Lines look like JSON and
 * are told apart by `.jsonl`, `.ndjson` or the option. Throws `file.empty`, `file.kind`, `file.html`, `file.encrypted`.
 */
export function sniff(first: Buffer, name: string, options: ReadOptions): Format {
  if (first.length === 0) throw new IntakeError('file.empty', `${name} is empty; export or send it again`)
  if (first.subarray(0, 2).equals(ZIP)) return zipFormat(name, options)
  if (first.subarray(0, OLE.length).equals(OLE)) throw oldContainer(first, name)
  const known = SIGNATURES.find(([hex]) => first.toString('hex', 0, hex.length / 2) === hex)
  if (known) throw wrongKind(name, known[1])
  return textFormat(first, name, options)
}

/** Refuses a file for what it is. */
export function wrongKind(name: string, found: string, advice = ''): IntakeError {
  return new IntakeError('file.kind', `${name} is ${found}; ${advice && `${advice}. `}${ACCEPTED}`)
}

/** The encoding that a byte order mark names (Unicode 16, section 23.8). */
export function bomEncoding(first: Buffer): string | undefined {
  if (first[0] === 0xef && first[1] === 0xbb && first[2] === 0xbf) return 'utf-8'
  if (first[0] === 0xff && first[1] === 0xfe) return 'utf-16le'
  if (first[0] === 0xfe && first[1] === 0xff) return 'utf-16be'
  return undefined
}

/** UTF-16 without byte order mark: in most scripts of business files every second byte is 0. */
export function looksUtf16(first: Buffer): string | undefined {
  const zeros = [0, 0]
  for (let at = 0; at < first.length; at++) if (first[at] === NUL) zeros[at % 2]++
  const half = first.length / 2
  if (zeros[1] > half * 0.4 && zeros[0] < half * 0.05) return 'utf-16le'
  if (zeros[0] > half * 0.4 && zeros[1] < half * 0.05) return 'utf-16be'
  return undefined
}

function zipFormat(name: string, options: ReadOptions): Format {
  if (options.format === undefined || options.format === 'xlsx') return 'xlsx'
  throw wrongKind(
    name,
    `a zip archive (perhaps XLSX), not ${options.format.toUpperCase()}`,
    'leave --format out',
  )
}

function oldContainer(first: Buffer, name: string): IntakeError {
  const kind = oleKind(first)
  if (kind === 'encrypted')
    return new IntakeError(
      'file.encrypted',
      `${name} is protected with a password; save it without one. ${ACCEPTED}`,
    )
  const found =
    kind === 'xls'
      ? 'an old Excel workbook (.xls)'
      : 'an old Office file (.xls, or a workbook with a password)'
  return wrongKind(name, found, 'open it in a spreadsheet program and save it as .xlsx without a password')
}

function textFormat(first: Buffer, name: string, options: ReadOptions): Format {
  const encoding = bomEncoding(first) ?? looksUtf16(first)
  if (first.includes(NUL) && !encoding && !options.encoding) throw wrongKind(name, 'binary data, not text')
  const start = decode(first, encoding).trimStart().slice(0, 1024)
  if (start === '' && first.length < SNIFFED_BYTES)
    throw new IntakeError('file.empty', `${name} holds only blanks; export or send it again`)
  if (MARKUP.test(start) && (options.format ?? 'xlsx') === 'xlsx') throw markup(start, name)
  if (options.format === 'xlsx') throw wrongKind(name, 'text, not an XLSX workbook', 'leave --format out')
  const extension = extname(name).toLowerCase()
  if (options.format) return options.format
  if (JSON_LINES.has(extension)) return 'jsonl'
  return start[0] === '[' || start[0] === '{' || extension === '.json' ? 'json' : 'csv'
}

function decode(first: Buffer, encoding: string | undefined): string {
  return new TextDecoder(encoding?.startsWith('utf-16') ? encoding : 'utf-8').decode(first)
}

function markup(start: string, name: string): IntakeError {
  const advice = 'open it in a spreadsheet program and save it as .xlsx'
  if (/^<\?xml/i.test(start) && !/<(?:html|table)\b/i.test(start))
    return wrongKind(name, 'an XML file', advice)
  const message = `${name} is a web page (HTML), as some programs save under the name of a spreadsheet; ${advice}. ${ACCEPTED}`
  return new IntakeError('file.html', message)
}
