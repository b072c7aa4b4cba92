import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { dirname, join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { cancelled, outOfMemory, readingFailed } from './failure.ts'
import { decodeFrames, errorOf, type Frame } from './frames.ts'
import type { Job, Reading, Warn } from './readers/reader.ts'
import { IntakeError } from './types.ts'

const SOURCES = dirname(import.meta.dirname)
const CHILD = join(SOURCES, 'intake', 'child.ts')
const COMPLAINT_CHARACTERS_MAX = 4_000
const PIPE = 3

type Child = {
  job: Job
  process: ChildProcess
  frames: AsyncGenerator<Frame>
  /** the end of what it wrote to standard error. */
  complaint: string
  /** why we ended it, when we did. */
  reason?: IntakeError
  release: () => void
}

/**
 * Reads a file in a process of its own: with a memory cap and a wall clock limit, without environment, and with no leave to write, to
 * start processes, or to read anything but the file and our own code. It is killed as soon as nobody takes its rows any more.
 * Throws what the reader throws, and `reader.memory`, `reader.timeout`, `reader.cancelled`, `reader.failed`.
 */
export async function readInChild(job: Job, warn: Warn, signal?: AbortSignal): Promise<Reading> {
  const child = start(job, signal)
  try {
    const frame = await nextFrame(child, warn)
    if (frame.kind !== 'head') throw readingFailed(job.name, 'it did not begin with a head')
    return { head: frame.head, chunks: chunks(child, warn) }
  } catch (error) {
    await stop(child)
    throw error
  }
}

async function* chunks(child: Child, warn: Warn): AsyncGenerator<Buffer> {
  try {
    for (;;) {
      const frame = await nextFrame(child, warn)
      if (frame.kind !== 'rows') return
      yield frame.text
    }
  } finally {
    await stop(child)
  }
}

/** The next frame that is neither a warning nor an error. */
async function nextFrame(child: Child, warn: Warn): Promise<Frame> {
  for (;;) {
    const { value: frame, done } = await child.frames.next().catch(() => ({ value: undefined, done: true }))
    if (done || !frame) throw await causeOfDeath(child)
    if (frame.kind === 'error') throw errorOf(frame.error)
    if (frame.kind !== 'warning') return frame
    warn(frame.warning)
  }
}

function start(job: Job, signal?: AbortSignal): Child {
  const flags = [`--max-old-space-size=${job.limits.memoryMib}`, '--permission', ...readable(job)]
  const process_ = spawn(process.execPath, [...flags, CHILD, JSON.stringify(job)], {
    stdio: ['ignore', 'ignore', 'pipe', 'pipe'],
    env: {},
  })
  const child: Child = {
    job,
    process: process_,
    frames: framesOf(process_),
    complaint: '',
    release: () => undefined,
  }
  process_.on('exit', () => child.release())
  process_.on('error', (error) => end(child, readingFailed(job.name, error.message)))
  process_.stderr?.on('data', (bytes: Buffer) => {
    child.complaint = (child.complaint + bytes).slice(-COMPLAINT_CHARACTERS_MAX)
  })
  watch(child, signal)
  return child
}

/** The file, our code and the libraries: not the rest of the disk, where a database and its backups may lie. */
function readable({ path }: Job): string[] {
  const library = fileURLToPath(import.meta.resolve('csv-parse'))
  const libraries = library.slice(0, library.lastIndexOf('node_modules') + 'node_modules'.length)
  const places = [path, SOURCES, join(SOURCES, '..', 'package.json'), libraries]
  return places.map((place) => `--allow-fs-read=${resolve(place)}`)
}

function framesOf({ stdio }: ChildProcess): AsyncGenerator<Frame> {
  return decodeFrames(stdio[PIPE] as unknown as AsyncIterable<Buffer>)
}

function watch(child: Child, signal?: AbortSignal): void {
  const { name, limits } = child.job
  const late = `reading ${name} took longer than ${limits.timeMs / 1000} seconds; split the file into smaller ones`
  const timer = setTimeout(() => end(child, new IntakeError('reader.timeout', late)), limits.timeMs)
  const abort = () => end(child, cancelled(name))
  signal?.addEventListener('abort', abort, { once: true })
  child.release = () => {
    clearTimeout(timer)
    signal?.removeEventListener('abort', abort)
  }
  if (signal?.aborted) abort()
}

function end(child: Child, reason: IntakeError): void {
  child.reason ??= reason
  child.process.kill('SIGKILL')
}

async function stop(child: Child): Promise<void> {
  child.release()
  child.process.kill('SIGKILL')
  await child.frames.return(undefined)
}

/** The stream of frames broke off: why? */
async function causeOfDeath(child: Child): Promise<IntakeError> {
  const { process: process_, job } = child
  if (child.reason) return child.reason
  if (process_.exitCode === null && process_.signalCode === null) await once(process_, 'close')
  const { name, limits } = job
  if (child.reason) return child.reason
  if (process_.signalCode === 'SIGABRT' || /out of memory/i.test(child.complaint))
    return outOfMemory(name, limits.memoryMib)
  const how = process_.signalCode
    ? `was ended by ${process_.signalCode}`
    : `ended with code ${process_.exitCode}`
  const complaint = child.complaint.split('\n').find((line) => line.includes('Error'))
  return readingFailed(job.name, `the process that read it ${how}${complaint ? `: ${complaint.trim()}` : ''}`)
}
