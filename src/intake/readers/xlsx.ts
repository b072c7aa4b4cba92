import { fault } from '../../kernel/fault.ts'
import { checkArchive } from '../gate.ts'
import { IntakeError } from '../types.ts'
import { openArchive } from '../zip.ts'
import { addCells, chunkText, isFull, newChunk } from './chunk.ts'
import { columnLetters } from './columns.ts'
import type { Job, Reading, Warn } from './reader.ts'
import { checkYield, newSheetScan, type SheetRow, type SheetScan, sheetRows } from './xlsx/sheet.ts'
import { readWorkbook, type Sheet, type Workbook } from './xlsx/workbook.ts'

/** A sheet whose header was read: its first rows and all that follow. */
type Opened = { scan: SheetScan; header: string[]; first: SheetRow[]; rest: AsyncGenerator<SheetRow[]> }

/**
 * Reads a sheet of an XLSX workbook (ECMA-376 transitional or strict): the one that was asked for, or the first visible one with a
 * header. Formulas are never evaluated: the value that was last calculated is taken. Throws what the gate throws, `xlsx.…`,
 * `header.duplicate`, `file.rows`, `file.columns`.
 */
export async function readXlsx(job: Job, warn: Warn): Promise<Reading> {
  const archive = await openArchive(job.path, job.name, job.limits.entries)
  await checkArchive(archive, job.limits)
  const parts = new Map(archive.entries.map((part) => [part.path.toLowerCase(), part]))
  const book = await readWorkbook({ archive, parts, limits: job.limits })
  const opened = await chooseSheet(book, job, warn)
  const { sheet } = opened.scan
  const sheets = book.sheets.map(({ name }) => name)
  return { head: { sheet: sheet.name, sheets, header: opened.header }, chunks: chunks(opened, warn) }
}

async function chooseSheet(book: Workbook, job: Job, warn: Warn): Promise<Opened> {
  const asked = job.options.sheet
  const candidates = asked === undefined ? visibleFirst(book) : [findSheet(book, job.name, asked)]
  for (const sheet of candidates) {
    const opened = await openSheet(book, sheet)
    if (!opened) continue
    if (asked === undefined && candidates.length > 1) warn(chosen(sheet, candidates))
    return opened
  }
  const where = asked === undefined ? `no sheet of ${job.name}` : `the sheet "${asked}" of ${job.name}`
  const verb = asked === undefined ? 'has a header row' : 'has no header row'
  throw new IntakeError('xlsx.empty', `${where} ${verb}; put the names of the columns into the first row`)
}

function visibleFirst({ sheets }: Workbook): Sheet[] {
  return [...sheets.filter(({ hidden }) => !hidden), ...sheets.filter(({ hidden }) => hidden)]
}

function findSheet(book: Workbook, name: string, asked: string): Sheet {
  const plain = (text: string) => text.trim().toLowerCase()
  const found = book.sheets.find((sheet) => plain(sheet.name) === plain(asked))
  if (found) return found
  const names = book.sheets.map((sheet) => `"${sheet.name}"`).join(', ')
  throw new IntakeError('xlsx.sheet', `${name} has no sheet "${asked}"; it has ${names || 'none'}`)
}

function chosen(sheet: Sheet, all: Sheet[]) {
  const others = all.filter((each) => each !== sheet).map(({ name }) => `"${name}"`)
  return fault(
    '',
    'file.sheet',
    `the sheet "${sheet.name}" is read; not read: ${others.join(', ')} (choose with --sheet)`,
  )
}

/** Reads up to the header; nothing when the sheet has none. */
async function openSheet(book: Workbook, sheet: Sheet): Promise<Opened | undefined> {
  const scan = newSheetScan(book, sheet)
  const pieces = sheetRows(scan)
  for (let next = await pieces.next(); !next.done; next = await pieces.next()) {
    if (scan.header) return { scan, header: scan.header, first: next.value, rest: pieces }
  }
  checkYield(scan)
  return undefined
}

async function* chunks({ scan, header, first, rest }: Opened, warn: Warn): AsyncGenerator<Buffer> {
  let chunk = newChunk()
  try {
    for (let rows: SheetRow[] | undefined = first; rows; rows = (await rest.next()).value ?? undefined) {
      for (const row of rows) {
        addCells(chunk, row.number, fitted(row, header, scan), row.faults)
        if (!isFull(chunk)) continue
        yield chunkText(chunk)
        chunk = newChunk()
      }
    }
  } finally {
    await rest.return(undefined)
    scan.book.pack.archive.file.close()
  }
  if (chunk.rows > 0) yield chunkText(chunk)
  tellDoubts(scan, warn)
}

/** The row as wide as the header. A value to the right of it belongs to no column. */
function fitted({ number, cells, faults }: SheetRow, header: string[], scan: SheetScan) {
  while (cells.length < header.length) cells.push(null)
  const stray = cells.findIndex((cell, index) => index >= header.length && cell !== null)
  if (stray === -1) return cells
  const place = `${columnLetters(stray)}${number}`
  const last = columnLetters(header.length - 1)
  const detail = `cell ${place} of sheet "${scan.sheet.name}" has a value, but the header ends at column ${last}`
  faults.push(fault('', 'row.ragged', detail, cells[stray]))
  return cells
}

function tellDoubts(scan: SheetScan, warn: Warn): void {
  const { name } = scan.sheet
  if (scan.formula)
    warn(
      fault(
        '',
        'cell.formula',
        `sheet "${name}" has formulas (first in ${scan.formula}); their last calculated values are used`,
      ),
    )
  if (scan.merged > 0)
    warn(
      fault(
        '',
        'sheet.merged',
        `sheet "${name}" has ${scan.merged} merged areas; only the first cell of each has a value`,
      ),
    )
  if (scan.declaredRow > scan.lastRow)
    warn(
      fault(
        '',
        'sheet.dimension',
        `sheet "${name}" declares ${scan.declaredRow} rows; ${scan.lastRow} were found`,
      ),
    )
}
