import { type Fault, fault } from '../kernel/fault.ts'
import { cellText, isBlank, readCell } from './cells.ts'
import type { Layout, Slot, SpreadList } from './layout.ts'
import type { Address, Cell, Entry } from './types.ts'

/** The rows of a column file that a record came from, and their numbers in the file. Kept for the rejects file. */
export type CellSource = { rows: Cell[][]; numbers: number[] }

/** The rows of one record as they were read. `row` of a fault is the place of its row in `rows`. */
export type Group = CellSource & {
  address: Address
  key: string | null
  faults: { row: number; fault: Fault }[]
}

type Document = { [member: string]: unknown }
type Origin = NonNullable<Entry['origin']>

/** A record while it is put together. `items` tells which item of each list a row is. */
type Draft = {
  from: Group
  document: Document
  /** cells that faults of the reader are about. */
  moved: Origin
  faults: Fault[]
  warnings: Fault[]
  items: Map<SpreadList, (number | undefined)[]>
}

/** From here on a spreadsheet may have rounded a number: it keeps 15 digits. */
const DIGITS_LOST_FROM = 1e15

/**
 * The record that rows of a column file make up. A blank cell of a mapped column is null, a row whose cells of a list are all blank
 * adds no item to it. Columns of the record must say the same in all rows or nothing (`cell.repeat`).
 */
export function recordOf(from: Group, layout: Layout, position: number): Entry {
  const draft: Draft = { from, document: {}, moved: {}, faults: [], warnings: [], items: new Map() }
  for (const slot of layout.record) takeField(slot, draft)
  for (const { member, value } of layout.constants) put(draft.document, member, value)
  for (const list of layout.lists) takeItems(list, draft)
  const read = from.faults.map((each) => placed(each, layout, draft))
  return {
    position,
    address: from.address,
    document: draft.document,
    lenient: true,
    // Only who tells of a fault asks for it.
    get origin() {
      return originOf(layout, draft)
    },
    source: { rows: from.rows, numbers: from.numbers } satisfies CellSource,
    faults: [...read, ...draft.faults],
    warnings: draft.warnings,
  }
}

/** The value of a column of the record: the first that is not blank. A column that no field knows adds nothing where it is blank. */
function takeField(slot: Slot, draft: Draft): void {
  const { rows } = draft.from
  const { row, other } = rowOf(slot, rows)
  const value = readCell(rows[row][slot.index], slot)
  if (value === null && slot.column === undefined) return
  put(draft.document, slot.member, value)
  checkDigits(slot.path, slot, other ?? row, draft)
  if (other !== undefined) draft.faults.push(repeat(slot, row, other, draft.from))
}

/** The first row whose cell is not blank, and the first after it that says something else. */
function rowOf({ index, column }: Slot, rows: Cell[][]): { row: number; other: number | undefined } {
  const row = Math.max(
    rows.findIndex((cells) => !isBlank(cells[index])),
    0,
  )
  const other = column?.key ? -1 : differing(rows, index, row)
  return { row, other: other === -1 ? undefined : other }
}

/** The first row after `row` that says something else. */
function differing(rows: Cell[][], index: number, row: number): number {
  if (rows.length === 1) return -1
  const text = cellText(rows[row][index]).trim()
  return rows.findIndex(
    (cells, each) => each > row && !isBlank(cells[index]) && cellText(cells[index]).trim() !== text,
  )
}

function repeat(slot: Slot, row: number, other: number, { rows, numbers, address }: Group): Fault {
  const [first, second] = [row, other].map((each) => place(address, numbers[each], slot))
  const value = cellText(rows[other][slot.index])
  const detail = `rows of one record differ: ${second} says "${brief(value)}", ${first} says "${brief(cellText(rows[row][slot.index]))}"; make them equal or leave the later one blank`
  return fault(slot.path, 'cell.repeat', detail, value)
}

function place(address: Address, number: number, { header, letter }: Slot): string {
  return 'line' in address ? `line ${number} (${header})` : `cell ${letter}${number}`
}

function brief(text: string): string {
  return text.length > 40 ? `${text.slice(0, 40)}…` : text
}

function takeItems(list: SpreadList, draft: Draft): void {
  const items: Document[] = []
  const numbers = draft.from.rows.map((cells, row) => {
    if (list.slots.every(({ index }) => isBlank(cells[index]))) return undefined
    items.push(takeItem(list, row, items.length, draft))
    return items.length - 1
  })
  draft.items.set(list, numbers)
  draft.document[list.name] = items
}

function takeItem(list: SpreadList, row: number, item: number, draft: Draft): Document {
  const document: Document = {}
  for (const slot of list.slots) {
    put(document, slot.member, readCell(draft.from.rows[row][slot.index], slot))
    checkDigits(`${list.name}[${item}].${slot.path}`, slot, row, draft)
  }
  for (const { member, value } of list.constants) put(document, member, value)
  return document
}

/** The cells of all values, by their paths. */
function originOf(layout: Layout, { from, items, moved }: Draft): Origin {
  const origin: Origin = {}
  for (const slot of layout.record) {
    const { row, other } = rowOf(slot, from.rows)
    origin[slot.path] = cellAt(slot, other ?? row, from)
  }
  for (const [list, numbers] of items)
    for (const [row, item] of numbers.entries())
      if (item !== undefined)
        for (const slot of list.slots) origin[`${list.name}[${item}].${slot.path}`] = cellAt(slot, row, from)
  return Object.assign(origin, moved)
}

function cellAt({ letter }: Slot, row: number, { numbers }: Group): Origin[string] {
  return { row: numbers[row], column: letter }
}

/** Tells when a number may have lost digits on the way. */
function checkDigits(path: string, slot: Slot, row: number, draft: Draft): void {
  const cell = draft.from.rows[row][slot.index]
  if (typeof cell !== 'number' || Math.abs(cell) < DIGITS_LOST_FROM) return
  const detail = `${cellText(cell)} is a number of more than 15 digits, of which spreadsheets keep 15; if it is a code, format the column as text and type it again`
  draft.warnings.push(fault(path, 'cell.digits', detail, cell))
}

/** A fault of the reader names its column by the header; in the record it is the member that the cell was for. */
function placed({ row, fault: found }: Group['faults'][number], layout: Layout, draft: Draft): Fault {
  for (const slot of layout.record)
    if (slot.header === found.path) return moved(found, slot.path, slot, row, draft)
  for (const [list, items] of draft.items)
    for (const slot of list.slots) {
      const item = items[row] === undefined ? list.name : `${list.name}[${items[row]}].${slot.path}`
      if (slot.header === found.path) return moved(found, item, slot, row, draft)
    }
  return found
}

function moved(found: Fault, path: string, slot: Slot, row: number, draft: Draft): Fault {
  draft.moved[path] = cellAt(slot, row, draft.from)
  return { ...found, path }
}

function put(target: Document, member: string[], value: unknown): void {
  const [name, ...rest] = member
  if (rest.length > 0) {
    const inner = Object.hasOwn(target, name) ? (target[name] as Document) : {}
    put(inner, rest, value)
    target[name] = inner
  } else if (name === '__proto__') {
    // Assigning it would set no member.
    Object.defineProperty(target, name, { value, enumerable: true, writable: true, configurable: true })
  } else target[name] = value
}
