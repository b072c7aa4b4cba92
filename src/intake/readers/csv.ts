import { fault } from '../../kernel/fault.ts'
import { IntakeError } from '../types.ts'
import { addCells, chunkText, isFull, newChunk } from './chunk.ts'
import {
  columnLetters,
  isBlankRow,
  readHeader,
  storable,
  textFaults,
  tooManyColumns,
  tooManyRows,
} from './columns.ts'
import { type Dialect, sniffDialect } from './csv/dialect.ts'
import { detectEncoding, textChunks } from './csv/encoding.ts'
import { type TextRow, textRows } from './csv/rows.ts'
import type { Job, Reading, Warn } from './reader.ts'

/** The table below its header: the rows that were read with it, and all others. */
type Table = {
  job: Job
  warn: Warn
  encoding: string
  header: string[]
  first: TextRow[]
  rest: AsyncGenerator<TextRow[]>
}

/** How much text the guesses are made from. */
const HEAD_BYTES = 64 << 10
const FORMULA = /^=/

/**
 * Reads a column file in text: CSV, TSV and their like. Encoding, delimiter and decimal sign are found, or taken as told. A row of
 * another width than the header is kept and has a fault; a text that starts with `=` stays text. Throws `text.encoding`, `csv.…`,
 * `header.duplicate`, `file.rows`, `file.columns`, `file.empty`.
 */
export async function readCsv(job: Job, warn: Warn): Promise<Reading> {
  const encoding = await detectEncoding(job, warn)
  const dialect = sniffDialect(await headText(job, encoding), job.name, job.options, warn)
  const rest = textRows(textChunks(job, encoding), dialect, job)
  const { header, rows } = await readStart(rest, dialect, job)
  const { delimiter, decimal } = dialect
  const table = { job, warn, encoding, header, first: rows, rest }
  return { head: { encoding, delimiter, decimal, header }, chunks: chunks(table) }
}

/** The first lines, whole ones only. */
async function headText(job: Job, encoding: string): Promise<string> {
  let head = ''
  for await (const bytes of textChunks(job, encoding)) {
    head += bytes.toString()
    if (head.length >= HEAD_BYTES) return head.slice(0, head.lastIndexOf('\n', HEAD_BYTES) + 1 || HEAD_BYTES)
  }
  return head
}

/** Reads up to the header: the first row that is not blank. */
async function readStart(batches: AsyncGenerator<TextRow[]>, dialect: Dialect, job: Job) {
  let preamble = dialect.preamble
  for (let next = await batches.next(); !next.done; next = await batches.next()) {
    for (const [index, { line, cells }] of next.value.entries()) {
      if (preamble || isBlankRow(cells)) {
        preamble = false
        continue
      }
      if (cells.length > job.limits.columns) throw beyond(line, job)
      return {
        header: readHeader(cells.map(storable), job.name, `line ${line}`),
        rows: next.value.slice(index + 1),
      }
    }
  }
  throw new IntakeError(
    'file.empty',
    `${job.name} has no header row; put the names of the columns into the first row`,
  )
}

async function* chunks(table: Table): AsyncGenerator<Buffer> {
  let chunk = newChunk()
  let count = 1
  let formula = false
  const { job } = table
  try {
    for (
      let rows: TextRow[] | undefined = table.first;
      rows;
      rows = (await table.rest.next()).value ?? undefined
    ) {
      for (const row of rows) {
        if (isBlankRow(row.cells)) continue
        if (++count > job.limits.rows) throw tooManyRows(job.name, job.limits, row.line)
        formula = formula || warnOfFormula(row, table)
        const { cells, faults } = judge(row, table)
        addCells(chunk, row.line, cells, faults)
        if (!isFull(chunk)) continue
        yield chunkText(chunk)
        chunk = newChunk()
      }
    }
  } finally {
    await table.rest.return(undefined)
  }
  if (chunk.rows > 0) yield chunkText(chunk)
}

function judge({ line, cells }: TextRow, { job, header, encoding }: Table) {
  if (cells.length > job.limits.columns) throw beyond(line, job)
  const width = header.length
  const faults = []
  // Spreadsheet programs write empty fields to the right of a table; nothing is lost with them.
  while (cells.length > width && cells.at(-1) === '') cells.pop()
  if (cells.length !== width) {
    const counts = `the row at line ${line} has ${cells.length} cells, the header has ${width}`
    faults.push(fault('', 'row.ragged', `${counts}; look for a missing or extra delimiter or quote`))
  }
  for (const [index, cell] of cells.entries()) {
    const spot = { path: header[index] ?? '', place: `line ${line}, column ${index + 1}` }
    const wrong = textFaults(cell, spot, job.limits)
    if (encoding !== 'utf-8' && cell.includes('\ufffd'))
      wrong.push(fault(spot.path, 'text.encoding', `a character is not ${encoding} (${spot.place})`, cell))
    if (wrong.length === 0) continue
    faults.push(...wrong)
    cells[index] = storable(cell)
  }
  return {
    cells: cells.length < width ? [...cells, ...new Array(width - cells.length).fill(null)] : cells,
    faults,
  }
}

function warnOfFormula({ line, cells }: TextRow, { warn, job }: Table): boolean {
  const at = cells.findIndex((cell) => FORMULA.test(cell))
  if (at === -1) return false
  const detail = `${job.name} has texts that start with "=" (first at line ${line}, column ${at + 1}); they stay text, nothing is calculated`
  warn(fault('', 'cell.formula_text', detail, cells[at]))
  return true
}

function beyond(line: number, job: Job): IntakeError {
  return tooManyColumns(job.name, `${columnLetters(job.limits.columns)} at line ${line}`, job.limits, line)
}
