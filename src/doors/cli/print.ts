import { stripVTControlCharacters } from 'node:util'
import type { Context, Io } from './context.ts'

/** Prints one JSON document for machines, or the text for people. */
export function print({ io, json }: Context, document: unknown, text: string): void {
  io.stdout.write(json ? `${JSON.stringify(document, null, 2)}\n` : `${plain(text)}\n`)
}

/** A line that is no result: on standard error, also when standard output is a JSON document. */
export function note(io: Io, text: string): void {
  io.stderr.write(`${plain(text)}\n`)
}

/** A line that belongs to the result for people and would spoil a JSON document. */
export function say(context: Context, text: string): void {
  if (context.json) note(context.io, text)
  else context.io.stdout.write(`${plain(text)}\n`)
}

/**
 * Text as a terminal may have it: names and cells come from files of strangers, and an escape sequence among them could repaint
 * the screen or retitle the window.
 */
export function plain(text: string): string {
  return stripVTControlCharacters(text).replaceAll(CONTROLS, '\ufffd')
}

// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what it is about; tab and line break stay.
const CONTROLS = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f]/g

/** Aligned columns, a header above them. */
export function table(header: string[], rows: string[][]): string {
  const lines = [header, ...rows].map((row) => row.map(plain))
  const widths = header.map((_, column) => Math.max(...lines.map((line) => line[column].length)))
  return lines
    .map((line) =>
      line
        .map((cell, column) => cell.padEnd(widths[column]))
        .join('  ')
        .trimEnd(),
    )
    .join('\n')
}

/** `1 product`, `12 products`. */
export function counted(count: number, { name, plural }: { name: string; plural: string }): string {
  return `${count} ${count === 1 ? name : plural}`
}

/** The first `most` lines, and how many more there are. */
export function first(lines: string[], most: number, what: string): string[] {
  return lines.length > most ? [...lines.slice(0, most), `… and ${lines.length - most} more ${what}`] : lines
}
