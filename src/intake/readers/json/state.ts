import { type Fault, fault } from '../../../kernel/fault.ts'
import { IntakeError } from '../../types.ts'
import { storable } from '../columns.ts'

/**
 * A window over the bytes of JSON text (RFC 8259, valid UTF-8) and what was met in it. Positions are offsets into the window.
 */
export type Scan = {
  bytes: Buffer
  /** the text ends with the window; otherwise reaching its end throws {@link MORE}. */
  final: boolean
  /** what the end is called in messages. */
  endName: 'file' | 'line'
  /** 1-based line that was reached, and how many characters of it lie before a position in it. */
  line: number
  anchor: { at: number; column: number }
  depthMax: number
  /** file name and place in the words of the format: `products.json at line 3, column 9`. */
  where: (line: number, column: number) => string
  /** values that are well-formed but may not enter, and what stands in their place until somebody mends them. */
  faults: Fault[]
  patches: Patch[]
  /** the names met in every open object: hash, start and end of each. */
  names: number[]
  /** how the current value is reached: an index into `names`, or -1 - index of a list. */
  steps: number[]
}

/** A part of the window that is to be replaced. */
export type Patch = { start: number; end: number; text: string }

/** Thrown when the window ends before the value does: append bytes and scan the value again. */
export const MORE = new Error('more bytes are needed')

/** A record that is wrong in more places than this is not described further: each place costs time to name. */
const FAULTS_MAX = 100

/** A scan that starts at line 1 with an empty window. */
export function newScan(options: Pick<Scan, 'endName' | 'depthMax' | 'where'>): Scan {
  const place = { line: 1, anchor: { at: 0, column: 0 } }
  const found = { faults: [], patches: [], names: [], steps: [] }
  return { ...options, ...place, ...found, bytes: Buffer.alloc(0), final: false }
}

/** Forgets what was met in the record before. */
export function startRecord(scan: Scan): void {
  if (scan.faults.length > 0) scan.faults = []
  if (scan.patches.length > 0) scan.patches = []
  scan.names.length = 0
  scan.steps.length = 0
}

/** Refuses the text at a position: `invalid JSON in products.json at line 3, column 9: expected "," or "}"`. */
export function fail(scan: Scan, at: number, reason: string, code = 'json.syntax'): never {
  const [line, column] = [scan.line, columnAt(scan, at)]
  throw new IntakeError(code, `invalid JSON in ${scan.where(line, column)}: ${reason}`, { line, column })
}

/** What was expected is not there, perhaps because the text ends: more may come, or it is cut off. */
export function unexpected(scan: Scan, at: number, reason: string): never {
  if (at < scan.bytes.length) return fail(scan, at, reason)
  if (!scan.final) throw MORE
  return fail(scan, at, `unexpected end of ${scan.endName}`)
}

/** Replaces the window by one that starts at `at` of the old. */
export function moveWindow(scan: Scan, at: number, bytes: Buffer): void {
  columnAt(scan, at)
  scan.anchor = { ...scan.anchor, at: 0 }
  scan.bytes = bytes
}

/** Notes a fault of the current record; scanning goes on, so that all of them are found. */
export function note(scan: Scan, at: number, code: string, reason: string, raw?: string): void {
  if (scan.faults.length >= FAULTS_MAX) return
  const detail = `${reason} (line ${scan.line}, column ${columnAt(scan, at)})`
  scan.faults.push(fault(pathOf(scan), code, detail, raw))
}

/** The text of a part of the window. */
export function textOf(scan: Scan, start: number, end: number): string {
  return scan.bytes.toString('utf8', start, end)
}

/** A name with its quotes and escapes as the text that it means. */
export function nameOf(scan: Scan, start: number, end: number): string {
  return JSON.parse(textOf(scan, start, end)) as string
}

/**
 * 1-based column of a position in the current line, in UTF-16 units as editors count. The anchor moves there: a file may be one line
 * with a million faults.
 */
function columnAt(scan: Scan, at: number): number {
  const { anchor } = scan
  const between = textOf(scan, Math.min(anchor.at, at), Math.max(anchor.at, at)).length
  scan.anchor = { at, column: anchor.column + (at < anchor.at ? -between : between) }
  return scan.anchor.column + 1
}

/** The path of the current value: `pricing[1].price_aed`. */
function pathOf(scan: Scan): string {
  let path = ''
  for (const step of scan.steps) {
    if (step < 0) path += `[${-1 - step}]`
    // A name with a fault of its own is not noted yet.
    else if (step < scan.names.length)
      path += `${path && '.'}${nameOf(scan, scan.names[step + 1], scan.names[step + 2])}`
  }
  return storable(path)
}
