import { crc32 } from 'node:zlib'
import { bytesText, type Limits } from './limits.ts'
import { wrongKind } from './sniff.ts'
import { IntakeError } from './types.ts'
import { type Archive, damaged, inflated, type Part } from './zip.ts'

const SHARED_STRINGS = /(?:^|\/)sharedstrings\.xml$/i
const XML = /\.(?:xml|rels|vml)$/i
const ARCHIVE = /\.(?:zip|xlsx|xlsm|xlsb|docx|pptx|ods|jar|7z|rar|gz)$/i
const ARCHIVE_START = Buffer.from('PK\x03\x04')
/** Longest word that is searched for, less one: so much of a chunk may begin a word that the next one ends. */
const OVERLAP_BYTES = 8
const PROLOG_BYTES = 200

/**
 * The gate before any reader: every entry of the archive is inflated once, thrown away and counted, so that declared sizes and
 * checksums are proved, not trusted. Throws `zip.size`, `zip.ratio`, `zip.strings`, `zip.nested`, `zip.doctype`,
 * `zip.encoding`, `zip.damaged`, `file.kind`.
 */
export async function checkArchive(archive: Archive, limits: Limits): Promise<void> {
  checkKind(archive)
  const declared = archive.entries.reduce((sum, { entry }) => sum + entry.uncompressedSize, 0)
  if (declared > limits.inflatedBytes) throw tooLarge(archive, limits)
  let total = 0
  for (const part of archive.entries) {
    total += await checkPart(archive, part, limits, limits.inflatedBytes - total)
  }
}

/** Archives of other kinds are named for what they are. */
function checkKind(archive: Archive): void {
  const paths = new Set(archive.entries.map(({ path }) => path.toLowerCase()))
  const has = (...names: string[]) => names.some((name) => paths.has(name))
  const resave = 'open it in a spreadsheet program and save it as .xlsx'
  if (has('xl/workbook.bin')) throw wrongKind(archive.name, 'a binary workbook (.xlsb)', resave)
  if (has('[content_types].xml') && [...paths].some((path) => path.startsWith('xl/'))) return
  if (has('content.xml') && has('mimetype')) throw wrongKind(archive.name, 'an OpenDocument file', resave)
  if (has('word/document.xml')) throw wrongKind(archive.name, 'a Word document')
  if (has('ppt/presentation.xml')) throw wrongKind(archive.name, 'a presentation')
  throw wrongKind(archive.name, 'a zip archive without a workbook in it', 'unpack it first')
}

/** Inflates one part under its budgets and answers how many bytes came out. */
async function checkPart(archive: Archive, part: Part, limits: Limits, budget: number): Promise<number> {
  if (ARCHIVE.test(part.path)) throw nested(archive, part)
  let size = 0
  let sum = 0
  let tail: Buffer = Buffer.alloc(0)
  for await (const bytes of inflated(archive, part)) {
    if (size === 0) checkStart(archive, part, bytes)
    size += bytes.length
    checkSize(archive, part, limits, size, budget)
    refuseDeclarations(archive, part, Buffer.concat([tail, bytes.subarray(0, OVERLAP_BYTES)]))
    refuseDeclarations(archive, part, bytes)
    tail = Buffer.concat([tail, bytes.subarray(-OVERLAP_BYTES)]).subarray(-OVERLAP_BYTES)
    sum = crc32(bytes, sum)
  }
  if (sum !== part.entry.crc32 || size !== part.entry.uncompressedSize)
    throw damaged(archive.name, new Error('its checksum or size is not the one recorded'), part.path)
  return size
}

function checkSize(archive: Archive, part: Part, limits: Limits, size: number, budget: number): void {
  const { name } = archive
  if (size > budget) throw tooLarge(archive, limits)
  if (SHARED_STRINGS.test(part.path) && size > limits.sharedStringsBytes) {
    const message = `the texts of ${name} take more than ${bytesText(limits.sharedStringsBytes)}; split the file or save it as CSV`
    throw new IntakeError('zip.strings', message)
  }
  if (size > limits.ratioFromBytes && size > limits.ratio * part.entry.compressedSize) {
    const message = `${part.path} in ${name} inflates to more than ${limits.ratio} times its packed size; that is no ordinary workbook`
    throw new IntakeError('zip.ratio', message)
  }
  if (size > part.entry.uncompressedSize) {
    const message = `${part.path} in ${name} is larger than the archive says; the file is damaged or made to deceive`
    throw new IntakeError('zip.size', message)
  }
}

/** Only UTF-8 passes: in any other encoding the search for declarations would look for the wrong bytes. */
function checkStart(archive: Archive, part: Part, bytes: Buffer): void {
  if (bytes.subarray(0, ARCHIVE_START.length).equals(ARCHIVE_START)) throw nested(archive, part)
  if (!XML.test(part.path)) return
  const prolog = bytes.toString('latin1', 0, PROLOG_BYTES)
  const encoding = /^[^>]*?\sencoding\s*=\s*["']([^"']*)/i.exec(prolog)?.[1] ?? 'utf-8'
  if (
    /^(?:\xef\xbb\xbf)?\s*</.test(prolog) &&
    /^(?:utf-?8|us-ascii)$/i.test(encoding) &&
    !prolog.includes('\0')
  )
    return
  throw new IntakeError(
    'zip.encoding',
    `${part.path} in ${archive.name} is not UTF-8 text; save the workbook again`,
  )
}

/** Document types and entities have no place in a workbook; they are how XML is made to read files or to grow without end. */
function refuseDeclarations(archive: Archive, part: Part, bytes: Buffer): void {
  const found = ['<!DOCTYPE', '<!ENTITY'].find((word) => bytes.includes(word, 0, 'latin1'))
  if (!found) return
  const message = `${part.path} in ${archive.name} holds ${found}, which no workbook needs and attacks use; save it again in a spreadsheet program`
  throw new IntakeError('zip.doctype', message)
}

function nested(archive: Archive, part: Part): IntakeError {
  const message = `${archive.name} holds another archive ("${part.path}"); remove the embedded file and save it again`
  return new IntakeError('zip.nested', message)
}

function tooLarge(archive: Archive, limits: Limits): IntakeError {
  const message = `${archive.name} would inflate to more than ${bytesText(limits.inflatedBytes)}; split it into smaller files`
  return new IntakeError('zip.size', message)
}
