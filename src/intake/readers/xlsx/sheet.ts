import { type Fault, fault } from '../../../kernel/fault.ts'
import { type Cell, IntakeError } from '../../types.ts'
import { damaged } from '../../zip.ts'
import { isBlankRow, readHeader, tooManyColumns, tooManyRows } from '../columns.ts'
import { attributesOf, type XmlHandlers } from '../xml.ts'
import { cellValue, type RawCell } from './cell.ts'
import { scanPart } from './part.ts'
import { textHandlers } from './strings.ts'
import type { Sheet, Workbook } from './workbook.ts'

/** A row that is not blank: its 1-based number, its cells up to the last value. */
export type SheetRow = { number: number; cells: Cell[]; faults: Fault[] }

/** The sheet being read: what a person may be told about it afterwards. */
export type SheetScan = {
  book: Workbook
  sheet: Sheet
  /** the first row that is not blank, once it was met: faults name the column by it. */
  header: string[] | undefined
  rows: SheetRow[]
  row: SheetRow
  cell: RawCell | undefined
  /** where a cell that does not say its place stands. */
  nextColumn: number
  /** 1-based number of the last row that was there, and the last one the sheet declares. */
  lastRow: number
  declaredRow: number
  /** the first formula whose value was taken, and the number of merged areas. */
  formula: string | undefined
  merged: number
}

const ROW_OF_PLACE = /^\$?([A-Z]{1,3})\$?(\d{1,7})$/

/** Starts reading a sheet. */
export function newSheetScan(book: Workbook, sheet: Sheet): SheetScan {
  const nothing = { header: undefined, rows: [], cell: undefined, formula: undefined }
  return { book, sheet, ...nothing, row: rowAt(0), nextColumn: 0, lastRow: 0, declaredRow: 0, merged: 0 }
}

/**
 * Reads the rows below the header in pieces (memory stays that of one piece). A value beyond the last column or row that is allowed ends
 * the file with the cell's name; empty formatted cells cost nothing. Throws
 * `file.columns`, `file.rows`, `header.duplicate`, `zip.damaged`.
 */
export async function* sheetRows(scan: SheetScan): AsyncGenerator<SheetRow[]> {
  for await (const _ of scanPart(scan.book.pack, scan.sheet.part, sheetHandlers(scan))) {
    yield scan.rows
    scan.rows = []
  }
}

function sheetHandlers(scan: SheetScan): XmlHandlers {
  const take = (text: string) => {
    if (scan.cell) scan.cell.inline = text
  }
  const inline = textHandlers('is', scan.book.pack.limits.cellCharacters, take)
  let inValue = false
  return {
    open(name, raw) {
      if (name === 'row') openRow(scan, raw)
      else if (name === 'c') openCell(scan, raw)
      else if (name === 'v') inValue = startValue(scan)
      else if (name === 'f' && scan.cell) scan.cell.formula = true
      else if (name === 'dimension') scan.declaredRow = lastRowOf(attributesOf(raw).ref)
      else if (name === 'mergeCell') scan.merged++
      else inline.open(name, raw)
    },
    text(text) {
      if (inValue) appendValue(scan, text)
      else inline.text(text)
    },
    close(name) {
      if (name === 'v') inValue = false
      else if (name === 'c') closeCell(scan)
      else if (name === 'row') closeRow(scan)
      else inline.close(name)
    },
  }
}

function openRow(scan: SheetScan, raw: string): void {
  const { r } = attributesOf(raw)
  const number = r === undefined ? scan.lastRow + 1 : Number(r)
  if (!(Number.isInteger(number) && number > scan.lastRow))
    throw damaged(nameOf(scan), new Error(`row ${r} follows row ${scan.lastRow}`), scan.sheet.part.path)
  scan.lastRow = number
  scan.row = rowAt(number)
  scan.nextColumn = 0
}

function openCell(scan: SheetScan, raw: string): void {
  const { r, t = 'n', s } = attributesOf(raw)
  const letters = r === undefined ? undefined : ROW_OF_PLACE.exec(r)?.[1]
  if (r !== undefined && letters === undefined)
    throw damaged(nameOf(scan), new Error(`"${r}" is no cell`), scan.sheet.part.path)
  const column = letters === undefined ? scan.nextColumn : columnOf(letters)
  scan.nextColumn = column + 1
  const place = r ?? `row ${scan.row.number}`
  scan.cell = {
    column,
    place,
    type: t,
    style: Number(s ?? 0),
    formula: false,
    value: undefined,
    inline: undefined,
  }
}

function startValue(scan: SheetScan): boolean {
  if (!scan.cell) return false
  scan.cell.value = ''
  return true
}

/** A value is cut just above the limit of a cell, so that one endless text costs no memory and is still seen to be too long. */
function appendValue(scan: SheetScan, text: string): void {
  const { cell } = scan
  const most = scan.book.pack.limits.cellCharacters + 1
  if (cell?.value !== undefined && cell.value.length < most) cell.value += text.slice(0, most)
}

function closeCell(scan: SheetScan): void {
  const { cell, row, book } = scan
  scan.cell = undefined
  if (!cell) return
  const { limits } = book.pack
  const path = scan.header?.[cell.column] ?? ''
  const spot = { path, place: `cell ${cell.place} of sheet "${scan.sheet.name}"` }
  const faults: Fault[] = []
  const value = cellValue(cell, book, spot, faults)
  if (value === null && faults.length === 0) return
  if (cell.column >= limits.columns) throw tooManyColumns(nameOf(scan), `cell ${cell.place}`, limits)
  if (row.number > limits.rows) throw tooManyRows(nameOf(scan), limits, row.number)
  if (row.cells[cell.column] != null)
    faults.push(fault(path, 'cell.damaged', `the cell is given twice (${spot.place})`))
  if (cell.formula && value !== null) scan.formula ??= cell.place
  row.faults.push(...faults)
  while (row.cells.length < cell.column) row.cells.push(null)
  row.cells[cell.column] = value
}

function closeRow(scan: SheetScan): void {
  const { row } = scan
  scan.row = rowAt(row.number)
  if (isBlankRow(row.cells) && row.faults.length === 0) return
  if (scan.header) scan.rows.push(row)
  else scan.header = headerOf(scan, row)
}

function headerOf(scan: SheetScan, { number, cells, faults }: SheetRow): string[] {
  if (faults.length === 0) return readHeader(cells, nameOf(scan), `sheet "${scan.sheet.name}", row ${number}`)
  throw new IntakeError(faults[0].code, `the header of ${nameOf(scan)} cannot be read: ${faults[0].detail}`)
}

function rowAt(number: number): SheetRow {
  return { number, cells: [], faults: [] }
}

function columnOf(letters: string): number {
  let column = 0
  for (const letter of letters) column = column * 26 + letter.charCodeAt(0) - 64
  return column - 1
}

/** The last row of a reference such as `A1:E100`; 0 when it names none. */
function lastRowOf(reference = ''): number {
  return Number(ROW_OF_PLACE.exec(reference.split(':').at(-1) ?? '')?.[2] ?? 0)
}

function nameOf(scan: SheetScan): string {
  return scan.book.pack.archive.name
}

/** A sheet that declares rows and yields none is damaged, not empty. Throws `xlsx.damaged`. */
export function checkYield(scan: SheetScan): void {
  if (scan.lastRow > 0 || scan.declaredRow <= 1) return
  const message = `the sheet "${scan.sheet.name}" of ${nameOf(scan)} declares ${scan.declaredRow} rows but holds none; it is damaged: save it again`
  throw new IntakeError('xlsx.damaged', message)
}
