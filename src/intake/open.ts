import { createHash } from 'node:crypto'
import { open } from 'node:fs/promises'
import type { Fault } from '../kernel/fault.ts'
import { asIntakeError, cancelled } from './failure.ts'
import { bytesText, DEFAULT_LIMITS, type Limits } from './limits.ts'
import { readInChild } from './process.ts'
import { readerOf } from './readers/index.ts'
import type { Job, Reading, Warn } from './readers/reader.ts'
import { byteChunks } from './readers/utf8.ts'
import { rowsOf } from './rows.ts'
import { SNIFFED_BYTES, sniff, wrongKind } from './sniff.ts'
import { type FileHead, IntakeError, type OpenedFile, type ReadOptions, type SourceRow } from './types.ts'

/** What a caller may say about a file and about how much it may cost. */
export type OpenOptions = ReadOptions & { limits?: Partial<Limits>; signal?: AbortSignal }

/**
 * Text up to this size is read in this process: measured for 1 MiB, 15 ms of JSON or 45 of CSV here, against 160 or 250 in a process of
 * its own. Spreadsheets are never read here.
 */
const IN_PROCESS_BYTES = 1 << 20
const WARNINGS_MAX = 100

/**
 * Lets a file through the gate and opens it. `name` is what people call it; the path may be a temporary one. The rows come in
 * chunks, as fast as they are taken; breaking off the iteration ends the reading. Warnings are added to the head while rows are
 * read. Throws IntakeError here and while rows are taken; a caller that wants the head only calls {@link closeFile}.
 */
export async function openFile(path: string, name: string, options: OpenOptions = {}): Promise<OpenedFile> {
  const { limits: chosen, signal, ...readOptions } = options
  const limits = { ...DEFAULT_LIMITS, ...chosen }
  const { size, first } = await lookAt(path, name)
  const format = sniff(first, name, readOptions)
  const job: Job = { path, name, format, options: readOptions, limits }
  checkSize(job, size)
  if (signal?.aborted) throw cancelled(name)
  const warnings: Fault[] = []
  const warn: Warn = (warning) => {
    if (warnings.length < WARNINGS_MAX) warnings.push(warning)
  }
  const other = new AbortController()
  const starting = start(job, size, warn, AbortSignal.any([other.signal, ...(signal ? [signal] : [])]))
  try {
    // The bytes are hashed while the reader starts.
    const [sha256, reading] = await Promise.all([hash(path), starting])
    const head: FileHead = { name, format, size_bytes: size, sha256, ...reading.head, warnings }
    return { head, rows: rows(reading, head, signal) }
  } catch (error) {
    other.abort()
    throw asIntakeError(error, name)
  }
}

/** Ends the reading of a file whose rows are not wanted. */
export async function closeFile(file: OpenedFile): Promise<void> {
  for await (const _ of file.rows) return
}

/** The size of a file and its first bytes. */
async function lookAt(path: string, name: string): Promise<{ size: number; first: Buffer }> {
  const file = await open(path).catch((error) => {
    throw asIntakeError(error, name)
  })
  try {
    const stat = await file.stat()
    if (!stat.isFile()) throw wrongKind(name, stat.isDirectory() ? 'a folder' : 'not an ordinary file')
    const { buffer, bytesRead } = await file.read(Buffer.alloc(SNIFFED_BYTES), 0, SNIFFED_BYTES, 0)
    return { size: stat.size, first: buffer.subarray(0, bytesRead) }
  } finally {
    await file.close()
  }
}

function checkSize({ name, format, limits }: Job, size: number): void {
  const most = format === 'xlsx' ? limits.workbookBytes : limits.textBytes
  if (size <= most) return
  const message = `${name} has ${bytesText(size)}; at most ${bytesText(most)} are read from such a file. Split it into smaller ones`
  throw new IntakeError('file.size', message)
}

function start(job: Job, size: number, warn: Warn, signal?: AbortSignal): Promise<Reading> {
  const here = job.format !== 'xlsx' && size <= IN_PROCESS_BYTES
  return here ? readHere(job, warn) : readInChild(job, warn, signal)
}

async function readHere(job: Job, warn: Warn): Promise<Reading> {
  const reader = await readerOf(job.format)
  return reader(job, warn)
}

async function hash(path: string): Promise<string> {
  const sum = createHash('sha256')
  for await (const bytes of byteChunks(path)) sum.update(bytes)
  return sum.digest('hex')
}

async function* rows(reading: Reading, head: FileHead, signal?: AbortSignal): AsyncGenerator<SourceRow[]> {
  try {
    for await (const text of reading.chunks) {
      if (signal?.aborted) throw cancelled(head.name)
      yield rowsOf(text, head)
    }
  } catch (error) {
    throw asIntakeError(error, head.name)
  }
}
