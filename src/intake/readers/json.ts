import { bytesText } from '../limits.ts'
import { IntakeError } from '../types.ts'
import { addDocument, type Chunk, chunkText, isFull, newChunk } from './chunk.ts'
import { objectFaults, patched } from './json/record.ts'
import { scanValue, skipBlanks } from './json/scan.ts'
import { fail, MORE, moveWindow, newScan, type Scan, startRecord, unexpected } from './json/state.ts'
import type { Job, Reading } from './reader.ts'
import { utf8Chunks } from './utf8.ts'

/** Where the reader stands in the file. */
type Cursor = {
  job: Job
  scan: Scan
  source: AsyncIterator<Buffer>
  at: number
  expects: 'start' | 'first' | 'separator' | 'end'
  count: number
}

const COMMA = 0x2c
const OPEN_LIST = 0x5b
const CLOSE_LIST = 0x5d
const OPEN_OBJECT = 0x7b

/**
 * Reads a JSON file (RFC 8259): a list whose elements are taken one after another in flat memory, or one object. A syntax error
 * ends the file, because nothing after it has a certain meaning; any other fault belongs to its record.
 */
export async function readJson(job: Job): Promise<Reading> {
  return { head: { encoding: 'utf-8' }, chunks: records(job) }
}

async function* records(job: Job): AsyncGenerator<Buffer> {
  const cursor = startOf(job)
  try {
    for (;;) {
      const chunk = newChunk()
      const state = scanSome(cursor, chunk)
      if (chunk.rows > 0) yield chunkText(chunk)
      if (state === 'end') return
      if (state === 'more') await readMore(cursor)
    }
  } finally {
    await cursor.source.return?.()
  }
}

function startOf(job: Job): Cursor {
  const where = (line: number, column: number) => `${job.name} at line ${line}, column ${column}`
  const scan = newScan({ endName: 'file', depthMax: job.limits.depth, where })
  return { job, scan, source: utf8Chunks(job.path, job.name), at: 0, expects: 'start', count: 0 }
}

/** Takes records from the window until it, the chunk or the file ends. */
function scanSome(cursor: Cursor, chunk: Chunk): 'more' | 'full' | 'end' {
  const { scan } = cursor
  while (!isFull(chunk)) {
    const { line, anchor } = scan
    try {
      if (!scanNext(cursor, chunk)) return 'end'
    } catch (error) {
      if (error !== MORE) throw error
      Object.assign(scan, { line, anchor })
      return 'more'
    }
  }
  return 'full'
}

/** One step: the opening bracket, or a record with the comma before it, or the end. Moves the cursor only when all is there. */
function scanNext(cursor: Cursor, chunk: Chunk): boolean {
  const { scan } = cursor
  const at = skipBlanks(scan, cursor.at)
  const byte = scan.bytes[at]
  if (cursor.expects === 'start') start(cursor, at, chunk)
  else if (cursor.expects === 'end') return notAtEnd(cursor, at)
  else if (byte === CLOSE_LIST) Object.assign(cursor, { at: at + 1, expects: 'end' })
  else if (cursor.expects === 'first') takeRecord(cursor, at, chunk, 'separator')
  else if (byte === COMMA) takeRecord(cursor, skipBlanks(scan, at + 1), chunk, 'separator')
  else unexpected(scan, at, 'expected "," or "]"')
  return true
}

function start(cursor: Cursor, at: number, chunk: Chunk): void {
  const byte = cursor.scan.bytes[at]
  if (byte === OPEN_LIST) Object.assign(cursor, { at: at + 1, expects: 'first' })
  else if (byte === OPEN_OBJECT) takeRecord(cursor, at, chunk, 'end')
  else unexpected(cursor.scan, at, 'expected "[" or "{" (for a column file use --format csv)')
}

function notAtEnd(cursor: Cursor, at: number): boolean {
  const { scan } = cursor
  if (at < scan.bytes.length) {
    const another = scan.bytes[at] === OPEN_OBJECT || scan.bytes[at] === OPEN_LIST
    const hint = another ? '; if every line is a record of its own, use --format jsonl' : ''
    fail(scan, at, `expected end of file${hint}`)
  }
  if (!scan.final) throw MORE
  return false
}

function takeRecord(cursor: Cursor, at: number, chunk: Chunk, next: Cursor['expects']): void {
  const { scan, job } = cursor
  startRecord(scan)
  const line = scan.line
  const end = scanValue(scan, at)
  if (cursor.count >= job.limits.documents) {
    const message = `${job.name} has more than ${job.limits.documents} records; split it into smaller files`
    throw new IntakeError('file.rows', message, { line })
  }
  const faults = objectFaults(scan.bytes[at], `element ${cursor.count}`)
  addDocument(chunk, line, patched(scan, at, end), [...faults, ...scan.faults])
  Object.assign(cursor, { at: end, expects: next, count: cursor.count + 1 })
}

/** Drops what was taken and appends at least as much as is left, so that a long record is not scanned over and over. */
async function readMore(cursor: Cursor): Promise<void> {
  const { scan, job } = cursor
  const rest = scan.bytes.subarray(cursor.at)
  if (rest.length > job.limits.recordBytes) {
    const message = `the record at line ${scan.line} of ${job.name} is larger than ${bytesText(job.limits.recordBytes)}`
    throw new IntakeError('json.size', message, { line: scan.line })
  }
  const parts = [rest]
  for (let bytes = 0; bytes <= rest.length && !scan.final; ) {
    const { value, done } = await cursor.source.next()
    if (done) scan.final = true
    else parts.push(value)
    bytes += value?.length ?? 0
  }
  moveWindow(scan, cursor.at, Buffer.concat(parts))
  cursor.at = 0
}
