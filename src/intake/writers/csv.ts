import { stringify } from 'csv-stringify/sync'
import type { Row } from '../../kernel/field.ts'
import { cellText } from '../cells.ts'
import type { Cell, FileColumn } from '../types.ts'
import { escapeText, type Profile } from './escape.ts'
import { rowsBy } from './rows.ts'

/** What else is quoted than RFC 4180 asks for: escaped texts, and those that begin or end with a blank. */
const QUOTED = /^['\s]|\s$/
const SIGNED_NUMBER = /^[+-]\d+(?:[.,]\d+)*$/

/** Documents as CSV (RFC 4180): a header, lists of objects spread over rows, commas, LF, UTF-8 without a byte order mark. */
export async function* writeCsv(
  columns: FileColumn[],
  documents: AsyncIterable<Row[]>,
  profile: Profile,
): AsyncGenerator<Uint8Array> {
  const rows = rowsBy(columns)
  const options = { delimiter: ',', profile }
  yield csvBytes([columns.map(({ name }) => name)], options)
  for await (const chunk of documents) yield csvBytes(chunk.flatMap(rows), options)
}

/**
 * Rows as CSV. Numbers are written as they are, texts escaped as the profile says. In the rows of another CSV file (`untyped`)
 * numbers are texts too, and are told by their looks.
 */
export function csvBytes(
  rows: Cell[][],
  options: { delimiter: string; profile: Profile; untyped?: boolean },
): Uint8Array {
  const written = (cell: Cell) => {
    if (typeof cell !== 'string' || (options.untyped && SIGNED_NUMBER.test(cell))) return cellText(cell)
    return escapeText(cell, options.profile)
  }
  const csv = {
    delimiter: options.delimiter,
    record_delimiter: '\n',
    quote_record_delimiter: true,
    quoted_match: [QUOTED],
  }
  return Buffer.from(
    stringify(
      rows.map((cells) => cells.map(written)),
      csv,
    ),
  )
}
