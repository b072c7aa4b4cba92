import { type Fault, fault } from '../../../kernel/fault.ts'
import type { Scan } from './state.ts'

const KINDS: Record<string, string> = { '[': 'a list', '"': 'a text', t: 'true', f: 'false', n: 'null' }

/** The fault of a record that is no object, from its first byte: `element 4 is a list; every record must be an object`. */
export function objectFaults(first: number, which: string): Fault[] {
  if (first === 0x7b) return []
  const kind = KINDS[String.fromCharCode(first)] ?? 'a number'
  return [fault('', 'row.type', `${which} is ${kind}; every record must be an object`)]
}

/** The bytes of a scanned record, with what may not enter replaced. */
export function patched(scan: Scan, start: number, end: number): Uint8Array {
  if (scan.patches.length === 0) return scan.bytes.subarray(start, end)
  const parts: Uint8Array[] = []
  let at = start
  for (const patch of scan.patches) {
    parts.push(scan.bytes.subarray(at, patch.start), Buffer.from(patch.text))
    at = patch.end
  }
  return Buffer.concat([...parts, scan.bytes.subarray(at, end)])
}
