import { hash } from 'node:crypto'
import { type Fault, fault } from '../kernel/fault.ts'
import { cellText, isBlank, readCell } from './cells.ts'
import type { Layout } from './layout.ts'
import { type Group, recordOf } from './record.ts'
import type { Address, Cell, CellRow, Entry, SourceRow } from './types.ts'
import { unescapeText } from './writers/escape.ts'

/** Rows that one record may have. */
const ROWS_MAX = 5_000
/** Characters of a hashed key that are kept: 72 bits, so that a million keys do not collide by chance. */
const DIGEST_CHARACTERS = 12

type State = {
  position: number
  open: Group | undefined
  /** keys whose rows are over, hashed, with the row where they began. */
  seen: Map<string, number>
}

/**
 * Turns the rows of a column file into records. Where lists of objects are spread over rows, neighbouring rows with one key are one
 * record: its own cells are repeated or left blank, and a row that only fills cells of the lists continues the record above it.
 * Rows of a key that stand apart are refused (`row.scattered`), because only the digest of a key is kept in memory.
 */
export async function* group(rows: AsyncIterable<SourceRow[]>, layout: Layout): AsyncGenerator<Entry[]> {
  const state: State = { position: 0, open: undefined, seen: new Map() }
  for await (const chunk of rows) {
    const done = (chunk as CellRow[]).flatMap((row) => take(row, layout, state))
    if (done.length > 0) yield done
  }
  if (state.open) yield [close(state.open, layout, state)]
}

/** Adds a row; gives the record that it ends, if it ends one. */
function take(row: CellRow, layout: Layout, state: State): Entry[] {
  const cells = layout.ours && row.cells.some(startsQuoted) ? row.cells.map(unescapeCell) : row.cells
  if (cells.every(isBlank) && row.faults.length === 0) return []
  const key = keyOf(cells, layout)
  const { open } = state
  const belongs = open !== undefined && continues(open, key, cells, layout)
  if (belongs && open.rows.length < ROWS_MAX) {
    append(open, row, cells)
    return []
  }
  const next: Group = { address: row.address, key, rows: [], numbers: [], faults: [] }
  append(next, row, cells)
  if (belongs) for (const each of [open, next]) each.faults.push({ row: 0, fault: tooManyRows() })
  else checkScattered(next, layout, state)
  state.open = next
  return open ? [close(open, layout, state)] : []
}

function close(open: Group, layout: Layout, state: State): Entry {
  return recordOf(open, layout, state.position++)
}

function append(to: Group, row: CellRow, cells: Cell[]): void {
  for (const each of row.faults) to.faults.push({ row: to.rows.length, fault: each })
  to.rows.push(cells)
  to.numbers.push('line' in row.address ? row.address.line : row.address.row)
}

function startsQuoted(cell: Cell): boolean {
  return typeof cell === 'string' && cell.startsWith("'")
}

function unescapeCell(cell: Cell): Cell {
  return typeof cell === 'string' ? unescapeText(cell) : cell
}

/** The natural key as text; null when all its cells are blank. Blanks around it and its Unicode form do not count. */
function keyOf(cells: Cell[], { key }: Layout): string | null {
  const values = key.map((slot) => {
    const value = readCell(cells[slot.index], slot)
    return value === null
      ? null
      : cellText(value as Cell)
          .trim()
          .normalize('NFC')
  })
  return values.every((value) => value === null) ? null : JSON.stringify(values)
}

function continues(open: Group, key: string | null, cells: Cell[], { record, lists }: Layout): boolean {
  if (lists.length === 0) return false
  if (key !== null) return key === open.key
  return record.every(({ index }) => isBlank(cells[index])) && cells.some((cell) => !isBlank(cell))
}

/** A list that is only half there must not be taken for the whole. */
function checkScattered(next: Group, { lists }: Layout, { seen }: State): void {
  if (next.key === null || lists.length === 0) return
  const digest = hash('sha256', next.key, 'base64url').slice(0, DIGEST_CHARACTERS)
  const first = seen.get(digest)
  const [number] = next.numbers
  if (first === undefined) seen.set(digest, number)
  else next.faults.push({ row: 0, fault: scattered(next.address, number, first) })
}

function scattered(address: Address, number: number, first: number): Fault {
  const word = 'line' in address ? 'line' : 'row'
  const detail = `${word} ${number} belongs to the record that begins at ${word} ${first}, but other records stand between them; put all rows of a record together, for example by sorting the file`
  return fault('', 'row.scattered', detail)
}

function tooManyRows(): Fault {
  return fault('', 'row.limit', `has more than ${ROWS_MAX} rows; a record may not have more`)
}
