import { createHash, randomUUID } from 'node:crypto'
import { createReadStream, createWriteStream } from 'node:fs'
import { mkdir, open, readdir, rename, rm, stat, unlink } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { Readable, Transform } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { checkKey, isKey, ObjectMissing, type ObjectStat, type Objects } from './objects.ts'

/** Holds what is being written; no key can begin with a dot, so it is never listed. */
const UNFINISHED = '.tmp'
/** No upload takes this long: what is older belongs to a process that died. */
const UNFINISHED_AGE_MAX_MS = 24 * 60 * 60 * 1000
const FOLDER_MODE = 0o700
const FILE_MODE = 0o600

/** Objects as files under `root`, which is made when the first object is put. */
export function diskObjects(root: string): Objects {
  const pathOf = (key: string) => join(root, checkKey(key))
  let swept: Promise<void> | undefined
  return {
    async put(key, source) {
      const path = pathOf(key)
      const folder = join(root, UNFINISHED)
      await mkdir(folder, { recursive: true, mode: FOLDER_MODE })
      swept ??= sweepUnfinished(folder)
      await swept
      return write(root, path, source)
    },
    get: (key) => readOrMissing(pathOf(key), key),
    stat: (key) => statOrNull(pathOf(key), key),
    list: (prefix) => walk(root, '', prefix),
    async remove(key) {
      await rm(pathOf(key), { force: true })
    },
  }
}

/** Temporary name, fsync, rename, fsync of the folders: after a power cut the object is whole or absent. */
async function write(
  root: string,
  path: string,
  source: Readable | Buffer,
): Promise<{ size: number; sha256: string }> {
  const unfinished = join(root, UNFINISHED, randomUUID())
  try {
    const measured = await writeUnfinished(unfinished, source)
    const firstMade = await mkdir(dirname(path), { recursive: true, mode: FOLDER_MODE })
    await rename(unfinished, path)
    await syncFolders(dirname(path), firstMade ? dirname(firstMade) : dirname(path))
    return measured
  } catch (error) {
    await rm(unfinished, { force: true })
    throw error
  }
}

async function writeUnfinished(
  path: string,
  source: Readable | Buffer,
): Promise<{ size: number; sha256: string }> {
  const hash = createHash('sha256')
  let size = 0
  const measure = new Transform({
    transform(chunk: Buffer, _encoding, done) {
      hash.update(chunk)
      size += chunk.length
      done(null, chunk)
    },
  })
  const input = Buffer.isBuffer(source) ? Readable.from([source]) : source
  await pipeline(input, measure, createWriteStream(path, { mode: FILE_MODE, flush: true }))
  return { size, sha256: hash.digest('hex') }
}

/** fsyncs `from` and each folder above it up to `to`: a new folder lives in its parent's entries. */
async function syncFolders(from: string, to: string): Promise<void> {
  for (let folder = from; folder.length >= to.length; folder = dirname(folder)) {
    const handle = await open(folder)
    try {
      await handle.sync()
    } finally {
      await handle.close()
    }
    if (folder === dirname(folder)) return
  }
}

async function sweepUnfinished(folder: string): Promise<void> {
  for (const name of await readdir(folder)) {
    const path = join(folder, name)
    const found = await stat(path).catch(missingAsNull)
    if (found && Date.now() - found.mtimeMs > UNFINISHED_AGE_MAX_MS) await unlink(path).catch(missingAsNull)
  }
}

function readOrMissing(path: string, key: string): Readable {
  return Readable.from(
    (async function* () {
      try {
        yield* createReadStream(path)
      } catch (error) {
        if (missingAsNull(error) === null) throw new ObjectMissing(key)
      }
    })(),
    { objectMode: false },
  )
}

async function statOrNull(path: string, key: string): Promise<ObjectStat | null> {
  const found = await stat(path, { bigint: true }).catch(missingAsNull)
  if (!found?.isFile()) return null
  // A put makes a new file, so the inode and its change time tell one content from the next.
  return { key, size: Number(found.size), version: `${found.ino}-${found.mtimeNs}` }
}

async function* walk(root: string, folder: string, prefix: string): AsyncIterable<ObjectStat> {
  const entries = await readdir(join(root, folder), { withFileTypes: true }).catch(missingAsNull)
  for (const entry of entries ?? []) {
    const key = folder + entry.name
    // Whatever else lies in the folder could not be read as an object.
    if (!isKey(key)) continue
    if (entry.isDirectory()) {
      if (prefix.startsWith(`${key}/`) || `${key}/`.startsWith(prefix)) yield* walk(root, `${key}/`, prefix)
    } else if (key.startsWith(prefix)) {
      const found = await statOrNull(join(root, key), key)
      if (found) yield found
    }
  }
}

function missingAsNull(error: unknown): null {
  if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null
  throw error
}
