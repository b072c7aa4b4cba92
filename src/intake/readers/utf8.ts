import { isUtf8 } from 'node:buffer'
import { createReadStream } from 'node:fs'
import { IntakeError } from '../types.ts'

const CHUNK_BYTES = 1 << 18
const BOM = Buffer.from([0xef, 0xbb, 0xbf])
const NEWLINE = 0x0a

/** The bytes of a UTF-8 file in pieces that end between two characters, without byte order mark. Throws `text.encoding`. */
export async function* utf8Chunks(path: string, name: string): AsyncGenerator<Buffer> {
  let rest: Buffer = Buffer.alloc(0)
  let offset = 0
  for await (const read of byteChunks(path)) {
    const bytes = rest.length ? Buffer.concat([rest, read]) : read
    const cut = bytes.length - unfinishedBytes(bytes)
    const whole = bytes.subarray(0, cut)
    if (!isUtf8(whole)) throw await notUtf8(path, name, offset, whole)
    rest = bytes.subarray(cut)
    yield offset === 0 && whole.subarray(0, BOM.length).equals(BOM) ? whole.subarray(BOM.length) : whole
    offset += cut
  }
  if (rest.length) throw await notUtf8(path, name, offset, rest)
}

/** The bytes of a file in pieces of up to 256 KiB: what a server that reads a small file itself can parse between two requests. */
export function byteChunks(path: string, start = 0): AsyncIterable<Buffer> {
  return createReadStream(path, { start, highWaterMark: CHUNK_BYTES })
}

/** How many bytes at the end begin a character that the next piece may finish: 0 to 3. */
function unfinishedBytes(bytes: Uint8Array): number {
  for (let back = 1; back <= Math.min(3, bytes.length); back++) {
    const byte = bytes[bytes.length - back]
    if (byte < 0x80) return 0
    const length = byte >= 0xf0 ? 4 : byte >= 0xe0 ? 3 : byte >= 0xc0 ? 2 : 0
    if (length > 0) return length > back ? back : 0
  }
  return 0
}

async function notUtf8(path: string, name: string, offset: number, bytes: Buffer): Promise<IntakeError> {
  const at = firstDifference(bytes, Buffer.from(bytes.toString()))
  const line = await lineAt(path, offset + at)
  const found = `0x${bytes[at].toString(16).toUpperCase().padStart(2, '0')}`
  const message = `${name} is not valid UTF-8 at line ${line}, byte ${offset + at} (found ${found}); save it as UTF-8 and try again`
  return new IntakeError('text.encoding', message, { line })
}

/** Decoding puts U+FFFD in the place of what is no character: the texts differ where the first of those stands. */
function firstDifference(one: Buffer, other: Buffer): number {
  let at = 0
  while (at < one.length - 1 && one[at] === other[at]) at++
  return at
}

/** The 1-based line of a byte, counted by reading the file once more. */
async function lineAt(path: string, offset: number): Promise<number> {
  let line = 1
  let before = 0
  for await (const bytes of byteChunks(path)) {
    for (
      let at = bytes.indexOf(NEWLINE);
      at !== -1 && before + at < offset;
      at = bytes.indexOf(NEWLINE, at + 1)
    )
      line++
    before += bytes.length
    if (before >= offset) break
  }
  return line
}
