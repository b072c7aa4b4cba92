import { createInflateRaw } from 'node:zlib'
import yauzl from 'yauzl'
import { IntakeError } from './types.ts'

/** An open zip archive: its entries by path, in the order of its table of contents. */
export type Archive = { name: string; file: yauzl.ZipFile; entries: Part[] }

/** One entry, with its path decoded. */
export type Part = { path: string; entry: yauzl.Entry }

const STORED = 0
const DEFLATED = 8
const ENCRYPTED_FLAG = 1
const INFLATE_BYTES = 256 << 10
/** A path that is no folder, does not leave the archive and is the same on every system. */
const SAFE_PATH = /^(?![/\\]|[A-Za-z]:)[^\\\0]+$/

/**
 * Reads the table of contents (PKWARE APPNOTE 6.3); nothing is inflated. Throws `zip.damaged`, `zip.entries`, `zip.name`,
 * `zip.encrypted`, `zip.method`.
 */
export async function openArchive(path: string, name: string, entriesMax: number): Promise<Archive> {
  const options = { lazyEntries: true, decodeStrings: false, validateEntrySizes: false, autoClose: false }
  const file = await yauzl.openPromise(path, options).catch((error: Error) => {
    throw damaged(name, error)
  })
  try {
    if (file.entryCount > entriesMax) throw tooMany(name, entriesMax)
    return { name, file, entries: await readParts(file, name, entriesMax) }
  } catch (error) {
    file.close()
    throw error instanceof IntakeError ? error : damaged(name, error as Error)
  }
}

/** The inflated bytes of an entry. Throws `zip.damaged` when they are not what was packed. */
export async function* inflated(archive: Archive, part: Part): AsyncGenerator<Buffer> {
  const packed = await archive.file.openReadStreamPromise(part.entry, { decodeFileData: false })
  const stream = part.entry.compressionMethod === STORED ? packed : packed.pipe(inflater(packed))
  try {
    for await (const bytes of stream) yield bytes
  } catch (error) {
    throw damaged(archive.name, error as Error, part.path)
  } finally {
    packed.destroy()
    stream.destroy()
  }
}

/** The archive, or one part of it, is not as it was packed. */
export function damaged(name: string, error: Error, part?: string): IntakeError {
  const where = part === undefined ? name : `${part} in ${name}`
  const message = `${where} is damaged or cut off (${error.message.replace(/[.\s]+$/, '')}); save and send it again`
  return new IntakeError('zip.damaged', message)
}

function inflater(packed: NodeJS.EventEmitter) {
  const inflate = createInflateRaw({ chunkSize: INFLATE_BYTES })
  packed.on('error', (error: Error) => inflate.destroy(error))
  return inflate
}

async function readParts(file: yauzl.ZipFile, name: string, entriesMax: number): Promise<Part[]> {
  const parts: Part[] = []
  const seen = new Set<string>()
  for await (const entry of file.eachEntry()) {
    const path = pathOf(entry, name)
    if (seen.has(path.toLowerCase()))
      throw new IntakeError('zip.name', `${name} holds two entries called "${path}"`)
    seen.add(path.toLowerCase())
    checkMethod(entry, path, name)
    if (parts.length >= entriesMax) throw tooMany(name, entriesMax)
    if (!path.endsWith('/')) parts.push({ path, entry })
  }
  return parts
}

/** Paths come as bytes: names with `..`, a drive, a backslash or in two spellings must not get past by their encoding. */
function pathOf(entry: yauzl.Entry, name: string): string {
  const path = Buffer.from(entry.fileName as unknown as Uint8Array)
    .toString('utf8')
    .normalize('NFC')
  const safe = SAFE_PATH.test(path) && !path.split('/').some((step) => step === '..' || step === '.')
  if (!safe)
    throw new IntakeError('zip.name', `${name} holds an entry with the unsafe name ${JSON.stringify(path)}`)
  return path
}

function checkMethod(entry: yauzl.Entry, path: string, name: string): void {
  if (entry.generalPurposeBitFlag & ENCRYPTED_FLAG)
    throw new IntakeError('zip.encrypted', `${name} is encrypted; save it without a password`)
  const method = entry.compressionMethod
  if (method === STORED || method === DEFLATED) return
  throw new IntakeError(
    'zip.method',
    `"${path}" in ${name} is packed in a way that workbooks do not use (method ${method})`,
  )
}

function tooMany(name: string, entriesMax: number): IntakeError {
  return new IntakeError(
    'zip.entries',
    `${name} holds more than ${entriesMax.toLocaleString('en')} entries; no workbook needs that`,
  )
}
