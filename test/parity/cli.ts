import { Readable, Writable } from 'node:stream'
import { type Host, runCli } from '../../src/doors/cli.ts'
import { tokens } from '../../src/doors/http/testing.ts'
import type { Services } from '../../src/doors/services.ts'
import { type Fault, pointer } from '../../src/kernel/fault.ts'
import type { Row } from '../../src/kernel/field.ts'
import { type Asked, facetTexts, type How, type Outcome, rowText, undoOutcome, type Way } from './way.ts'

/** The command line, on the services that the server has too. */
export function cliWay(services: Services): Way {
  const serai = <Document>(how: How, args: string[], read: (document: Document) => Outcome) =>
    outcome(run(services, how, [...args, '--json']), read)
  const act = (name: string, ids: string[], input: unknown, how: How) =>
    serai(how, ['do', 'product', name, ...ids, '--input', JSON.stringify(input), ...options(how)], done)
  return {
    create: (input, how) => act('create', [], input, how),
    update: (id, patch, how) => act('update', [id], patch, how),
    act,
    ask: (name, how) => serai(how, ['do', 'product', name], ({ answer }: Done) => ({ answer: answer ?? {} })),
    list: (asked, how) => serai(how, ['list', 'products', ...flags(asked)], listed),
    get: (id, how) => serai(how, ['get', 'product', id], (record: Row) => ({ rows: [rowText(record)] })),
    history: (id, how) =>
      serai(how, ['history', id], (events: { action: string; version: number }[]) => ({
        history: events.map(({ action, version }) => `${action} ${version}`),
      })),
    undo: (change, how) => serai(how, ['undo', change, ...options(how)], undoOutcome),
    redo: (change, how) => serai(how, ['redo', change, ...options(how)], undoOutcome),
  }
}

type Done = { change: string | null; items: Row[]; answer?: Row }
type Page = {
  items: Row[]
  next: string | null
  facets?: Parameters<typeof facetTexts>[0]
  count?: { value: number }
}

function done({ change, items, answer }: Done): Outcome {
  return { change, ...(answer ? { answer } : { rows: items.map(rowText) }) }
}

function listed({ items, next, facets, count }: Page): Outcome {
  return {
    rows: items.map(rowText),
    next,
    ...(facets ? { facets: facetTexts(facets) } : {}),
    ...(count ? { count: count.value } : {}),
  }
}

function options({ dryRun, reason, ifVersion }: How): string[] {
  return [
    ...(dryRun ? ['--dry-run'] : []),
    ...(reason ? ['--reason', reason] : []),
    ...(ifVersion === undefined ? [] : ['--if-version', String(ifVersion)]),
  ]
}

function flags({ count, ...asked }: Asked): string[] {
  const named = Object.entries(asked).map(([name, value]) => `--${name.replace('_', '-')}=${value}`)
  return count ? [...named, '--count'] : named
}

type Said = { code: number; stdout: string }
type Refusal = { error: { code: string; errors: Fault[] } }

async function outcome<Document>(
  said: Promise<Said>,
  read: (document: Document) => Outcome,
): Promise<Outcome> {
  const { code, stdout } = await said
  const document = JSON.parse(stdout)
  return code === 0 ? read(document) : refusal(document)
}

function refusal({ error }: Refusal): Outcome {
  return { problem: error.code, faults: error.errors.map(({ path, code }) => `${pointer(path)} ${code}`) }
}

async function run(services: Services, how: How, args: string[]): Promise<Said> {
  let stdout = ''
  const host: Host = {
    version: '0',
    defaultResource: 'product',
    tokenResource: 'token',
    areas: [],
    open: async () => ({
      services,
      actor: tokens[how.as ?? 'manager-token'],
      promotion: () => Promise.reject(new Error('not here')),
      close: async () => undefined,
    }),
  } as Partial<Host> as Host
  const sink = new Writable({ write: (_chunk, _encoding, done) => done() })
  const code = await runCli(args, host, {
    stdout: new Writable({
      write(chunk, _encoding, done) {
        stdout += chunk
        done()
      },
    }),
    stderr: sink,
    stdin: Readable.from([]),
    isTerminal: false,
    env: {},
    signal: new AbortController().signal,
    prompt: () => Promise.reject(new Error('nobody is there')),
  })
  return { code, stdout }
}
