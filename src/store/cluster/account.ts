import { execFile } from 'node:child_process'
import { chmod, chown, lchown, readFile, stat } from 'node:fs/promises'
import { promisify } from 'node:util'
import { ClusterError, codeOf, textOf } from './error.ts'
import type { Home } from './home.ts'

/** A user of the system that PostgreSQL runs as. */
export type Account = { uid: number; gid: number; name: string }

const run = promisify(execFile)
const CANDIDATES = ['serai', 'postgres', 'nobody']
const SWITCH_REFUSED = ['EPERM', 'EINVAL']
const GROUP_PASS = 0o010
const ELSEWHERE = 'or use a PostgreSQL server of your own through DATABASE_URL.'

/**
 * The user that the server runs as: null, ourselves, unless we are root, whom PostgreSQL refuses. Then the owner of
 * the data (a real path, if there is any yet), else of the home, and where that is root too, the first of `serai`,
 * `postgres` and `nobody` that the system has.
 */
export async function databaseAccount(home: Home, data: string | null): Promise<Account | null> {
  if (process.getuid?.() !== 0) return null
  const owner = data ? await stat(data) : home.owner
  if (owner.uid !== 0) return { uid: owner.uid, gid: owner.gid, name: `user ${owner.uid}` }
  if (data) throw ownedByRoot(data)
  const users = parseUsers(await readFile('/etc/passwd', 'utf8'))
  const found = CANDIDATES.map((name) => users.find((user) => user.name === name)).find(Boolean)
  if (!found) throw noAccount()
  return found
}

/** The lines of a passwd file that are whole. */
export function parseUsers(passwd: string): Account[] {
  const users = passwd.split('\n').map((line) => line.split(':'))
  return users
    .filter((field) => field.length >= 7)
    .map(([name, , uid, gid]) => ({ name: name!, uid: Number(uid), gid: Number(gid) }))
}

/** Whether the account can pass through the folder, found by trying: modes, access lists and mounts all have a say. */
export async function canPass(account: Account | null, folder: string): Promise<boolean> {
  try {
    await run('/bin/sh', ['-c', 'test -x "$1"', 'sh', folder], { ...identity(account), cwd: '/' })
    return true
  } catch (error) {
    requireSwitch(account, error)
    return false
  }
}

/** Lets the account, and nobody else, pass through the home (not list it). A home of another owner is left alone. */
export async function letPass(home: Home, account: Account): Promise<void> {
  if (home.owner.uid !== 0) return
  const { mode } = await stat(home.path)
  await chown(home.path, home.owner.uid, account.gid)
  await chmod(home.path, (mode & 0o777) | GROUP_PASS)
}

/** Hands a file or folder of ours to the account. */
export async function give(path: string, account: Account | null): Promise<void> {
  if (account) await lchown(path, account.uid, account.gid)
}

/** What a child process needs to run as the account. The environment is ours: no PG* variable or locale leaks in. */
export function identity(account: Account | null): { uid?: number; gid?: number; env: NodeJS.ProcessEnv } {
  const env = { PATH: '/usr/sbin:/usr/bin:/sbin:/bin', TZ: 'UTC', LANG: 'C' }
  return account ? { uid: account.uid, gid: account.gid, env } : { env }
}

function noAccount(): ClusterError {
  return new ClusterError(
    'account_unusable',
    `PostgreSQL must not run as root, and this system has none of the users ${CANDIDATES.join(', ')}. ` +
      `Make one (useradd --system serai), run Serai as an ordinary user, ${ELSEWHERE}`,
  )
}

/** Throws when starting a program failed because root may not act as others, as in some containers. */
export function requireSwitch(account: Account | null, error: unknown): void {
  if (!account || !SWITCH_REFUSED.includes(codeOf(error))) return
  throw new ClusterError(
    'account_unusable',
    `PostgreSQL must not run as root, and this process may not start programs as ${account.name}: ${textOf(error)}. ` +
      `Run Serai as an ordinary user, ${ELSEWHERE}`,
    { cause: error },
  )
}

function ownedByRoot(data: string): ClusterError {
  return new ClusterError(
    'account_unusable',
    `The database in ${data} belongs to root, as after a copy, and PostgreSQL must not run as root. ` +
      `Give it to an ordinary user: chown -R nobody ${data}`,
  )
}
