import { type Fault, fault } from '../../kernel/fault.ts'
import type { Limits } from '../limits.ts'
import { type Cell, IntakeError } from '../types.ts'

/** The letters of a 0-based column: A, B, … Z, AA. */
export function columnLetters(column: number): string {
  let letters = ''
  for (let rest = column + 1; rest > 0; rest = Math.floor((rest - 1) / 26))
    letters = String.fromCharCode(65 + ((rest - 1) % 26)) + letters
  return letters
}

/**
 * The header of a column file: trimmed, blank cells named by their place (`column 7`). Throws `header.duplicate` when two columns
 * have one name in any case, because a value could belong to either.
 */
export function readHeader(cells: Cell[], name: string, place: string): string[] {
  const header = cells.map((cell, index) => String(cell ?? '').trim() || `column ${index + 1}`)
  const seen = new Map<string, number>()
  for (const [index, each] of header.entries()) {
    const first = seen.get(each.toLowerCase())
    if (first !== undefined) {
      const columns = `columns ${first + 1} (${columnLetters(first)}) and ${index + 1} (${columnLetters(index)})`
      const message = `${columns} of ${name} have the same header "${each}" (${place}); rename or remove one`
      throw new IntakeError('header.duplicate', message)
    }
    seen.set(each.toLowerCase(), index)
  }
  return header
}

/** A row without anything in it. */
export function isBlankRow(cells: Cell[]): boolean {
  return cells.every((cell) => cell === null || (typeof cell === 'string' && cell.trim() === ''))
}

/** A cell that a fault is about: its column as the header calls it, and where a person finds it. */
export type Spot = { path: string; place: string }

/** What is wrong with a text, whatever the file: too long, or with a character that no database keeps. */
export function textFaults(text: string, spot: Spot, limits: Limits): Fault[] {
  const faults: Fault[] = []
  if (text.length > limits.cellCharacters) {
    const detail = `the text has ${text.length.toLocaleString('en')} characters; at most ${limits.cellCharacters.toLocaleString('en')} are allowed (${spot.place})`
    faults.push(fault(spot.path, 'cell.length', detail, text))
  }
  if (text.includes('\0')) {
    const detail = `the character U+0000 cannot be stored (${spot.place}, character ${text.indexOf('\0') + 1})`
    faults.push(fault(spot.path, 'text.nul', detail, text.replaceAll('\0', '\ufffd')))
  }
  if (!text.isWellFormed()) {
    const detail = `the text holds one half of a character, an unpaired surrogate (${spot.place})`
    faults.push(fault(spot.path, 'text.surrogate', detail, text.toWellFormed()))
  }
  return faults
}

/** Text that can be stored, so that a refused row can be kept, shown and mended. */
export function storable(text: string): string {
  return text.toWellFormed().replaceAll('\0', '\ufffd')
}

/** More columns than a mapping can be made for; the cell is named, because it is often a stray one. */
export function tooManyColumns(name: string, cell: string, limits: Limits, line?: number): IntakeError {
  const message = `${cell} in ${name} lies beyond column ${limits.columns} (${columnLetters(limits.columns - 1)}), the last that is read; delete what is to the right of the table`
  return new IntakeError('file.columns', message, { line })
}

/** More rows than a sheet can have. */
export function tooManyRows(name: string, limits: Limits, line?: number): IntakeError {
  const message = `${name} has more than ${limits.rows.toLocaleString('en')} rows; split it into smaller files`
  return new IntakeError('file.rows', message, { line })
}
