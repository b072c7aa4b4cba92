import { nameOf, note, type Scan, textOf } from './state.ts'

/** Up to so many names of one object are compared with each other; more go into a set. */
const COMPARED_MAX = 32
/** Numbers kept for each name: hash, start, end. */
const ENTRY = 3
const ESCAPED = -1
const UNDERSCORE = 0x5f
const BACKSLASH = 0x5c

/**
 * Notes the name of a member whose object's first name is at `scan.names[first]`. A name given twice is a fault (JSON.parse
 * silently keeps the last), and so is `__proto__` (assigning it would change the object's nature instead of a member).
 * Answers the set of the object's names once comparing them would be slow.
 */
export function noteName(
  scan: Scan,
  start: number,
  end: number,
  first: number,
  seen?: Set<string>,
): Set<string> | undefined {
  const { names } = scan
  const hash = hashOf(scan.bytes, start, end)
  const crowded = hash === ESCAPED || names.length - first >= ENTRY * COMPARED_MAX
  const set = seen ?? (crowded ? namesSince(scan, first) : undefined)
  const twice = set ? set.has(nameOf(scan, start, end)) : isKnown(scan, hash, start, end, first)
  names.push(hash, start, end)
  set?.add(nameOf(scan, start, end))
  if (twice)
    note(
      scan,
      start,
      'json.duplicate_key',
      `${textOf(scan, start, end)} is given twice in one object; keep one`,
    )
  if (hash === ESCAPED || scan.bytes[start + 1] === UNDERSCORE) refusePrototype(scan, start, end)
  return set
}

function refusePrototype(scan: Scan, start: number, end: number): void {
  if (nameOf(scan, start, end) !== '__proto__') return
  note(scan, start, 'json.key', '"__proto__" cannot be the name of a field')
  scan.patches.push({ start, end, text: '"_proto_"' })
}

/** A hash of a name's bytes, never negative; {@link ESCAPED} when it has escapes, so that its bytes prove nothing. */
function hashOf(bytes: Uint8Array, start: number, end: number): number {
  let hash = 0
  for (let at = start; at < end; at++) {
    const byte = bytes[at]
    if (byte === BACKSLASH) return ESCAPED
    hash = (Math.imul(hash, 31) + byte) & 0x3fffffff
  }
  return hash
}

function isKnown(scan: Scan, hash: number, start: number, end: number, first: number): boolean {
  const { names } = scan
  for (let index = first; index < names.length; index += ENTRY)
    if (names[index] === hash && names[index + 2] - names[index + 1] === end - start)
      if (sameBytes(scan.bytes, names[index + 1], start, end - start)) return true
  return false
}

function sameBytes(bytes: Uint8Array, one: number, other: number, length: number): boolean {
  for (let offset = 0; offset < length; offset++)
    if (bytes[one + offset] !== bytes[other + offset]) return false
  return true
}

function namesSince(scan: Scan, first: number): Set<string> {
  const set = new Set<string>()
  for (let index = first; index < scan.names.length; index += ENTRY)
    set.add(nameOf(scan, scan.names[index + 1], scan.names[index + 2]))
  return set
}
