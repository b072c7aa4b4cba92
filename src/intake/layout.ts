import type { Fault } from '../kernel/fault.ts'
import { type CellReading, readCell } from './cells.ts'
import { checkMapping, suggestMapping, unknownHeaders } from './mapping.ts'
import { ERRORS_COLUMN } from './names.ts'
import { columnLetters } from './readers/columns.ts'
import { type FileColumn, type FileHead, IntakeError, type Mapping } from './types.ts'
import { unescapeText } from './writers/escape.ts'

/** A column of the file and where its values go. */
export type Slot = CellReading & {
  /** place of the cell in the row, 0-based, and as spreadsheets call it. */
  index: number
  letter: string
  header: string
  /** where the value belongs in the document or in the item; `path` is the same as text. */
  member: string[]
  path: string
}

/** A value that every record or item gets. */
export type Constant = { member: string[]; value: unknown }

/** A list of objects that is spread over rows. */
export type SpreadList = { name: string; slots: Slot[]; constants: Constant[] }

/** What each cell of a row is for. */
export type Layout = {
  /** columns of the record itself, the unknown ones included. */
  record: Slot[]
  /** those that identify it. */
  key: Slot[]
  constants: Constant[]
  lists: SpreadList[]
  /** the file was written by Serai: texts that looked like formulas have an apostrophe in front. */
  ours: boolean
  /** one warning for each column that no field takes. */
  warnings: Fault[]
}

/**
 * Lays the columns of a file out by its mapping, completed by what the other headers say. Throws IntakeError `mapping.invalid`
 * when they do not fit together.
 */
export function layoutOf(head: FileHead, columns: FileColumn[], given?: Mapping): Layout {
  const header = head.header ?? []
  const { mapping, unknown } = suggestMapping(header, columns, given)
  refuse(checkMapping(mapping, header, columns), head.name)
  const slots = header.flatMap((each, index) => slotOf(each, index, head, columns, mapping))
  const record = slots.filter(({ column }) => !column?.item)
  return {
    record,
    key: record.filter(({ column }) => column?.key),
    constants: constantsOf(
      columns.filter((column) => !column.item),
      mapping,
    ),
    lists: listsOf(slots, columns, mapping),
    ours: isOurs(header, columns),
    warnings: unknownHeaders(unknown),
  }
}

/**
 * A plain CSV file cannot be marked without noise, so the header is the mark: exactly the one that an export writes, or one with
 * the errors column of a rejects file.
 */
function isOurs(header: string[], columns: FileColumn[]): boolean {
  if (header.includes(ERRORS_COLUMN)) return true
  return header.length === columns.length && columns.every(({ name }, index) => header[index] === name)
}

function refuse(faults: Fault[], name: string): void {
  if (faults.length === 0) return
  const details = faults.map(({ detail }) => detail).join('; ')
  throw new IntakeError('mapping.invalid', `the columns of ${name} cannot be mapped: ${details}`)
}

function slotOf(
  header: string,
  index: number,
  head: FileHead,
  columns: FileColumn[],
  mapping: Mapping,
): Slot[] {
  const name = Object.hasOwn(mapping.columns, header) ? mapping.columns[header] : undefined
  if (name === null) return []
  const column = columns.find((each) => each.name === name)
  const member = column?.path ?? [unescapeText(header)]
  return [
    {
      index,
      letter: columnLetters(index),
      header,
      member,
      path: member.join('.'),
      ...readingOf(column, head, mapping),
    },
  ]
}

function readingOf(column: FileColumn | undefined, { decimal }: FileHead, mapping: Mapping): CellReading {
  const transforms = (column && mapping.transforms?.[column.name]) ?? []
  const own = transforms.some(({ kind }) => kind === 'decimal')
  return { column, transforms, decimal: own ? undefined : decimal }
}

function listsOf(slots: Slot[], columns: FileColumn[], mapping: Mapping): SpreadList[] {
  const names = new Set(slots.flatMap(({ column }) => column?.item ?? []))
  return [...names].map((name) => ({
    name,
    slots: slots.filter(({ column }) => column?.item === name),
    constants: constantsOf(
      columns.filter(({ item }) => item === name),
      mapping,
    ),
  }))
}

function constantsOf(columns: FileColumn[], { constants = {} }: Mapping): Constant[] {
  return columns
    .filter(({ name }) => Object.hasOwn(constants, name))
    .map((column) => ({
      member: column.path,
      value: readCell(constants[column.name], { column, transforms: [], decimal: undefined }),
    }))
}
