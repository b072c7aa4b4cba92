import { applyTransforms, plainDate, plainNumber } from './transforms.ts'
import type { Cell, FileColumn, Transform } from './types.ts'

/** How the cells of a column are read. `column` is undefined when the file has one that no field knows. */
export type CellReading = {
  column: FileColumn | undefined
  transforms: readonly Transform[]
  /** decimal sign of the file's numbers, where it is known. */
  decimal: '.' | ',' | undefined
}

/** More digits than a person types into a spreadsheet: it keeps 15, the rest comes from binary arithmetic. */
const TYPED_DIGITS = 15
/** Below this an amount of money with three decimals has fewer than 15 digits. */
const NOISY_BELOW = 1e11

const BLANK_IN_QUOTES = /^("+)\s*\1$/
const NEEDS_QUOTES = /^("*)\s*\1$/
const LINE_BREAK = /\r\n|\n|\r/

/** No value: nothing, or nothing but blanks. */
export function isBlank(cell: Cell | undefined): boolean {
  return cell == null || (typeof cell === 'string' && cell.trim() === '')
}

/**
 * The value of a cell as documents have it; null when it is blank. Numbers and dates in text are only brought into the form that
 * fields read (`149.00`, `2026-01-31`); what cannot be understood stays text, for the field to refuse.
 */
export function readCell(cell: Cell | undefined, reading: CellReading): unknown {
  if (cell == null || isBlank(cell)) return null
  const { column, transforms } = reading
  if (typeof cell !== 'string') return column ? readTyped(cell, column) : cell
  const text = transforms.length ? applyTransforms(cell, transforms) : cell
  if (typeof text !== 'string' || !column) return typeof text === 'string' ? unquoted(text) : text
  return column.list ? readList(text) : readText(text, column, reading.decimal)
}

/**
 * The cell of a value, so that `readCell` gives the value back: null is blank, a list has one item a line, and what would look
 * like one of these is JSON (`[]`) or in quotes (`""`, an empty text).
 */
export function writeCell(value: unknown, column: FileColumn): Cell {
  if (value === null || value === undefined) return null
  if (column.list && Array.isArray(value)) return listText(value)
  if (typeof value === 'string') return NEEDS_QUOTES.test(value) ? `"${value}"` : value
  return typeof value === 'object' ? JSON.stringify(value) : (value as number | boolean)
}

/** A number as digits, never with an exponent: codes and long numbers must not become `1e+21`. */
export function numberText(value: number): string {
  const text = String(value)
  if (!text.includes('e')) return text
  if (Number.isInteger(value)) return BigInt(value).toString()
  const [digits, exponent] = String(Math.abs(value)).split('e-')
  return `${value < 0 ? '-' : ''}0.${'0'.repeat(Number(exponent) - 1)}${digits.replace('.', '')}`
}

/** The cell as text, to compare it with another. */
export function cellText(cell: Cell | undefined): string {
  if (cell == null) return ''
  return typeof cell === 'number' ? numberText(cell) : String(cell)
}

function readTyped(cell: number | boolean, column: FileColumn): unknown {
  if (column.list) return [cellText(cell)]
  if (typeof cell === 'boolean') return cell
  if (column.kind === 'money') return typedAmount(cell)
  return KEEPS_NUMBERS.has(column.kind) ? cell : numberText(cell)
}

const KEEPS_NUMBERS = new Set(['number', 'boolean', 'date', 'period', 'time', 'json'])

/** 59.97 for the 59.969999999999995 that a formula left: what the spreadsheet shows. */
function typedAmount(amount: number): number {
  return Math.abs(amount) < NOISY_BELOW ? Number(amount.toPrecision(TYPED_DIGITS)) : amount
}

function readText(text: string, column: FileColumn, decimal: '.' | ',' | undefined): unknown {
  switch (column.kind) {
    case 'date':
    case 'period':
      return plainDate(text)
    case 'number':
    case 'money':
      return decimal ? plainNumber(text, decimal) : text
    case 'json':
      return jsonIn(text, '{') ?? text
    default:
      return unquoted(text)
  }
}

/** Items of a list cell: JSON when it is a JSON array, else one a line, without blanks around them. */
function readList(text: string): unknown[] {
  const list = jsonIn(text, '[')
  if (Array.isArray(list)) return list
  return text.split(LINE_BREAK).flatMap((line) => line.trim() || [])
}

function listText(items: unknown[]): string {
  const lines = items.join('\n')
  return items.length > 0 && items.every(fitsLine) && !lines.startsWith('[') ? lines : JSON.stringify(items)
}

function fitsLine(item: unknown): boolean {
  return typeof item === 'string' && item !== '' && item.trim() === item && !LINE_BREAK.test(item)
}

function jsonIn(text: string, opening: '[' | '{'): unknown {
  if (!text.trimStart().startsWith(opening)) return undefined
  try {
    return JSON.parse(text)
  } catch (error) {
    // `[VIP] entrance` is an ordinary text.
    if (error instanceof SyntaxError) return undefined
    throw error
  }
}

/** A blank text in quotes, without one pair of them. */
function unquoted(text: string): string {
  return text.startsWith('"') && BLANK_IN_QUOTES.test(text) ? text.slice(1, -1) : text
}
