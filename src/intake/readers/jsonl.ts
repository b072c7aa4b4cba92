import { fault } from '../../kernel/fault.ts'
import { bytesText } from '../limits.ts'
import { IntakeError } from '../types.ts'
import { addDocument, type Chunk, chunkText, isFull, newChunk } from './chunk.ts'
import { storable } from './columns.ts'
import { objectFaults, patched } from './json/record.ts'
import { scanValue, skipBlanks } from './json/scan.ts'
import { fail, newScan, type Scan, startRecord } from './json/state.ts'
import type { Job, Reading } from './reader.ts'
import { utf8Chunks } from './utf8.ts'

type Cursor = { job: Job; scan: Scan; count: number }

const NEWLINE = 0x0a
const HASH = 0x23
const OPEN_LIST = 0x5b
const OPEN_OBJECT = 0x7b
const LINE_START = { at: 0, column: 0 }

/**
 * Reads JSON Lines: one object a line; blank lines and lines that start with `#` are skipped but counted. A line that is no
 * JSON is a row with the fault `json.syntax` and its whole text for a document, so that it can be given back; reading goes on.
 */
export async function readJsonl(job: Job): Promise<Reading> {
  return { head: { encoding: 'utf-8' }, chunks: records(job) }
}

async function* records(job: Job): AsyncGenerator<Buffer> {
  const cursor = startOf(job)
  let chunk = newChunk()
  let rest: Buffer = Buffer.alloc(0)
  for await (const read of utf8Chunks(job.path, job.name)) {
    const bytes = Buffer.concat([rest, read])
    let at = 0
    for (let end = bytes.indexOf(NEWLINE, rest.length); end !== -1; end = bytes.indexOf(NEWLINE, at)) {
      takeLine(cursor, bytes.subarray(at, end), chunk)
      at = end + 1
      if (!isFull(chunk)) continue
      yield chunkText(chunk)
      chunk = newChunk()
    }
    rest = bytes.subarray(at)
    if (rest.length > job.limits.recordBytes) throw tooLong(cursor)
  }
  if (rest.length > 0) takeLine(cursor, rest, chunk)
  if (chunk.rows > 0) yield chunkText(chunk)
}

function startOf(job: Job): Cursor {
  const where = (line: number, column: number) => `${job.name} at line ${line} (column ${column})`
  const scan = newScan({ endName: 'line', depthMax: job.limits.depth, where })
  return { job, scan: { ...scan, final: true, line: 0 }, count: 0 }
}

function takeLine(cursor: Cursor, bytes: Buffer, chunk: Chunk): void {
  const { scan, job } = cursor
  startRecord(scan)
  scan.bytes = bytes
  scan.line++
  scan.anchor = LINE_START
  const start = skipBlanks(scan, 0)
  if (start === bytes.length || bytes[start] === HASH) return
  if (cursor.count >= job.limits.documents) throw tooMany(cursor)
  try {
    const end = scanLine(scan, start)
    const faults = objectFaults(bytes[start], `line ${scan.line}`)
    addDocument(chunk, scan.line, patched(scan, start, end), [...faults, ...scan.faults])
  } catch (error) {
    if (!(error instanceof IntakeError)) throw error
    if (cursor.count === 0) refusePretty(cursor, start, error)
    const text = storable(bytes.toString())
    addDocument(chunk, scan.line, Buffer.from(JSON.stringify(text)), [
      fault('', error.code, error.message, text),
    ])
  }
  cursor.count++
}

function scanLine(scan: Scan, start: number): number {
  const end = scanValue(scan, start)
  const rest = skipBlanks(scan, end)
  if (rest < scan.bytes.length) fail(scan, rest, 'expected end of line')
  return end
}

/** A first line that only opens a list or an object: the file is ordinary JSON, and every line would be an error. */
function refusePretty(cursor: Cursor, start: number, error: IntakeError): void {
  const { bytes } = cursor.scan
  const opensOnly = bytes[start] === OPEN_OBJECT && bytes.toString().trim() === '{'
  if (!opensOnly && bytes[start] !== OPEN_LIST) return
  const hint = 'the value goes on over several lines, so this is JSON and not JSON Lines; use --format json'
  throw new IntakeError(error.code, `${error.message}; ${hint}`, { line: error.line, column: error.column })
}

function tooLong(cursor: Cursor): IntakeError {
  const line = cursor.scan.line + 1
  const size = bytesText(cursor.job.limits.recordBytes)
  return new IntakeError('json.size', `line ${line} of ${cursor.job.name} is longer than ${size}`, { line })
}

function tooMany(cursor: Cursor): IntakeError {
  const { job, scan } = cursor
  const message = `${job.name} has more than ${job.limits.documents} records; split it into smaller files`
  return new IntakeError('file.rows', message, { line: scan.line })
}
