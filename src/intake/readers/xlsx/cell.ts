import { fault } from '../../../kernel/fault.ts'
import type { Cell } from '../../types.ts'
import { type Spot, storable, textFaults } from '../columns.ts'
import { dateText } from './date.ts'
import { unescapeCell } from './strings.ts'
import type { Workbook } from './workbook.ts'

/** A cell as it stands in the sheet (ECMA-376-1, 18.3.1.4). */
export type RawCell = {
  column: number
  /** `A1`. */
  place: string
  type: string
  style: number
  formula: boolean
  /** text of `v`; undefined without one. */
  value: string | undefined
  /** text of `is`. */
  inline: string | undefined
}

type Faults = ReturnType<typeof fault>[]

/** The value of a cell; what is wrong with it is added to `faults` and the value is then null or a harmless stand-in. */
export function cellValue(raw: RawCell, book: Workbook, spot: Spot, faults: Faults): Cell {
  const refuse = (code: string, detail: string) => {
    faults.push(fault(spot.path, code, `${detail} (${spot.place})`, raw.value))
    return null
  }
  const text = textIn(raw, book)
  if (text !== undefined) return checkedText(text, book, spot, faults)
  const value = raw.value?.trim() ?? ''
  if (raw.type === 'e')
    return refuse('cell.error', `the cell holds the error ${value}; mend the formula or type the value`)
  if (value === '' && raw.formula)
    return refuse(
      'cell.formula',
      'the formula has no calculated value; open the file in a spreadsheet program and save it again',
    )
  if (value === '') return null
  if (raw.type === 's')
    return refuse('cell.damaged', `the cell refers to text number ${value}, which the workbook does not have`)
  if (raw.type === 'b') return value === '1' || value === 'true'
  if (raw.type === 'd') return isoDate(value) ?? refuse('cell.date', `"${value}" is no date`)
  return numberIn(raw, value, book, refuse)
}

function numberIn(
  raw: RawCell,
  value: string,
  book: Workbook,
  refuse: (code: string, detail: string) => null,
): Cell {
  const number = Number(value)
  if (Number.isNaN(number))
    return refuse('cell.damaged', `the cell holds "${value}" where a number should be`)
  if (!Number.isFinite(number)) return refuse('cell.number', `the number ${value} is too large`)
  const kind = book.dateKinds[raw.style]
  if (!kind) return number
  return (
    dateText(number, kind, book.from1904) ??
    refuse('cell.date', `${value} is shown as a date but is no day of the calendar`)
  )
}

/** Text of a cell that holds text; undefined for cells of other kinds. */
function textIn(raw: RawCell, book: Workbook): string | undefined {
  if (raw.type === 'inlineStr') return raw.inline ?? ''
  if (raw.type === 'str' && raw.value !== undefined) return unescapeCell(raw.value)
  if (raw.type !== 's' || !raw.value || !/^\d+$/.test(raw.value)) return undefined
  return book.strings[Number(raw.value)]
}

function checkedText(text: string, book: Workbook, spot: Spot, faults: Faults): Cell {
  if (text === '') return null
  const wrong = textFaults(text, spot, book.pack.limits)
  if (wrong.length === 0) return text
  faults.push(...wrong)
  return storable(text)
}

/** `2026-10-01T00:00:00.000Z` → `2026-10-01`; a time is kept to the second. */
function isoDate(value: string): string | undefined {
  const [, day, time = ''] = /^(\d{4}-\d\d-\d\d)(?:T(\d\d:\d\d(?::\d\d)?)(?:[.,]\d+)?Z?)?$/.exec(value) ?? []
  if (!day || Number.isNaN(Date.parse(day))) return undefined
  const seconds = time.length === 5 ? `${time}:00` : time
  return seconds === '' || seconds === '00:00:00' ? day : `${day}T${seconds}`
}
