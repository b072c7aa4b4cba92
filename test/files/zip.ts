import { crc32, deflateRawSync } from 'node:zlib'

/** One entry of an archive. Everything but `name` and `data` is for archives that lie. */
export type ZipEntry = {
  name: string
  data: Uint8Array | string
  /** keep the bytes as they are, as archives inside archives usually are. */
  stored?: boolean
  /** general purpose bits; bit 0 says encrypted, bit 11 UTF-8 names. */
  flags?: number
  /** what the headers say the entry inflates to, in bytes, whatever is true. */
  claimedSize?: number
  /** already deflated bytes of `data`'s place, with their true checksum and size. */
  deflated?: Deflated
}

/** A raw deflate stream with what it inflates to. */
export type Deflated = { bytes: Uint8Array; crc: number; size: number }

const LOCAL_HEADER = 0x04034b50
const CENTRAL_HEADER = 0x02014b50
const END_OF_DIRECTORY = 0x06054b50
const VERSION = 20
/** 1 January 1980, the first day a zip can name: archives are the same bytes each time. */
const DATE = 33
const UTF8_NAMES = 1 << 11

/**
 * A zip archive (PKWARE APPNOTE 6.3, no zip64) written exactly as told: names are not normalised, duplicates stay, sizes and
 * flags are what the entry claims.
 */
export function zip(entries: ZipEntry[]): Buffer {
  const locals: Uint8Array[] = []
  const centrals: Uint8Array[] = []
  let offset = 0
  for (const entry of entries) {
    const name = Buffer.from(entry.name)
    const packed = pack(entry)
    const header = headerFields(entry, packed, name.length)
    const local = Buffer.concat([signature(LOCAL_HEADER), header, name, packed.bytes])
    locals.push(local)
    centrals.push(central(header, offset, name))
    offset += local.length
  }
  const directory = Buffer.concat(centrals)
  return Buffer.concat([...locals, directory, endOfDirectory(entries.length, directory.length, offset)])
}

/**
 * A deflate stream that inflates to `prefix`, then `chunk` so many times, then `suffix`, made in the time and memory of one
 * chunk: after a full flush a block refers to nothing before it, so its bytes may simply be repeated.
 */
export function deflateRepeated(prefix: string, chunk: Buffer, times: number, suffix: string): Deflated {
  const block = deflateOpen(chunk)
  const bytes = Buffer.concat([
    deflateOpen(Buffer.from(prefix)),
    ...Array.from({ length: times }, () => block),
    deflateRawSync(suffix),
  ])
  let crc = crc32(prefix)
  for (let index = 0; index < times; index++) crc = crc32(chunk, crc)
  const size = Buffer.byteLength(prefix) + chunk.length * times + Buffer.byteLength(suffix)
  return { bytes, crc: crc32(suffix, crc), size }
}

/** Deflated blocks that end on a byte and leave the stream open (Z_FULL_FLUSH as the last word). */
function deflateOpen(data: Buffer): Buffer {
  return deflateRawSync(data, { level: 9, finishFlush: 3 })
}

function pack(entry: ZipEntry): Deflated & { method: number } {
  if (entry.deflated) return { ...entry.deflated, method: 8 }
  const data = Buffer.from(entry.data as Uint8Array)
  const facts = { crc: crc32(data), size: data.length }
  return entry.stored
    ? { ...facts, bytes: data, method: 0 }
    : { ...facts, bytes: deflateRawSync(data), method: 8 }
}

/** The fields that local and central headers share, from "version needed" to "extra length". */
function headerFields(entry: ZipEntry, packed: Deflated & { method: number }, nameLength: number): Buffer {
  const fields = Buffer.alloc(26)
  fields.writeUInt16LE(VERSION, 0)
  fields.writeUInt16LE(entry.flags ?? UTF8_NAMES, 2)
  fields.writeUInt16LE(packed.method, 4)
  fields.writeUInt16LE(0, 6)
  fields.writeUInt16LE(DATE, 8)
  fields.writeUInt32LE(packed.crc, 10)
  fields.writeUInt32LE(packed.bytes.length, 14)
  fields.writeUInt32LE(entry.claimedSize ?? packed.size, 18)
  fields.writeUInt16LE(nameLength, 22)
  return fields
}

function central(header: Buffer, offset: number, name: Buffer): Buffer {
  const madeBy = Buffer.alloc(2)
  madeBy.writeUInt16LE(VERSION)
  // Comment length, disk number, internal and external attributes are 0.
  const rest = Buffer.alloc(14)
  rest.writeUInt32LE(offset, 10)
  return Buffer.concat([signature(CENTRAL_HEADER), madeBy, header, rest, name])
}

function endOfDirectory(count: number, size: number, offset: number): Buffer {
  const end = Buffer.alloc(22)
  end.writeUInt32LE(END_OF_DIRECTORY, 0)
  end.writeUInt16LE(count, 8)
  end.writeUInt16LE(count, 10)
  end.writeUInt32LE(size, 12)
  end.writeUInt32LE(offset, 16)
  return end
}

function signature(value: number): Buffer {
  const bytes = Buffer.alloc(4)
  bytes.writeUInt32LE(value)
  return bytes
}
