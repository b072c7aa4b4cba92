import { createReadStream } from 'node:fs'
import { stat } from 'node:fs/promises'
import { join } from 'node:path'
import { knownMigrations } from '../../store/migrate.ts'
import { BackupError } from './error.ts'
import type { Manifest, StoredFile } from './manifest.ts'
import { hashOf } from './objects.ts'
import type { Context } from './types.ts'

/** Where files of a backup may lie: a path out of its folder is no file of it. */
const FILE_PATH = /^(tables|objects)\/[A-Za-z0-9_%~!'()*-][A-Za-z0-9_%~!'()*.-]*$/

/**
 * Everything that can be known of a backup without a database: each file is there and is, byte for byte, what was
 * written; its schema is one that this program knows. Returns what is wrong, empty when nothing is.
 */
export async function checkFiles(
  path: string,
  { content }: Manifest,
  onFile?: (done: number, total: number, what: string) => void,
): Promise<string[]> {
  const files: StoredFile[] = [
    ...content.tables.map(({ file }) => file),
    ...content.objects.map(({ sha256, size }) => ({ path: `objects/${sha256}`, bytes: size, sha256 })),
  ]
  const problems: string[] = []
  for (const [index, file] of files.entries()) {
    onFile?.(index, files.length, `checking ${file.path}`)
    const problem = await checkFile(path, file)
    if (problem) problems.push(problem)
  }
  return problems
}

async function checkFile(folder: string, { path, bytes, sha256 }: StoredFile): Promise<string | null> {
  if (!FILE_PATH.test(path)) return `${path} is not a file of a backup`
  const found = await stat(join(folder, path)).catch(() => null)
  if (!found?.isFile()) return `${path} is missing`
  if (found.size !== bytes) return `${path} has ${found.size} bytes instead of ${bytes}`
  if ((await hashOf(createReadStream(join(folder, path)))) !== sha256)
    return `${path} was altered (its SHA-256 differs)`
  return null
}

/** True when every file is there with its size: the cheap look before a backup is used again. */
export async function looksWhole(path: string, { content }: Manifest): Promise<boolean> {
  for (const { file } of content.tables)
    if ((await stat(join(path, file.path)).catch(() => null))?.size !== file.bytes) return false
  for (const { sha256, size } of content.objects)
    if ((await stat(join(path, 'objects', sha256)).catch(() => null))?.size !== size) return false
  return true
}

/** Refuses a backup whose schema has steps that this program does not have. */
export async function checkSchema(context: Context, name: string, { content }: Manifest): Promise<void> {
  const known = await knownMigrations(context.migrations.folder)
  const unknown = content.migrations.filter((step) => !known.includes(step))
  if (unknown.length > 0)
    throw new BackupError(
      'backup.too_new',
      `${name} was made by a newer Serai (${content.app_version}, schema ${content.schema_version}); this one does not know ` +
        `${unknown.join(', ')}. Nothing was changed. Run the newer version to restore it.`,
    )
}

/** Refuses a backup that is not, byte for byte, what was written. */
export function refuseAltered(name: string, problems: readonly string[]): void {
  if (problems.length === 0) return
  throw new BackupError(
    'backup.altered',
    `${name} is damaged: ${problems.join('; ')}. Nothing was changed. Use another backup (\`serai list-backups\`).`,
  )
}
