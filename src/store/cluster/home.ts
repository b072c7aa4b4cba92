import { randomBytes } from 'node:crypto'
import {
  access,
  constants,
  lchown,
  lstat,
  mkdir,
  open,
  readFile,
  realpath,
  rename,
  rm,
  stat,
} from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { ClusterError, codeOf, textOf } from './error.ts'

/** The folder of an embedded database and what lies in it. Paths are real paths. */
export type Home = {
  path: string
  /** `postgres`: the data directory, or a link to it. */
  link: string
  log: string
  password: string
  /** Names the folder of the server's socket, so that it is the same after a restart. */
  socket: string
  owner: { uid: number; gid: number }
}

const FOLDER_MODE = 0o700
const SECRET_MODE = 0o600
const PASSWORD_BYTES = 32

/** Makes the folder if it is not there. Throws {@link ClusterError} `home_unusable` when we may not work in it. */
export async function openHome(folder: string): Promise<Home> {
  try {
    await makeFolder(folder)
    await access(folder, constants.R_OK | constants.W_OK | constants.X_OK)
    const path = await realpath(folder)
    const { uid, gid } = await stat(path)
    const at = (name: string) => join(path, name)
    return {
      path,
      link: at('postgres'),
      log: at('postgres.log'),
      password: at('postgres.password'),
      socket: at('postgres.socket'),
      owner: { uid, gid },
    }
  } catch (error) {
    throw await unusable(folder, error)
  }
}

/** Only the home itself is closed to others, not the folders above it that are made on the way. */
async function makeFolder(folder: string): Promise<void> {
  await mkdir(dirname(folder), { recursive: true })
  await mkdir(folder, { mode: FOLDER_MODE }).catch((error) => {
    if (codeOf(error) !== 'EEXIST') throw error
  })
}

/** The superuser's password: read, or made when `mayMake` (there is no database yet that knows another one). */
export async function databasePassword(home: Home, mayMake: boolean): Promise<string> {
  try {
    return (await readFile(home.password, 'utf8')).trim()
  } catch (error) {
    if (codeOf(error) === 'EACCES') throw await unusable(home.password, error)
    if (codeOf(error) !== 'ENOENT') throw error
  }
  if (!mayMake) throw passwordMissing(home)
  const password = randomBytes(PASSWORD_BYTES).toString('base64url')
  await writeSecret(home, home.password, password)
  return password
}

/** Writes a small file whole or not at all, readable by the owner of the home only. Only under the lock. */
export async function writeSecret(home: Home, path: string, content: string): Promise<void> {
  const temporary = `${path}.new`
  await rm(temporary, { force: true })
  const file = await open(temporary, 'wx', SECRET_MODE)
  try {
    await file.writeFile(`${content}\n`)
    await file.sync()
  } finally {
    await file.close()
  }
  await chownIfRoot(temporary, home.owner)
  await rename(temporary, path)
  await syncFolder(dirname(path))
}

/** Makes renames in the folder durable. */
export async function syncFolder(path: string): Promise<void> {
  const folder = await open(path)
  try {
    await folder.sync()
  } finally {
    await folder.close()
  }
}

/** Root works for others here: what it makes in their folder belongs to them. */
export async function chownIfRoot(path: string, owner: { uid: number; gid: number }): Promise<void> {
  if (process.getuid?.() === 0) await lchown(path, owner.uid, owner.gid)
}

async function unusable(path: string, error: unknown): Promise<ClusterError> {
  const found = await lstat(path).catch(() => null)
  const owner = found
    ? ` It belongs to user ${found.uid}, this process runs as user ${process.getuid?.()}.`
    : ''
  return new ClusterError(
    'home_unusable',
    `Serai cannot use ${path}: ${textOf(error)}.${owner} ` +
      'Give it to the user who runs Serai (chown -R), run Serai as its owner, or set SERAI_HOME to another folder.',
    { cause: error },
  )
}

function passwordMissing(home: Home): ClusterError {
  return new ClusterError(
    'password_missing',
    `There is a database in ${home.link}, but ${home.password} is gone and nobody can sign in without it. ` +
      'Put that file back; or move the folder "postgres" away, start afresh and restore a backup.',
  )
}
