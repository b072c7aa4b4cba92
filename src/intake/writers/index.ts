import type { Row } from '../../kernel/field.ts'
import type { FileColumn, Format } from '../types.ts'
import { writeCsv } from './csv.ts'
import type { Profile } from './escape.ts'
import { writeJson, writeJsonl } from './json.ts'
import { writeXlsx } from './xlsx.ts'

export type WriteOptions = {
  /** csv: `spreadsheet` (default) escapes what a program may take for a formula. */
  profile?: Profile
  /** xlsx: name of the sheet. */
  sheet?: string
}

/**
 * Documents as a file, in pieces; memory is flat in their number. What is written reads back as the same documents, and an import
 * of it changes nothing. Ending the iteration early ends that of `documents`; an error of theirs ends the file half-written, so the
 * caller must not take it for whole.
 */
export function write(
  format: Format,
  columns: FileColumn[],
  documents: AsyncIterable<Row[]>,
  { profile = 'spreadsheet', sheet = 'Sheet1' }: WriteOptions = {},
): AsyncIterable<Uint8Array> {
  switch (format) {
    case 'json':
      return writeJson(documents)
    case 'jsonl':
      return writeJsonl(documents)
    case 'csv':
      return writeCsv(columns, documents, profile)
    case 'xlsx':
      return writeXlsx(columns, documents, sheet)
  }
}
