import iconv from 'iconv-lite'
import { fault } from '../../../kernel/fault.ts'
import { bomEncoding, looksUtf16, SNIFFED_BYTES } from '../../sniff.ts'
import { IntakeError } from '../../types.ts'
import type { Job, Warn } from '../reader.ts'
import { byteChunks, invalidOffset, utf8Chunks } from '../utf8.ts'

const UTF8 = new Set(['utf-8', 'utf8', 'us-ascii', 'ascii'])
/** Encodings of scripts whose letters are all above 127, and of Latin ones, each with what our customers' programs write first. */
const OTHER_SCRIPTS = ['windows-1256', 'windows-1251', 'windows-1253', 'windows-1255']
const LATIN = ['windows-1252', 'windows-1250', 'windows-1254']
const ASIAN = ['cp932', 'shift_jis', 'gb18030', 'big5', 'euc-jp', 'euc-kr']
/**
 * A list of short names gives the detector little to go on: measured, a right answer other than the first of its family has at
 * least this confidence and this much more than that one; wrong ones have less.
 */
const CONFIDENCE_MIN = 0.07
const LEAD_MIN = 1.4
const SAMPLE_BYTES = 64 << 10
const NEWLINE = 0x0a
const HIGH = 0x80

/**
 * The encoding of a column file: as told, by byte order mark, UTF-8 when all of it is, else a guess that is told to the person.
 * Throws `text.encoding`.
 */
export async function detectEncoding(job: Job, warn: Warn): Promise<string> {
  const told = job.options.encoding?.trim().toLowerCase()
  if (told) return known(told, job.name)
  const first = (await pieceAt(job.path, 0)).subarray(0, SNIFFED_BYTES)
  const marked = bomEncoding(first) ?? looksUtf16(first)
  if (marked) return marked
  const foreign = await invalidOffset(job.path)
  if (foreign === undefined) return 'utf-8'
  const piece = await pieceAt(job.path, Math.max(foreign - SAMPLE_BYTES, 0))
  if (isNearlyUtf8(piece)) await refuseAsUtf8(job)
  return guess(foreignLines(piece), job.name, warn)
}

/** The text as UTF-8 bytes, in pieces that end between two characters. */
export async function* textChunks(job: Job, encoding: string): AsyncGenerator<Buffer> {
  if (UTF8.has(encoding)) return yield* utf8Chunks(job.path, job.name)
  const decoder = iconv.getDecoder(encoding)
  let carried = ''
  for await (const bytes of byteChunks(job.path)) {
    const text = carried + decoder.write(bytes)
    // Half of a surrogate pair would become U+FFFD.
    const cut = isHighSurrogate(text.charCodeAt(text.length - 1)) ? text.length - 1 : text.length
    carried = text.slice(cut)
    yield Buffer.from(text.slice(0, cut))
  }
  yield Buffer.from(carried + (decoder.end() ?? ''))
}

function known(encoding: string, name: string): string {
  if (UTF8.has(encoding)) return 'utf-8'
  if (iconv.encodingExists(encoding)) return encoding
  throw new IntakeError(
    'text.encoding',
    `the encoding "${encoding}" for ${name} is unknown; try utf-8, ${OTHER_SCRIPTS[0]} or ${LATIN[0]}`,
  )
}

async function pieceAt(path: string, start: number): Promise<Buffer> {
  for await (const bytes of byteChunks(path, start)) return bytes
  return Buffer.alloc(0)
}

/** A UTF-8 file with a few broken bytes must not be taken for another encoding: all its good characters would turn bad. */
function isNearlyUtf8(piece: Buffer): boolean {
  const text = piece.toString()
  const bad = text.split('\ufffd').length - 1
  let good = 0
  for (const character of text) if (character > '\x7f' && character !== '\ufffd') good++
  return good > 4 * bad
}

/** Reading it as UTF-8 says where it is broken. */
async function refuseAsUtf8(job: Job): Promise<void> {
  for await (const _ of utf8Chunks(job.path, job.name));
}

function foreignLines(bytes: Buffer): Buffer {
  const lines: Buffer[] = []
  let size = 0
  for (let at = 0; at < bytes.length && size < SAMPLE_BYTES; ) {
    const end = bytes.indexOf(NEWLINE, at) + 1 || bytes.length
    const line = bytes.subarray(at, Math.min(end, at + SAMPLE_BYTES))
    if (line.some((byte) => byte >= HIGH)) size += lines.push(line) && line.length
    at = end
  }
  return Buffer.concat(lines)
}

async function guess(sample: Buffer, name: string, warn: Warn): Promise<string> {
  const family = runShare(sample) > 0.5 ? OTHER_SCRIPTS : LATIN
  const encoding = await detect(sample, [...family, ...ASIAN])
  const detail = `${name} is not UTF-8; it is read as ${encoding} (a guess), for example "${exampleOf(sample, encoding)}" (choose with --encoding)`
  warn(fault('', 'file.encoding', detail))
  return encoding
}

/** The first of the candidates unless another one is clearly better. */
async function detect(sample: Buffer, candidates: string[]): Promise<string> {
  const { detectAll } = await import('jschardet')
  const found = detectAll(sample, { detectEncodings: candidates, minimumThreshold: 0 }).map((each) => ({
    encoding: each.encoding?.toLowerCase() ?? '',
    confidence: each.confidence,
  }))
  const [usual] = candidates
  const doubt = found.find(({ encoding }) => encoding === usual)?.confidence ?? 0
  const [top] = found
  const clear = top && top.confidence >= CONFIDENCE_MIN && top.confidence >= doubt * LEAD_MIN
  return clear && iconv.encodingExists(top.encoding) ? top.encoding : usual
}

/** Arabic words are runs of bytes above 127; in Western text one or two accented letters stand between plain ones. */
function runShare(sample: Buffer): number {
  let [run, inRuns, all] = [0, 0, 0]
  for (const byte of sample) {
    run = byte >= HIGH ? run + 1 : 0
    if (run > 0) all++
    if (run === 3) inRuns += 3
    else if (run > 3) inRuns++
  }
  return inRuns / all
}

/** A few words around the first letter that the guess decides. */
function exampleOf(sample: Buffer, encoding: string): string {
  const at = sample.findIndex((byte) => byte >= HIGH)
  const text = iconv.decode(sample.subarray(Math.max(at - 20, 0), at + 40), encoding)
  return text.replaceAll(/\s+/g, ' ').trim()
}

function isHighSurrogate(code: number): boolean {
  return code >= 0xd800 && code <= 0xdbff
}
