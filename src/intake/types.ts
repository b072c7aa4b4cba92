import type { Fault } from '../kernel/fault.ts'
import type { Address } from '../kernel/proposal.ts'

export type { Address, Proposal as Entry } from '../kernel/proposal.ts'

/** Formats that Serai reads. `tsv` and other delimiters are `csv` with a delimiter. */
export type Format = 'json' | 'jsonl' | 'csv' | 'xlsx'

/** A cell of a column file. Numbers and booleans come from typed spreadsheet cells only; CSV gives text. */
export type Cell = string | number | boolean | null

/** A row as the reader found it. `faults` are about the reading itself (a ragged row, `#REF!`, no cached value). */
export type SourceRow = DocumentRow | CellRow
export type DocumentRow = { address: Address; document: unknown; faults: Fault[] }
export type CellRow = { address: Address; cells: Cell[]; faults: Fault[] }

/** What is known of a file before its first row: everything a person is asked to confirm. */
export type FileHead = {
  name: string
  format: Format
  size_bytes: number
  sha256: string
  /** text files: the encoding that was detected or given, e.g. `utf-8`, `windows-1256`. */
  encoding?: string
  /** csv: `,` `;` tab or `|`. */
  delimiter?: string
  /** csv: the decimal sign of its numbers. */
  decimal?: '.' | ','
  /** xlsx: the sheet that is read, and all sheets. */
  sheet?: string
  sheets?: string[]
  /** column files: the header cells, trimmed. */
  header?: string[]
  /** things a person should know: a guess that was made, a formula kept as text. At most 100. */
  warnings: Fault[]
}

/** What a person may say about a file when the guess is wrong. */
export type ReadOptions = {
  format?: Format
  encoding?: string
  delimiter?: string
  decimal?: '.' | ','
  sheet?: string
}

/** A file that was let through the gate and opened. Rows arrive in chunks; breaking off the iteration ends the reader. */
export type OpenedFile = { head: FileHead; rows: AsyncIterable<SourceRow[]> }

/**
 * A file that cannot be read at all. The message names the file, the line and column where there is one, what was found
 * and what to do. `code` is stable: `file.empty`, `file.kind`, `file.html`, `json.syntax`, `zip.ratio`, …
 */
export class IntakeError extends Error {
  readonly code: string
  readonly line: number | undefined
  readonly column: number | undefined
  constructor(code: string, message: string, place: { line?: number; column?: number } = {}) {
    super(message)
    this.name = 'IntakeError'
    this.code = code
    this.line = place.line
    this.column = place.column
  }
}

export type { FileColumn } from '../kernel/document.ts'

/** How the columns of a file map onto a resource. Saved by name; remembered by the header's fingerprint. */
export type Mapping = {
  /** header cell (as in the file) → column name, or null to leave it out. */
  columns: Record<string, string | null>
  /** values for columns that the file does not have. */
  constants?: Record<string, string>
  /** per column: what is done to the cell before it is read. */
  transforms?: Record<string, Transform[]>
}
export type Transform =
  | { kind: 'trim' }
  | { kind: 'upper' }
  | { kind: 'lower' }
  | { kind: 'split'; separator: string }
  | { kind: 'date_order'; order: 'dmy' | 'mdy' | 'ymd' }
  | { kind: 'decimal'; sign: '.' | ',' }
