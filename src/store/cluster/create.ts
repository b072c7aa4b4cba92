import { spawn } from 'node:child_process'
import { appendFile, mkdir, readdir, rename, rm, symlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { type Account, give, identity } from './account.ts'
import type { Binaries } from './binaries.ts'
import { CONFIGURATION_FILE, configuration, INCLUDE_LINES } from './configuration.ts'
import { ClusterError, textOf } from './error.ts'
import { type Home, syncFolder } from './home.ts'

/** The name of the superuser and of the database. */
export const DATABASE_NAME = 'serai'

const OUTPUT_LINES_SHOWN = 8
const FOLDER_MODE = 0o700
const SECRET_MODE = 0o600
const RETRIES_MAX = 5

/**
 * How text sorts and what is a letter must not depend on the machine's libraries: the built-in provider gives code
 * point order and Unicode letters. The full-text parser asks the C library instead, whose plain C takes every sign
 * past ASCII for a letter ("safari،" is a word then): hence C.UTF-8, or C where a system lacks it.
 */
const LOCALE = ['--locale-provider=builtin', '--builtin-locale=C.UTF-8', '--locale=C']
const LETTERS = ['C.UTF-8', 'C']

/** Where a data directory is made (`folder`, under a name beginning with `prefix`) and where it ends up. */
export type Site = { folder: string; prefix: string; data: string }

type Maker = { binaries: Binaries; account: Account | null; password: string }

/**
 * Makes a data directory with the database and its superuser, whole or not at all: everything happens in a staging
 * folder, reaches the disk, and is renamed to `site.data`, which `home.link` is or points to. Only under the lock.
 * Throws {@link ClusterError} `create_failed`.
 */
export async function createData(home: Home, site: Site, maker: Maker): Promise<void> {
  const staging = join(site.folder, `${site.prefix}${process.pid}`)
  try {
    await removeLeftovers(site)
    await mkdir(staging, { mode: FOLDER_MODE })
    await give(staging, maker.account)
    await rename(await fill(staging, maker), site.data)
    await syncFolder(site.folder)
    if (site.data !== home.link) await symlink(site.data, home.link)
    await syncFolder(home.path)
    await rm(staging, { recursive: true })
  } catch (error) {
    await rm(staging, { recursive: true, force: true, maxRetries: RETRIES_MAX })
    throw createFailed(home, error)
  }
}

/** What a process killed in the middle has left; the lock says that no living one works there. */
async function removeLeftovers(site: Site): Promise<void> {
  for (const name of await readdir(site.folder)) {
    if (!name.startsWith(site.prefix)) continue
    await rm(join(site.folder, name), { recursive: true, force: true, maxRetries: RETRIES_MAX })
  }
}

async function fill(staging: string, maker: Maker): Promise<string> {
  const data = join(staging, 'data')
  const passwordFile = join(staging, 'password')
  await writeFile(passwordFile, maker.password, { mode: SECRET_MODE })
  await give(passwordFile, maker.account)
  await initialise(data, passwordFile, maker)
  await appendFile(join(data, 'postgresql.conf'), INCLUDE_LINES)
  await writeFile(join(data, CONFIGURATION_FILE), configuration())
  // Without fsync so far, measured 0.35 s + 0.06 s; the last step makes all of it durable at once, 0.12 s.
  await createDatabase(data, maker)
  await runProgram(maker, 'initdb', ['-D', data, '--sync-only'])
  return data
}

async function initialise(data: string, passwordFile: string, maker: Maker): Promise<void> {
  const common = [
    '-D',
    data,
    '-U',
    DATABASE_NAME,
    '-E',
    'UTF8',
    '--data-checksums',
    '--no-sync',
    '--no-instructions',
  ]
  const access = ['--auth=scram-sha-256', `--pwfile=${passwordFile}`]
  for (const [index, letters] of LETTERS.entries()) {
    try {
      await runProgram(maker, 'initdb', [...common, ...access, ...LOCALE, `--lc-ctype=${letters}`])
      return
    } catch (error) {
      if (index === LETTERS.length - 1 || !/locale/i.test(textOf(error))) throw error
    }
  }
}

/** In single-user mode, so that a data directory without its database is never seen. It fails with status 0, too. */
async function createDatabase(data: string, maker: Maker): Promise<void> {
  const output = await runProgram(
    maker,
    'postgres',
    ['--single', '-F', '-D', data, 'postgres'],
    `create database ${DATABASE_NAME}\n`,
  )
  if (/\b(ERROR|FATAL|PANIC)\b/.test(output)) throw new Error(lastLines(output))
}

/** Its output, both streams. */
function runProgram(maker: Maker, name: string, args: string[], input = ''): Promise<string> {
  const { promise, resolve, reject } = Promise.withResolvers<string>()
  const child = spawn(join(maker.binaries.folder, 'bin', name), args, {
    ...identity(maker.account),
    cwd: '/',
  })
  let output = ''
  const keep = (chunk: Buffer) => {
    output += chunk
  }
  child.stdout.on('data', keep)
  child.stderr.on('data', keep)
  child.stdin.on('error', () => undefined) // it ended early; its exit status tells more
  child.stdin.end(input)
  child.on('error', reject)
  child.on('close', (status, signal) => {
    if (status === 0) resolve(output)
    else reject(new Error(`${name} ended with ${signal ?? `status ${status}`}: ${lastLines(output)}`))
  })
  return promise
}

/** The end of a program's output. */
export function lastLines(output: string): string {
  return output.trim().split('\n').slice(-OUTPUT_LINES_SHOWN).join('\n')
}

function createFailed(home: Home, error: unknown): ClusterError {
  return new ClusterError(
    'create_failed',
    `Making the database in ${home.path} failed, and nothing of it was kept: ${textOf(error)}\n` +
      'Mend what it names (disk space, permissions) and start again.',
    { cause: error },
  )
}
