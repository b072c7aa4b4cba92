import { constants, type Stats } from 'node:fs'
import { type FileHandle, lstat, open, readdir, realpath } from 'node:fs/promises'
import { join, matchesGlob, sep } from 'node:path'
import { Problem } from '../../kernel/problem.ts'

const ENTRIES_MAX = 10_000
/** Files that programs are still writing, and what Serai itself puts beside. */
const UNFINISHED = /^\.|^~\$|\.(part|tmp|crdownload|filepart|swp)$|\.(rejects\.\w+|reason\.txt)$/i

/** The real path of a folder, which lies in one of the allowed ones after all links are followed; 422 otherwise. */
export async function allowedFolder(location: string, roots: readonly string[]): Promise<string> {
  const real = await realpath(location).catch(missing)
  const real_roots = await Promise.all(roots.map((root) => realpath(root).catch(() => null)))
  if (real && real_roots.some((root) => root !== null && (real === root || real.startsWith(root + sep))))
    return real
  const allowed = roots.length ? `These are: ${roots.join(', ')}.` : 'None is.'
  throw new Problem(
    422,
    real === null ? 'source.missing' : 'source.folder',
    'Folder not usable',
    real === null
      ? `There is no folder ${location}.`
      : `The folder ${location} is not in a folder from which files may be taken. ${allowed} An operator sets SERAI_IMPORT_FOLDERS.`,
  )
}

/** Names of the files in a folder that fit the pattern, in order of their names. */
export async function candidates(folder: string, pattern: string | null): Promise<string[]> {
  const entries = await readdir(folder, { withFileTypes: true })
  if (entries.length > ENTRIES_MAX)
    throw new Problem(
      422,
      'source.entries',
      'Folder too full',
      `The folder holds ${entries.length} entries; at most ${ENTRIES_MAX} are looked at. Move old files away.`,
    )
  return entries
    .filter((entry) => entry.isFile() && !UNFINISHED.test(entry.name))
    .map((entry) => entry.name)
    .filter((name) => pattern === null || matchesGlob(name, pattern))
    .sort((left, right) => (left < right ? -1 : 1))
}

/** What tells whether somebody writes to a file. */
export type Shape = { size: number; modified_ms: number; inode: number }

export async function shapeOf(folder: string, name: string): Promise<Shape | null> {
  const stats = await lstat(join(folder, name)).catch(missing)
  return stats?.isFile() ? shape(stats) : null
}

export function sameShape(left: Shape | null, right: Shape | null): boolean {
  return (
    left !== null &&
    right !== null &&
    left.size === right.size &&
    left.modified_ms === right.modified_ms &&
    left.inode === right.inode
  )
}

/** A file was written to while it was read; it is taken in by a later run. */
export class StillWritten extends Error {}

/**
 * The bytes of a plain file, never through a link: its last step is opened without following, and the folder must still be
 * the one that was allowed. Errs at the end when the file changed while it was read.
 */
export async function* readPlain(folder: string, name: string, expected: Shape): AsyncGenerator<Buffer> {
  const flags = constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK
  const handle = await open(join(folder, name), flags)
  try {
    if ((await realpath(folder)) !== folder) throw new Error(`The folder ${folder} was moved.`)
    await requireShape(handle, name, expected)
    // No more than it was when it lay still: a file that grows for ever would never end.
    if (expected.size > 0) yield* handle.createReadStream({ autoClose: false, end: expected.size - 1 })
    await requireShape(handle, name, expected)
  } finally {
    await handle.close()
  }
}

async function requireShape(handle: FileHandle, name: string, expected: Shape): Promise<void> {
  const stats = await handle.stat()
  if (!stats.isFile() || !sameShape(shape(stats), expected)) throw new StillWritten(name)
}

function shape(stats: Stats): Shape {
  return { size: stats.size, modified_ms: Math.trunc(stats.mtimeMs), inode: stats.ino }
}

function missing(error: NodeJS.ErrnoException): null {
  if (error.code === 'ENOENT') return null
  throw error
}
