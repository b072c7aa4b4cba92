import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { chmod, mkdtemp, readFile, readlink, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import type { TestContext } from 'node:test'
import pg from 'pg'
import { joinCluster } from '../cluster.ts'
import type { Cluster } from './contract.ts'

/** Tests only: real processes that join, write, leave or are killed. */

/** For servers of tests: what a crash of the machine would lose does not matter there. */
export const FAST = { settings: { fsync: 'off' } }

type Said = Record<string, unknown>
export type Member = {
  child: ChildProcess
  said: Said[]
  wait(key: string): Promise<Said>
  release(): Promise<void>
}

const WAIT_MAX_MS = 30_000

/** A new home under /tmp; the server that is left in it is killed and everything removed after the test. */
export async function temporaryHome(t: TestContext, name = '.serai'): Promise<string> {
  const home = await serverHome(name)
  t.after(home.remove)
  return home.path
}

/** The same, to be removed by the caller. */
export async function serverHome(name = '.serai'): Promise<{ path: string; remove(): Promise<void> }> {
  const folder = await mkdtemp('/tmp/serai-cluster-')
  await chmod(folder, 0o711) // the server that runs for root passes through
  const path = join(folder, name)
  const remove = async () => {
    killMembers(path)
    const pid = await postmaster(path).catch(() => 0)
    if (pid && (await isRunning(pid))) process.kill(pid, 'SIGQUIT')
    const socket = await readFile(join(path, 'postgres.socket'), 'utf8').catch(() => '')
    if (socket) await rm(socket.trim(), { recursive: true, force: true })
    await rm(folder, { recursive: true, force: true, maxRetries: 10 })
  }
  return { path, remove }
}

/** A home whose server has run once and was stopped; to be removed by the caller. */
export async function usedHome(): ReturnType<typeof serverHome> {
  const home = await serverHome()
  const cluster = await joinCluster({ kind: 'embedded', home: home.path }, FAST)
  await cluster.release()
  return home
}

const started: { home: string; child: ChildProcess }[] = []

/** Ends what a failed test has left of the members of this home. */
export function killMembers(home: string): void {
  for (const member of started) if (member.home === home) member.child.kill('SIGKILL')
}

/** The process number in postmaster.pid. */
export async function postmaster(home: string): Promise<number> {
  return Number.parseInt(await readFile(join(home, 'postgres', 'postmaster.pid'), 'utf8'), 10)
}

/** Whether the process runs: one that is on its way out has no working directory any more. */
export async function isRunning(pid: number): Promise<boolean> {
  return readlink(`/proc/${pid}/cwd`).then(
    () => true,
    () => false,
  )
}

/** Kills the postmaster and the given members at once, as the out-of-memory killer or a crash might. */
export async function killAll(home: string, ...members: Member[]): Promise<void> {
  const pid = await postmaster(home)
  for (const { child } of members) child.kill('SIGKILL')
  process.kill(pid, 'SIGKILL')
  for (const { child } of members)
    if (child.exitCode === null && child.signalCode === null) await once(child, 'exit')
}

/** Runs one statement on a connection of its own. */
export async function ask<Row extends pg.QueryResultRow>(
  cluster: Pick<Cluster, 'connection'>,
  sql: string,
): Promise<Row[]> {
  const client = new pg.Client(cluster.connection)
  client.on('error', () => undefined)
  await client.connect()
  try {
    return (await client.query<Row>(sql)).rows
  } finally {
    await client.end()
  }
}

const SCRIPT = `
import { createInterface } from 'node:readline'
const [front, driver, home, mode] = process.argv.slice(1)
const { joinCluster } = await import(front)
const { default: pg } = await import(driver)
const say = (fact) => process.stdout.write(JSON.stringify(fact) + '\\n')
try {
  const options = { settings: { fsync: 'off' }, onProgress: (progress) => say({ progress }) }
  const cluster = await joinCluster({ kind: 'embedded', home }, options)
  say({ joined: true, recovered: cluster.recovered, describe: cluster.describe })
  if (mode === 'write') await write(cluster)
  if (mode !== 'forget') for await (const line of createInterface({ input: process.stdin })) {
    await cluster.release()
    say({ released: true })
    break
  }
  process.stdin.destroy()
} catch (error) {
  say({ failed: error.message, code: error.code })
}
async function write(cluster) {
  const client = new pg.Client(cluster.connection)
  client.on('error', () => process.exit(3))
  await client.connect()
  await client.query('create table if not exists fact (id bigint generated always as identity, writer int)')
  for (;;) {
    const { rows } = await client.query('insert into fact (writer) values ($1) returning id', [process.pid])
    say({ wrote: Number(rows[0].id) })
  }
}
`
/** `front`: the module to join through; `prefix`: a program to run it under. */
type MemberOptions = {
  mode?: string
  front?: string
  env?: NodeJS.ProcessEnv
  uid?: number
  prefix?: string[]
}

const FRONT = new URL('../cluster.ts', import.meta.url).href
const DRIVER = import.meta.resolve('pg')

/**
 * Starts a process that joins. `stay` leaves when told to, `write` inserts rows and says each one that was
 * acknowledged, `forget` neither leaves nor does anything.
 */
export function startMember(home: string, options: MemberOptions = {}): Member {
  const script = [
    '--input-type=module',
    '-e',
    SCRIPT,
    options.front ?? FRONT,
    DRIVER,
    home,
    options.mode ?? 'stay',
  ]
  const [program, ...args] = [...(options.prefix ?? []), process.execPath, ...script]
  const { uid } = options
  const child = spawn(program!, args, {
    env: { ...process.env, ...options.env },
    stdio: ['pipe', 'pipe', 'inherit'],
    ...(uid === undefined ? {} : { uid, gid: uid }),
  })
  started.push({ home, child })
  child.stdin.on('error', () => undefined)
  const said: Said[] = []
  createInterface({ input: child.stdout }).on('line', (line) => {
    said.push(JSON.parse(line))
    child.emit('said')
  })
  const wait = (key: string) => waitFor(child, said, key)
  const release = async () => {
    child.stdin.write('release\n')
    await wait('released')
    if (child.exitCode === null) await once(child, 'exit')
  }
  return { child, said, wait, release }
}

async function waitFor(child: ChildProcess, said: Said[], key: string): Promise<Said> {
  const signal = AbortSignal.timeout(WAIT_MAX_MS)
  for (;;) {
    const found = said.find((fact) => key in fact)
    if (found) return found
    const failed = said.find((fact) => 'failed' in fact)
    if (failed) throw new Error(`member failed: ${failed.code} ${failed.failed}`)
    await once(child, 'said', { signal })
  }
}
