import { writeXlsxStream } from 'hucre/xlsx'
import type { Row } from '../../kernel/field.ts'
import { Problem } from '../../kernel/problem.ts'
import type { Cell, FileColumn } from '../types.ts'
import { escapeText } from './escape.ts'
import { rowsBy } from './rows.ts'

const CHARACTERS_MAX = 32_767
const ROWS_MAX = 1_048_576
const SHEET_NAME_MAX = 31
const WIDTH_DEFAULT = 18
const FORBIDDEN_IN_NAME = /[[\]:*?/\\]|^'+|'+$/g

// Characters that XML cannot hold are written `_xHHHH_` (ECMA-376-1, 22.9.2.19); a text that says so itself must not be taken for one.
const LOOKS_ESCAPED = /_(?=x[0-9A-Fa-f]{4}_)/g
const NO_XML = /[\ufffe\uffff]/g

/**
 * Documents as a workbook with one sheet: a header that stays in view, lists of objects spread over rows. Texts are inline strings,
 * so none can become a formula; numbers are numbers, dates text `YYYY-MM-DD`. Memory is flat. Throws Problem `export.cell` or
 * `export.rows` when a sheet cannot hold the data.
 */
export function writeXlsx(
  columns: FileColumn[],
  documents: AsyncIterable<Row[]>,
  sheet: string,
): AsyncIterable<Uint8Array> {
  return workbook(
    columns.map(({ name }) => name),
    sheetRows(columns, documents),
    sheet,
  )
}

/** A workbook of one sheet from its header and rows. */
export function workbook(
  header: string[],
  rows: AsyncIterable<Cell[]>,
  sheet: string,
): AsyncIterable<Uint8Array> {
  const columns = header.map((each) => ({ header: sheetText(each), width: WIDTH_DEFAULT }))
  const options = {
    name: sheetName(sheet),
    columns,
    freezePane: { rows: 1 },
    maxRowsPerSheet: Number.POSITIVE_INFINITY,
  }
  return writeXlsxStream(sheetCells(rows), options) as AsyncIterable<Uint8Array>
}

async function* sheetRows(columns: FileColumn[], documents: AsyncIterable<Row[]>): AsyncGenerator<Cell[]> {
  const rows = rowsBy(columns)
  let count = 1
  for await (const chunk of documents)
    for (const document of chunk)
      for (const cells of rows(document)) {
        if (++count > ROWS_MAX) throw tooManyRows()
        checkLength(cells, columns, count)
        yield cells
      }
}

async function* sheetCells(rows: AsyncIterable<Cell[]>): AsyncGenerator<Cell[]> {
  for await (const cells of rows)
    yield cells.map((cell) => (typeof cell === 'string' ? sheetText(cell) : cell))
}

/** A text as a cell holds it; an apostrophe in front of what looks like a formula is kept apart from our own escaping. */
function sheetText(text: string): string {
  const escaped = escapeText(text, 'raw')
  if (!escaped.includes('_x') && !NO_XML.test(escaped)) return escaped
  return escaped
    .replaceAll(LOOKS_ESCAPED, '_x005F_')
    .replaceAll(NO_XML, (character) => `_x${character.charCodeAt(0).toString(16).toUpperCase()}_`)
}

function sheetName(name: string): string {
  const allowed = name.replaceAll(FORBIDDEN_IN_NAME, ' ').trim().slice(0, SHEET_NAME_MAX)
  return allowed === '' || allowed.toLowerCase() === 'history' ? 'Sheet1' : allowed
}

function checkLength(cells: Cell[], columns: FileColumn[], row: number): void {
  for (const [index, cell] of cells.entries())
    if (typeof cell === 'string' && cell.length > CHARACTERS_MAX)
      throw tooLong(columns[index].name, cell.length, cells, columns, row)
}

function tooLong(name: string, length: number, cells: Cell[], columns: FileColumn[], row: number): Problem {
  const key = cells.filter((_, index) => columns[index].key).join(', ')
  const detail = `${name} of ${key || `row ${row}`} has ${length} characters; a cell of a spreadsheet holds ${CHARACTERS_MAX}. Export as csv, json or jsonl.`
  return new Problem(422, 'export.cell', 'Cell too long', detail)
}

function tooManyRows(): Problem {
  const detail = `The data has more rows than a sheet holds (${ROWS_MAX}). Export as csv, json or jsonl, or filter it.`
  return new Problem(422, 'export.rows', 'Too many rows', detail)
}
