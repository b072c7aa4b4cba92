import { isUtf8 } from 'node:buffer'
import { createReadStream } from 'node:fs'
import { IntakeError } from '../types.ts'

const CHUNK_BYTES = 1 << 18
const BOM = Buffer.from([0xef, 0xbb, 0xbf])
const NEWLINE = 0x0a

/** The bytes of a UTF-8 file in pieces that end between two characters, without byte order mark. Throws `text.encoding`. */
export async function* utf8Chunks(path: string, name: string): AsyncGenerator<Buffer> {
  let offset = 0
  for await (const bytes of characterChunks(path)) {
    if (!isUtf8(bytes)) throw await notUtf8(path, name, offset + invalidAt(bytes))
    yield offset === 0 && bytes.subarray(0, BOM.length).equals(BOM) ? bytes.subarray(BOM.length) : bytes
    offset += bytes.length
  }
}

/** The offset of the first byte that is not UTF-8, if there is one. */
export async function invalidOffset(path: string): Promise<number | undefined> {
  let offset = 0
  for await (const bytes of characterChunks(path)) {
    if (!isUtf8(bytes)) return offset + invalidAt(bytes)
    offset += bytes.length
  }
  return undefined
}

/** The bytes of a file in pieces of up to 256 KiB: what a server that reads a small file itself can parse between two requests. */
export function byteChunks(path: string, start = 0): AsyncIterable<Buffer> {
  return createReadStream(path, { start, highWaterMark: CHUNK_BYTES })
}

/** Pieces that, in UTF-8, end between two characters; the last one ends where the file does. */
async function* characterChunks(path: string): AsyncGenerator<Buffer> {
  let rest: Buffer = Buffer.alloc(0)
  for await (const read of byteChunks(path)) {
    const bytes = rest.length ? Buffer.concat([rest, read]) : read
    const cut = bytes.length - unfinishedBytes(bytes)
    rest = bytes.subarray(cut)
    yield bytes.subarray(0, cut)
  }
  if (rest.length > 0) yield rest
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

async function notUtf8(path: string, name: string, offset: number): Promise<IntakeError> {
  const line = await lineAt(path, offset)
  const message = `${name} is not valid UTF-8 at line ${line}, byte ${offset} (found 0x${await hexAt(path, offset)}); save it as UTF-8 and try again`
  return new IntakeError('text.encoding', message, { line })
}

/** Decoding puts U+FFFD in the place of what is no character: the texts differ where the first of those stands. */
function invalidAt(bytes: Buffer): number {
  const decoded = Buffer.from(bytes.toString())
  let at = 0
  while (at < bytes.length - 1 && bytes[at] === decoded[at]) at++
  return at
}

async function hexAt(path: string, offset: number): Promise<string> {
  for await (const bytes of byteChunks(path, offset)) return bytes.toString('hex', 0, 1).toUpperCase()
  return ''
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
