import { finished } from 'node:stream/promises'
import { type CsvError, type InfoRecord, type Parser, parse } from 'csv-parse'
import { bytesText } from '../../limits.ts'
import { IntakeError } from '../../types.ts'
import type { Job } from '../reader.ts'
import type { Dialect } from './dialect.ts'
import { countLines, newLineCount } from './lines.ts'

/** A row of a column file and the 1-based line it starts on. */
export type TextRow = { line: number; cells: string[] }

type Take = (cells: string[], info: InfoRecord) => null

/**
 * The rows of a text in UTF-8, blank ones included (RFC 4180 and what programs make of it: any line ending, quotes inside an unquoted
 * field are characters). Throws `csv.quote`, `csv.size`, `csv.syntax` with the line.
 */
export async function* textRows(
  text: AsyncIterable<Buffer>,
  dialect: Dialect,
  job: Job,
): AsyncGenerator<TextRow[]> {
  const lines = newLineCount()
  let rows: TextRow[] = []
  const parser = newParser(dialect, job, (cells, info) => {
    rows.push({ line: countLines(lines, info.bytes), cells })
    return null
  })
  try {
    for await (const bytes of text) {
      lines.bytes = Buffer.concat([lines.bytes, bytes])
      await write(parser, bytes)
      if (rows.length > 0) yield rows
      rows = []
    }
    parser.end()
    await finished(parser)
  } catch (error) {
    throw error instanceof IntakeError ? error : csvError(error as CsvError, lines.line, job)
  }
  if (rows.length > 0) yield rows
}

/** Records are taken as they are found and never enter the parser's output, which spares one stream of objects. */
function newParser(dialect: Dialect, job: Job, take: Take): Parser {
  const parser = parse({
    delimiter: dialect.delimiter,
    record_delimiter: ['\r\n', '\n', '\r'],
    relax_quotes: true,
    relax_column_count: true,
    max_record_size: job.limits.recordBytes,
    on_record: take,
  })
  // Errors are taken from the writes; without a listener the first would end the process.
  parser.on('error', () => undefined)
  return parser.resume()
}

function write(parser: Parser, bytes: Buffer): Promise<void> {
  return new Promise((resolve, reject) => {
    parser.write(bytes, (error) => (error ? reject(error) : resolve()))
  })
}

function csvError(error: CsvError, line: number, { name, limits }: Job): IntakeError {
  if (error.code === 'CSV_QUOTE_NOT_CLOSED') {
    const message = `a quote that opens in the row at line ${line} of ${name} is never closed; close it or remove it`
    return new IntakeError('csv.quote', message, { line })
  }
  if (error.code === 'CSV_MAX_RECORD_SIZE') {
    const size = bytesText(limits.recordBytes)
    const message = `the row at line ${line} of ${name} is larger than ${size}; perhaps a quote before it is not closed`
    return new IntakeError('csv.size', message, { line })
  }
  return new IntakeError(
    'csv.syntax',
    `the row at line ${line} of ${name} cannot be read: ${error.message}`,
    { line },
  )
}
