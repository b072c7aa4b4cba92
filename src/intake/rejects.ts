import type { Fault } from '../kernel/fault.ts'
import { columnIndex, ERRORS_COLUMN } from './names.ts'
import type { CellSource } from './record.ts'
import type { Address, Cell, FileHead } from './types.ts'
import { csvBytes } from './writers/csv.ts'
import { writeJson } from './writers/json.ts'
import { workbook } from './writers/xlsx.ts'

/** A fault as the plan keeps it: with the cell it is about, when the file has cells. */
type PlacedFault = Fault & { cell?: { row: number; column: string } }

/** A record that was refused: what it was in the file (see `entries`), and why. */
export type Reject = { source: unknown; faults: PlacedFault[]; address: Address }

/** Excel's own limit; a longer list of reasons is cut after a whole reason, with their number. */
const REASONS_CHARACTERS_MAX = 32_000
const CHUNK_RECORDS = 500
const BYTE_ORDER_MARK = '\ufeff'

/**
 * Refused records in the format they came in, each with its reasons: JSON objects with a member `_errors`, JSON Lines the same, rows
 * of a column file with the same columns, order and delimiter and a column `_errors`, each reason in the row of its cell. A line that
 * was no JSON is written as it was, under a comment with the reason. Mended, the file can be imported as it is.
 */
export function writeRejects(head: FileHead, rejects: AsyncIterable<Reject>): AsyncIterable<Uint8Array> {
  switch (head.format) {
    case 'json':
      return writeJson(chunked(rejects, markedDocument))
    case 'jsonl':
      return jsonLines(rejects)
    case 'csv':
      return csvFile(head, rejects)
    case 'xlsx':
      return workbook(markedHeader(head), sheetRows(head, rejects), head.sheet ?? 'Sheet1')
  }
}

async function* jsonLines(rejects: AsyncIterable<Reject>): AsyncGenerator<Uint8Array> {
  for await (const lines of chunked(rejects, jsonLine)) yield Buffer.from(lines.join(''))
}

function jsonLine(reject: Reject): string {
  const { source, faults } = reject
  if (isDocument(source)) return `${JSON.stringify(markedDocument(reject))}\n`
  const why = reasons(reject).join('; ').replaceAll(/\s+/g, ' ')
  const unparsed = typeof source === 'string' && faults.some(({ code }) => code.startsWith('json.'))
  return `# ${why}\n${unparsed ? source : JSON.stringify(source)}\n`
}

function markedDocument(reject: Reject): object {
  const { source } = reject
  return { ...(isDocument(source) ? source : { _record: source }), [ERRORS_COLUMN]: reasons(reject) }
}

function isDocument(source: unknown): source is object {
  return typeof source === 'object' && source !== null && !Array.isArray(source)
}

function reasons({ faults, address }: Reject): string[] {
  return faults.map((found) => reason(found, placeOf(address), found.path))
}

/** `line 41, price: must be >= 0, got -5`; the place is not said twice. */
function reason({ detail, suggestion }: Fault, place: string, field: string): string {
  const known = field === '' && new RegExp(`\\b${place}\\b`).test(detail)
  const hint = suggestion && !detail.includes(suggestion) ? `; did you mean ${suggestion}?` : ''
  return `${known ? '' : `${place}${field ? `, ${field}` : ''}: `}${detail}${hint}`
}

function placeOf(address: Address, number?: number): string {
  return 'line' in address ? `line ${number ?? address.line}` : `row ${number ?? address.row}`
}

async function* csvFile(head: FileHead, rejects: AsyncIterable<Reject>): AsyncGenerator<Uint8Array> {
  const options = { delimiter: head.delimiter ?? ',', profile: 'spreadsheet', untyped: true } as const
  // Spreadsheet programs that save in an older encoding take UTF-8 for one unless it is marked.
  if (head.encoding && head.encoding !== 'utf-8') yield Buffer.from(BYTE_ORDER_MARK)
  yield csvBytes([markedHeader(head)], options)
  for await (const records of chunked(rejects, (reject) => rowsOf(reject, head)))
    yield csvBytes(records.flat(), options)
}

async function* sheetRows(head: FileHead, rejects: AsyncIterable<Reject>): AsyncGenerator<Cell[]> {
  for await (const reject of rejects) yield* rowsOf(reject, head)
}

function rowsOf({ source, faults, address }: Reject, head: FileHead): Cell[][] {
  const { rows, numbers } = source as CellSource
  const { header = [] } = head
  const byRow = rows.map((): string[] => [])
  for (const found of faults) {
    const row = Math.max(0, found.cell ? numbers.indexOf(found.cell.row) : 0)
    const field = found.cell ? header[columnIndex(found.cell.column)] : found.path
    byRow[row].push(reason(found, placeOf(address, numbers[row]), field))
  }
  return rows.map((cells, row) => withErrors(cells, head, joined(byRow[row])))
}

function joined(texts: string[]): string | null {
  if (texts.length === 0) return null
  const shown: string[] = []
  let characters = 0
  for (const text of texts) {
    characters += text.length + 1
    if (characters > REASONS_CHARACTERS_MAX)
      return [...shown, `and ${texts.length - shown.length} more`].join('\n')
    shown.push(text)
  }
  return shown.join('\n')
}

/** The cells with the reasons where the errors column is or belongs: behind the header's last, before what is too much. */
function withErrors(cells: Cell[], { header = [] }: FileHead, errors: string | null): Cell[] {
  const known = header.indexOf(ERRORS_COLUMN)
  const at = known === -1 ? header.length : known
  const padded = [...cells, ...Array<null>(Math.max(0, at - cells.length)).fill(null)]
  return [...padded.slice(0, at), errors, ...padded.slice(known === -1 ? at : at + 1)]
}

function markedHeader({ header = [] }: FileHead): string[] {
  return header.includes(ERRORS_COLUMN) ? header : [...header, ERRORS_COLUMN]
}

/** What `map` makes of each item, in lists of a size that is worth a write. */
async function* chunked<Item, Mapped>(
  items: AsyncIterable<Item>,
  map: (item: Item) => Mapped,
): AsyncGenerator<Mapped[]> {
  let chunk: Mapped[] = []
  for await (const item of items) {
    chunk.push(map(item))
    if (chunk.length < CHUNK_RECORDS) continue
    yield chunk
    chunk = []
  }
  if (chunk.length > 0) yield chunk
}
