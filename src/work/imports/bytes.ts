import { createHash } from 'node:crypto'
import { createWriteStream } from 'node:fs'
import { mkdir, open, rename, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { type Readable, Transform } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { Problem } from '../../kernel/problem.ts'
import { uuidv7 } from '../../kernel/uuid.ts'
import type { StoredFile } from '../../store/imports.ts'
import type { ImportContext } from './context.ts'

/** Largest file that is taken from this machine; the HTTP door has a limit of its own. */
export const FILE_BYTES_MAX = 4 * 1024 ** 3

/** Writes the upload under the name of its hash: whole, on the disk, or not at all. */
export async function keepBytes(context: ImportContext, body: Readable, name: string): Promise<StoredFile> {
  await mkdir(context.folder, { recursive: true })
  const partial = join(context.folder, `.tmp-${uuidv7()}`)
  const hash = createHash('sha256')
  let size = 0
  const most = context.uploadBytesMax ?? FILE_BYTES_MAX
  const measure = new Transform({
    transform(chunk: Buffer, _encoding, done) {
      size += chunk.length
      hash.update(chunk)
      done(
        size > most
          ? new Problem(
              413,
              'file.size',
              'File too large',
              `${name} is larger than ${most / 1024 / 1024} MB, the most that is taken. Nothing was kept.`,
            )
          : null,
        chunk,
      )
    },
  })
  try {
    await pipeline(body, measure, createWriteStream(partial, { flags: 'wx', flush: true }))
    const sha256 = hash.digest('hex')
    await rename(partial, join(context.folder, sha256))
    await syncFolder(context.folder)
    return { key: sha256, sha256, size }
  } catch (error) {
    await rm(partial, { force: true })
    if ((error as NodeJS.ErrnoException).code === 'ENOSPC')
      throw new Problem(
        507,
        'storage.full',
        'Disk full',
        `The disk is full; ${name} was not kept. Free some space and send it again.`,
      )
    throw error
  }
}

async function syncFolder(folder: string): Promise<void> {
  const handle = await open(folder, 'r')
  try {
    await handle.sync()
  } finally {
    await handle.close()
  }
}
