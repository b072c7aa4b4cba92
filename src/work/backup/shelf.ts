import { randomUUID } from 'node:crypto'
import { mkdir, open, readdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { BackupError } from './error.ts'
import { removeLeftovers, unfinishedName } from './leftovers.ts'
import {
  MANIFEST_FILE,
  type Manifest,
  readManifest,
  type State,
  sealManifest,
  writeManifest,
} from './manifest.ts'
import { backupName, parseBackupName, parsePredecessorName } from './name.ts'
import type { BackupInfo } from './types.ts'

const FOLDER_MODE = 0o700
const FILE_MODE = 0o600

/**
 * Makes a backup's folder: `fill` writes into a temporary one and returns the manifest, which is written last; then the
 * folder is renamed. When anything fails, or the process is killed, no backup of that name ever exists.
 */
export async function publish(
  folder: string,
  time: Date,
  fill: (unfinished: string) => Promise<Manifest>,
): Promise<string> {
  await mkdir(folder, { recursive: true, mode: FOLDER_MODE })
  await removeLeftovers(folder)
  const unfinished = join(folder, await unfinishedName())
  try {
    await mkdir(unfinished, { mode: FOLDER_MODE })
    await writeWhole(unfinished, MANIFEST_FILE, writeManifest(await fill(unfinished)))
    const name = await renameToNext(folder, unfinished, time)
    await syncFolder(folder)
    return name
  } catch (error) {
    await rm(unfinished, { recursive: true, force: true })
    throw error
  }
}

/** Two processes may want the same name: a rename onto a folder that is not empty fails, and the second takes the next. */
async function renameToNext(folder: string, unfinished: string, time: Date): Promise<string> {
  for (;;) {
    const sequences = (await readdir(folder)).map((name) => parseBackupName(name)?.sequence ?? 0)
    const name = backupName(time, Math.max(0, ...sequences) + 1)
    try {
      await rename(unfinished, join(folder, name))
      return name
    } catch (error) {
      if (!['ENOTEMPTY', 'EEXIST'].includes((error as NodeJS.ErrnoException).code ?? '')) throw error
    }
  }
}

/** Every backup on the shelf, by name; one that cannot be read is there with its problem. */
export async function listShelf(folder: string): Promise<BackupInfo[]> {
  const names = await readdir(folder).catch(nothingIfMissing)
  const infos: BackupInfo[] = []
  for (const name of (names ?? []).sort()) {
    const info = parseBackupName(name) ? await readInfo(folder, name) : await readPredecessor(folder, name)
    if (info) infos.push(info)
  }
  return infos
}

/** The verified backup that was made last; by sequence, because the clock may have been set back since. */
export function latestVerified(infos: readonly BackupInfo[]): BackupInfo | undefined {
  const age = ({ name }: BackupInfo) => parseBackupName(name)?.sequence ?? 0
  return infos
    .filter(({ verified }) => verified)
    .toSorted((a, b) => age(a) - age(b))
    .at(-1)
}

/** One backup, or null when a folder of that name holds no manifest: then it is none. */
export async function readInfo(folder: string, name: string): Promise<BackupInfo | null> {
  try {
    return describe(folder, name, await readShelf(folder, name))
  } catch (error) {
    if (!(error instanceof BackupError)) throw error
    if (error.code === 'backup.not_found') return null
    return unreadable(folder, name, error.message)
  }
}

/** The manifest of a backup; refuses what is missing, altered or too new. */
export async function readShelf(folder: string, name: string): Promise<Manifest> {
  if (parsePredecessorName(name)) throw notRestorable(folder, name)
  const text =
    parseBackupName(name) &&
    (await readFile(join(folder, name, MANIFEST_FILE), 'utf8').catch(nothingIfMissing))
  if (text === null)
    throw new BackupError(
      'backup.not_found',
      `There is no backup ${name} in ${folder}. \`serai list-backups\` shows what there is.`,
    )
  return readManifest(name, text)
}

/** Records what was learned of a backup. */
export async function recordState(folder: string, name: string, change: Partial<State>): Promise<BackupInfo> {
  const { content, state } = await readShelf(folder, name)
  const manifest = sealManifest(content, { ...state, ...change })
  await writeWhole(join(folder, name), MANIFEST_FILE, writeManifest(manifest))
  return describe(folder, name, manifest)
}

/** Takes a backup from the shelf at once, then removes its files: no reader sees half of one. */
export async function discard(folder: string, name: string): Promise<void> {
  const unfinished = join(folder, await unfinishedName())
  // Another process may rotate at the same moment; what it took is gone, as it should be.
  const moved = await rename(join(folder, name), unfinished).catch(nothingIfMissing)
  if (moved === null) return
  await syncFolder(folder)
  await rm(unfinished, { recursive: true, force: true })
}

/** fsync of a folder: makes the names in it survive a power cut. */
export async function syncFolder(path: string): Promise<void> {
  const handle = await open(path)
  try {
    await handle.sync()
  } finally {
    await handle.close()
  }
}

async function writeWhole(folder: string, name: string, text: string): Promise<void> {
  const unfinished = join(folder, `.${name}.${randomUUID()}`)
  await writeFile(unfinished, text, { mode: FILE_MODE, flush: true })
  await rename(unfinished, join(folder, name))
  await syncFolder(folder)
}

function describe(folder: string, name: string, manifest: Manifest): BackupInfo {
  const { content, state } = manifest
  const files = content.tables.map(({ file }) => file.bytes)
  const objects = new Map(content.objects.map(({ sha256, size }) => [sha256, size]))
  const sum = (sizes: Iterable<number>) => Array.from(sizes).reduce((total, size) => total + size, 0)
  return {
    name,
    kind: 'serai',
    created_at: content.created_at,
    size_bytes: sum(files) + sum(objects.values()) + Buffer.byteLength(writeManifest(manifest)),
    reason: content.reason,
    verified: state.verified_at !== null,
    verified_at: state.verified_at,
    pinned: state.pinned,
    sha256: manifest.content_sha256,
    schema_version: content.schema_version,
    rows: sum(content.tables.map(({ rows }) => rows)),
    problem: state.verified_at ? null : state.outcome,
    path: join(folder, name),
  }
}

function unreadable(folder: string, name: string, problem: string): BackupInfo {
  const created_at = parseBackupName(name)!.createdAt.toISOString()
  return { ...NOTHING_KNOWN, name, kind: 'serai', created_at, problem, path: join(folder, name) }
}

async function readPredecessor(folder: string, name: string): Promise<BackupInfo | null> {
  const created = parsePredecessorName(name)
  if (!created) return null
  const path = join(folder, name)
  const { size } = await stat(path)
  const problem = notRestorable(folder, name).message
  return {
    ...NOTHING_KNOWN,
    name,
    kind: 'json',
    created_at: created.toISOString(),
    size_bytes: size,
    problem,
    path,
  }
}

const NOTHING_KNOWN = {
  size_bytes: 0,
  reason: '',
  verified: false,
  verified_at: null,
  pinned: false,
  sha256: null,
  schema_version: null,
  rows: 0,
}

function notRestorable(folder: string, name: string): BackupError {
  return new BackupError(
    'backup.not_restorable',
    `${name} is a list of products written by the predecessor. Load it with: serai ingest --file ${join(folder, name)}`,
  )
}

function nothingIfMissing(error: unknown): null {
  const { code } = error as NodeJS.ErrnoException
  if (code === 'ENOENT' || code === 'ENOTDIR') return null
  throw error
}
