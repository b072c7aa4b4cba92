import { fail, MORE, note, type Scan, textOf, unexpected } from './state.ts'

const QUOTE = 0x22
const BACKSLASH = 0x5c
const SMALL_U = 0x75
/** `"` `\` `/` b f n r t */
const SIMPLE_ESCAPES = new Set([0x22, 0x5c, 0x2f, 0x62, 0x66, 0x6e, 0x72, 0x74])
const ESCAPE_BYTES = 6

/** Scans a string from its opening quote and answers where it ends. */
export function scanString(scan: Scan, open: number): number {
  const { bytes } = scan
  const length = bytes.length
  let at = open + 1
  while (at < length) {
    const byte = bytes[at]
    if (byte === QUOTE) return at + 1
    if (byte === BACKSLASH) at = scanEscape(scan, at)
    else if (byte < 0x20) return controlCharacter(scan, at, byte)
    else at++
  }
  return unexpected(scan, length, '')
}

function controlCharacter(scan: Scan, at: number, byte: number): never {
  const broken = byte === 0x0a || byte === 0x0d
  return fail(
    scan,
    at,
    `unexpected ${broken ? 'line break' : `control character U+${hex(byte)}`} inside a text`,
  )
}

/** One escape; a surrogate pair is taken whole. */
function scanEscape(scan: Scan, at: number): number {
  const next = scan.bytes[at + 1]
  if (SIMPLE_ESCAPES.has(next)) return at + 2
  if (next !== SMALL_U) return unexpected(scan, at + 1, 'unknown escape in a text')
  const code = hexAt(scan, at + 2)
  if (code === 0) return refuse(scan, at, 'text.nul', 'the character U+0000 cannot be stored')
  if (code < 0xd800 || code > 0xdfff) return at + ESCAPE_BYTES
  return scanSurrogate(scan, at, code)
}

function scanSurrogate(scan: Scan, at: number, code: number): number {
  const { bytes } = scan
  const next = at + ESCAPE_BYTES
  if (next + 1 >= bytes.length && !scan.final) throw MORE
  if (code < 0xdc00 && bytes[next] === BACKSLASH && bytes[next + 1] === SMALL_U) {
    const low = hexAt(scan, next + 2)
    if (low >= 0xdc00 && low <= 0xdfff) return next + ESCAPE_BYTES
  }
  return refuse(
    scan,
    at,
    'text.surrogate',
    `\\u${hex(code)} is one half of a character, an unpaired surrogate`,
  )
}

function hexAt(scan: Scan, at: number): number {
  let code = 0
  for (let index = at; index < at + 4; index++) {
    const byte = scan.bytes[index]
    const digit = byte <= 0x39 ? byte - 0x30 : byte >= 0x41 ? (byte | 0x20) - 0x57 : -1
    if (!(digit >= 0 && digit <= 15)) return unexpected(scan, index, 'expected four hexadecimal digits')
    code = code * 16 + digit
  }
  return code
}

/** PostgreSQL stores neither: U+FFFD stands in, so that the refused record can be kept, shown and mended. */
function refuse(scan: Scan, at: number, code: string, reason: string): number {
  const end = at + ESCAPE_BYTES
  note(scan, at, code, reason, textOf(scan, at, end))
  scan.patches.push({ start: at, end, text: '\\ufffd' })
  return end
}

function hex(code: number): string {
  return code.toString(16).toUpperCase().padStart(4, '0')
}
