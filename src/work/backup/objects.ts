import { createReadStream, createWriteStream } from 'node:fs'
import { link, mkdir, rename, stat } from 'node:fs/promises'
import { join } from 'node:path'
import type { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { ObjectMissing, type ObjectStat } from '../../ports/objects.ts'
import { meter } from '../../store/snapshot.ts'
import type { BackedObject, Manifest } from './manifest.ts'
import { syncFolder } from './shelf.ts'
import type { Context } from './types.ts'

const FILE_MODE = 0o600
const FOLDER_MODE = 0o700

type Previous = { path: string; manifest: Manifest } | null

/**
 * Copies every stored object to `objects/<sha256>`. A file that the previous backup holds is shared with it by a hard
 * link; never with the store itself, for a copy that shares its bytes with the original protects nothing.
 */
export async function packObjects(
  context: Context,
  folder: string,
  previous: Previous,
): Promise<BackedObject[]> {
  const target = join(folder, 'objects')
  await mkdir(target, { mode: FOLDER_MODE })
  const known = new Map(previous?.manifest.content.objects.map((object) => [object.key, object]))
  const packed: BackedObject[] = []
  for (const found of await listObjects(context)) {
    context.signal?.throwIfAborted()
    context.progress(packed.length, 0, `backing up file ${found.key}`)
    const old = known.get(found.key)
    const shared = old?.version === found.version && (await share(previous!.path, target, old))
    const object = shared ? old : await copyObject(context, target, found)
    if (object) packed.push(object)
  }
  await syncFolder(target)
  return packed
}

/** All stored objects by key, so that equal stores give equal lists. */
export async function listObjects({ objects }: Pick<Context, 'objects'>): Promise<ObjectStat[]> {
  const found: ObjectStat[] = []
  for await (const object of objects.list('')) found.push(object)
  return found.sort((a, b) => (a.key < b.key ? -1 : 1))
}

/**
 * Puts back the objects that are `missing`, or those that are `different`; returns how many. What was stored since
 * stays: no restored row names it.
 */
export async function restoreObjects(
  context: Context,
  path: string,
  wanted: readonly BackedObject[],
  which: 'missing' | 'different',
): Promise<number> {
  let count = 0
  for (const { key, sha256 } of wanted) {
    const found = await context.objects.stat(key)
    if (which === 'missing' ? found : !found || (await hashOf(context.objects.get(key))) === sha256) continue
    await context.objects.put(key, createReadStream(join(path, 'objects', sha256)))
    count += 1
  }
  return count
}

/** False when it cannot be shared: another disk, a limit of links, or the file is not (any more) what it should be. */
async function share(previous: string, target: string, { sha256, size }: BackedObject): Promise<boolean> {
  const source = join(previous, 'objects', sha256)
  const found = await stat(source).catch(() => null)
  if (found?.size !== size || (await hashOf(createReadStream(source))) !== sha256) return false
  return link(source, join(target, sha256)).then(
    () => true,
    (error: NodeJS.ErrnoException) => error.code === 'EEXIST',
  )
}

/** Null when the object was removed since it was listed. */
async function copyObject(
  context: Context,
  target: string,
  { key, version }: ObjectStat,
): Promise<BackedObject | null> {
  const unfinished = join(target, '.tmp')
  const measured = meter()
  try {
    const file = createWriteStream(unfinished, { mode: FILE_MODE, flush: true })
    await pipeline(context.objects.get(key), measured.stream, file, { signal: context.signal })
  } catch (error) {
    if (!(error instanceof ObjectMissing)) throw error
    return null
  }
  const { bytes: size, sha256 } = measured.result()
  // Two keys may hold the same content: one file serves both.
  await rename(unfinished, join(target, sha256))
  return { key, size, sha256, version }
}

/** SHA-256 of a stream, in hex. */
export async function hashOf(source: Readable): Promise<string> {
  const measured = meter()
  await pipeline(source, measured.stream.resume())
  return measured.result().sha256
}
