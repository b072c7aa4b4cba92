import type { Fault } from '../../kernel/fault.ts'
import type { Limits } from '../limits.ts'
import type { FileHead, Format, ReadOptions } from '../types.ts'

/** What a reader is told. It goes to another process as JSON. */
export type Job = {
  path: string
  /** the file's base name, for messages. */
  name: string
  format: Format
  options: ReadOptions
  limits: Limits
}

/** What a reader learns before the first row. */
export type HeadPart = Pick<FileHead, 'encoding' | 'delimiter' | 'decimal' | 'sheet' | 'sheets' | 'header'>

/**
 * An opened file. Each chunk is the JSON text of `[[line, document or cells, faults?], …]`: it crosses to another process as it
 * is, and costs that process one JSON.parse.
 */
export type Reading = { head: HeadPart; chunks: AsyncIterable<Buffer> }

/** Tells a person what was guessed or is doubtful about the file. */
export type Warn = (warning: Fault) => void

/** One reader per format. Throws IntakeError, when opening or between chunks. */
export type Reader = (job: Job, warn: Warn) => Promise<Reading>
