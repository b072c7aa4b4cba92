import { noteName } from './names.ts'
import { judgeNumber } from './number.ts'
import { fail, note, type Scan, textOf, unexpected } from './state.ts'
import { scanString } from './string.ts'

const NEWLINE = 0x0a
const COMMA = 0x2c
const COLON = 0x3a
const MINUS = 0x2d
const CLOSE_LIST = 0x5d
const CLOSE_OBJECT = 0x7d
/** More digits than this may not survive as a double; so many always do. */
const DIGITS_SAFE = 15

/**
 * Scans the value that starts at `at` and answers where it ends. It checks the grammar and builds nothing, so the bytes can be
 * handed on as they are. Throws `MORE` or an IntakeError `json.syntax`, `json.depth`.
 */
export function scanValue(scan: Scan, at: number, depth = 0): number {
  const byte = scan.bytes[at]
  if (byte === 0x22) return scanString(scan, at)
  if (byte === 0x7b) return scanObject(scan, at, depth + 1)
  if (byte === 0x5b) return scanList(scan, at, depth + 1)
  if (byte === MINUS || (byte >= 0x30 && byte <= 0x39)) return scanNumber(scan, at)
  if (byte === 0x74) return scanWord(scan, at, 'true')
  if (byte === 0x66) return scanWord(scan, at, 'false')
  if (byte === 0x6e) return scanWord(scan, at, 'null')
  return unexpected(scan, at, 'expected a value')
}

/** Skips blanks and line breaks, counting the lines. */
export function skipBlanks(scan: Scan, from: number): number {
  const { bytes } = scan
  for (let at = from; ; at++) {
    const byte = bytes[at]
    if (byte === NEWLINE) {
      scan.line++
      scan.anchor = { at: at + 1, column: 0 }
    } else if (byte !== 0x20 && byte !== 0x0d && byte !== 0x09) return at
  }
}

function scanObject(scan: Scan, open: number, depth: number): number {
  enter(scan, open, depth)
  const first = scan.names.length
  let at = skipBlanks(scan, open + 1)
  if (scan.bytes[at] !== CLOSE_OBJECT) {
    let seen: Set<string> | undefined
    for (;;) {
      if (scan.bytes[at] !== 0x22) unexpected(scan, at, 'expected a name in double quotes')
      scan.steps[depth - 1] = scan.names.length
      const end = scanString(scan, at)
      seen = noteName(scan, at, end, first, seen)
      at = scanMember(scan, skipBlanks(scan, end), depth)
      if (scan.bytes[at] !== COMMA) break
      at = skipBlanks(scan, at + 1)
    }
    if (scan.bytes[at] !== CLOSE_OBJECT) unexpected(scan, at, 'expected "," or "}"')
  }
  scan.names.length = first
  scan.steps.length = depth - 1
  return at + 1
}

/** From the colon to the first byte after the value that is not blank. */
function scanMember(scan: Scan, colon: number, depth: number): number {
  if (scan.bytes[colon] !== COLON) unexpected(scan, colon, 'expected ":"')
  const end = scanValue(scan, skipBlanks(scan, colon + 1), depth)
  return skipBlanks(scan, end)
}

function scanList(scan: Scan, open: number, depth: number): number {
  enter(scan, open, depth)
  let at = skipBlanks(scan, open + 1)
  if (scan.bytes[at] !== CLOSE_LIST) {
    for (let index = 0; ; index++) {
      scan.steps[depth - 1] = -1 - index
      at = skipBlanks(scan, scanValue(scan, at, depth))
      if (scan.bytes[at] !== COMMA) break
      at = skipBlanks(scan, at + 1)
    }
    if (scan.bytes[at] !== CLOSE_LIST) unexpected(scan, at, 'expected "," or "]"')
  }
  scan.steps.length = depth - 1
  return at + 1
}

function enter(scan: Scan, at: number, depth: number): void {
  if (depth > scan.depthMax) fail(scan, at, `nested deeper than ${scan.depthMax} levels`, 'json.depth')
}

function scanWord(scan: Scan, at: number, word: string): number {
  for (let index = 0; index < word.length; index++) {
    if (scan.bytes[at + index] === word.charCodeAt(index)) continue
    const place = at + index < scan.bytes.length ? at : at + index
    return unexpected(scan, place, 'expected a value')
  }
  return at + word.length
}

function scanNumber(scan: Scan, start: number): number {
  const { bytes } = scan
  let at = bytes[start] === MINUS ? start + 1 : start
  at = bytes[at] === 0x30 ? at + 1 : scanDigits(scan, at)
  if (bytes[at] === 0x2e) at = scanDigits(scan, at + 1)
  const digits = at - start
  if (bytes[at] === 0x65 || bytes[at] === 0x45) {
    const signed = bytes[at + 1] === 0x2b || bytes[at + 1] === MINUS
    at = scanDigits(scan, at + (signed ? 2 : 1))
  }
  // The number may go on in the next window, and at the end of a file or line nothing follows a record's number anyway.
  if (at === bytes.length && !scan.final) unexpected(scan, at, '')
  if (at - start > digits || digits > DIGITS_SAFE) checkNumber(scan, start, at)
  return at
}

function scanDigits(scan: Scan, start: number): number {
  let at = start
  while (scan.bytes[at] >= 0x30 && scan.bytes[at] <= 0x39) at++
  return at > start ? at : unexpected(scan, at, 'expected a digit')
}

/** A number that JSON.parse would change is kept as text, so that mending the record does not start from a wrong one. */
function checkNumber(scan: Scan, start: number, end: number): void {
  const text = textOf(scan, start, end)
  const verdict = judgeNumber(text)
  if (!verdict) return
  note(scan, start, verdict.code, verdict.detail, text)
  scan.patches.push({ start, end, text: `"${text}"` })
}
