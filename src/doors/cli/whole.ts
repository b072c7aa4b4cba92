import type { WriteStream } from 'node:fs'
import { open, rename, rm } from 'node:fs/promises'
import { dirname } from 'node:path'
import type { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { Problem } from '../../kernel/problem.ts'

/** Writes a file whole or not at all: under a temporary name, on the disk, then renamed. */
export async function writeWhole(
  path: string,
  openStream: (partial: string) => WriteStream,
  source: Readable,
  signal?: AbortSignal,
): Promise<void> {
  const partial = `${path}.part-${process.pid}`
  try {
    await pipeline(source, openStream(partial), signal ? { signal } : {})
    await rename(partial, path)
    const folder = await open(dirname(path), 'r')
    await folder.sync().finally(() => folder.close())
  } catch (error) {
    await rm(partial, { force: true })
    const { code } = error as NodeJS.ErrnoException
    if (code === 'ENOSPC' || code === 'EFBIG')
      throw new Problem(
        507,
        'storage.full',
        'Disk full',
        `There is no room for ${path}; nothing of it was kept. Free some space or choose another place.`,
      )
    if (code === 'ENOENT' || code === 'EACCES')
      throw new Problem(
        404,
        'file.place',
        'Cannot write there',
        `${path} cannot be written: ${code === 'ENOENT' ? 'the folder does not exist' : 'this user may not'}.`,
      )
    throw error
  }
}
