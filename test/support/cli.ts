import { type ChildProcess, spawn } from 'node:child_process'
import { chmod, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { TestContext } from 'node:test'

/** Long enough for a server to end its connections and stop PostgreSQL. */
const STOP_MS = 15_000
const PROJECT = new URL('../..', import.meta.url).pathname

export type Ran = { code: number | null; stdout: string; stderr: string }

/** A home of its own for real `serai` processes, with its own embedded PostgreSQL. */
export async function cliHome(t: TestContext) {
  const folder = await mkdtemp(join(tmpdir(), 'serai-cli-'))
  await chmod(folder, 0o711)
  const home = join(folder, 'home')
  const running = new Map<ChildProcess, Promise<Ran>>()
  t.after(async () => {
    await Promise.all([...running].map(stop))
    await rm(folder, { recursive: true, force: true, maxRetries: 20 })
  })

  function start(args: string[], env: NodeJS.ProcessEnv = {}): { child: ChildProcess; done: Promise<Ran> } {
    const { DATABASE_URL: _url, ...clean } = process.env
    const child = spawn(join(PROJECT, 'bin/serai'), args, {
      cwd: folder,
      env: { ...clean, SERAI_HOME: home, LOG_LEVEL: 'silent', ...env },
      stdio: ['pipe', 'pipe', 'pipe'],
    })
    const ran: Ran = { code: null, stdout: '', stderr: '' }
    child.stdout.on('data', (chunk) => {
      ran.stdout += chunk
    })
    child.stderr.on('data', (chunk) => {
      ran.stderr += chunk
    })
    child.stdin.end()
    const done = new Promise<Ran>((resolve) => child.on('close', (code) => resolve({ ...ran, code })))
    running.set(child, done)
    void done.then(() => running.delete(child))
    return { child, done }
  }

  /** Runs one command line to its end. */
  const serai = (...args: string[]) => start(args).done

  /** Runs one with `--json` and gives its document. */
  async function json<Document>(...args: string[]): Promise<Document> {
    const { stdout } = await serai(...args, '--json')
    return JSON.parse(stdout) as Document
  }

  return { folder, home, start, serai, json, project: PROJECT }
}

/** Ends what a test left running, so that its folder can go. */
async function stop([child, done]: [ChildProcess, Promise<Ran>]): Promise<void> {
  const timer = setTimeout(() => child.kill('SIGKILL'), STOP_MS)
  child.kill('SIGINT')
  await done
  clearTimeout(timer)
}
