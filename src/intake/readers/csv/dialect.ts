import { fault } from '../../../kernel/fault.ts'
import { IntakeError, type ReadOptions } from '../../types.ts'
import type { Warn } from '../reader.ts'

/** How a column file spells its table. */
export type Dialect = {
  delimiter: string
  decimal: '.' | ','
  /** the first line is `sep=;`, for a spreadsheet program. */
  preamble: boolean
}

const DELIMITERS = [',', ';', '\t', '|']
const NAMES: Record<string, string> = { ',': 'commas', ';': 'semicolons', '\t': 'tabs', '|': 'bars' }
const RECORDS_MAX = 200
const PREAMBLE = /^sep=(.)\r?\n/i
/** Numbers that leave no doubt: three digits after the sign may be thousands, unless a 0 or four digits stand before it. */
const COMMA_NUMBER = /^[-+]?(?:(?:\d{1,3}(?:[. ]\d{3})+|\d+),(?:\d{1,2}|\d{4,})|(?:0|\d{4,}),\d+)$/
const POINT_NUMBER = /^[-+]?(?:(?:\d{1,3}(?:[, ]\d{3})+|\d+)\.(?:\d{1,2}|\d{4,})|(?:0|\d{4,})\.\d+)$/

/** Finds delimiter and decimal sign from the beginning of the text (whole lines); what was guessed is told. Throws `csv.delimiter`. */
export function sniffDialect(head: string, name: string, options: ReadOptions, warn: Warn): Dialect {
  if (options.delimiter !== undefined && !/^[^"\r\n]$/u.test(options.delimiter))
    throw new IntakeError(
      'csv.delimiter',
      `the delimiter for ${name} must be one character, not "${options.delimiter}"`,
    )
  const preamble = PREAMBLE.exec(head)
  const text = head.slice(preamble?.[0].length ?? 0)
  const delimiter = options.delimiter ?? preamble?.[1] ?? findDelimiter(text)
  if (!options.delimiter && !preamble && delimiter !== ',')
    warn(
      fault(
        '',
        'file.delimiter',
        `${name} is read as columns divided by ${NAMES[delimiter]} (choose with --delimiter)`,
      ),
    )
  const decimal = options.decimal ?? findDecimal(splitRecords(text, delimiter).flat(), name, warn)
  return { delimiter, decimal, preamble: preamble !== null }
}

/** The candidate that cuts most records into as many fields as the header has; at equal rates the one with more fields. */
function findDelimiter(text: string): string {
  let best = { delimiter: ',', share: 0, fields: 1 }
  for (const delimiter of DELIMITERS) {
    const counts = splitRecords(text, delimiter).map((record) => record.length)
    const fields = counts[0] ?? 1
    const share = counts.filter((count) => count === fields).length / counts.length
    if (fields < 2) continue
    if (share > best.share || (share === best.share && fields > best.fields))
      best = { delimiter, share, fields }
  }
  return best.delimiter
}

function findDecimal(cells: string[], name: string, warn: Warn): '.' | ',' {
  const commas = cells.filter((cell) => COMMA_NUMBER.test(cell))
  const points = cells.filter((cell) => POINT_NUMBER.test(cell))
  if (commas.length > 0 && points.length > 0) {
    const detail = `${name} has numbers with a decimal comma (${commas[0]}) and with a decimal point (${points[0]}); choose with --decimal`
    warn(fault('', 'file.decimal', detail))
  } else if (commas.length > 0) {
    warn(
      fault(
        '',
        'file.decimal',
        `numbers of ${name} such as ${commas[0]} are read with a decimal comma (choose with --decimal)`,
      ),
    )
  }
  return commas.length > points.length ? ',' : '.'
}

/** Rough but quote-aware, for guessing only: fields of the first records, blank ones left out. */
function splitRecords(text: string, delimiter: string): string[][] {
  const records: string[][] = []
  let record: string[] = []
  let start = 0
  for (let at = 0; at <= text.length && records.length < RECORDS_MAX; at++) {
    if (text[at] === '"' && at === start) at = quoteEnd(text, at)
    const character = text[at]
    if (character !== delimiter && character !== '\n' && character !== '\r' && character !== undefined)
      continue
    record.push(text.slice(start, at).replaceAll('"', '').trim())
    start = at + 1
    if (character === delimiter) continue
    if (record.length > 1 || record[0] !== '') records.push(record)
    record = []
  }
  return records
}

/** The position after a quoted field. */
function quoteEnd(text: string, open: number): number {
  for (let at = open + 1; at < text.length; at++) {
    if (text[at] !== '"') continue
    if (text[at + 1] !== '"') return at + 1
    at++
  }
  return text.length
}
