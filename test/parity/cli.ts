import { Readable, Writable } from 'node:stream'
import { nukeCommand, statsCommand } from '../../src/areas/catalog/commands.ts'
import { type Host, runCli } from '../../src/doors/cli.ts'
import { tokens } from '../../src/doors/http/testing.ts'
import type { Services } from '../../src/doors/services.ts'
import { type Fault, pointer } from '../../src/kernel/fault.ts'
import type { Row } from '../../src/kernel/field.ts'
import { type Asked, facetTexts, type How, type Outcome, rowText, undoOutcome, type Way } from './way.ts'

export type Said = { code: number; stdout: string }
type Done = { change: string | null; items: Row[]; answer?: Row }

/** The command line, on the services that the server has too. */
export function cliWay(services: Services): Way {
  const serai = (how: How, args: string[]) => run(services, how, [...args, '--json'])
  const act = (name: string, ids: string[], input: object, how: How) =>
    serai(how, ['do', 'product', name, ...ids, '--input', JSON.stringify(input), ...optionsOf(how)])
  return {
    create: (input, how) => outcome(act('create', [], input, how), done),
    update: (id, patch, how) => outcome(act('update', [id], patch, how), done),
    act: (name, ids, input, how) => outcome(act(name, ids, input, how), done),
    ask: (name, how) => outcome(serai(how, ['do', 'product', name]), done),
    list: (asked, how) => outcome(serai(how, ['list', 'products', ...flagsOf(asked)]), page),
    get: (id, how) => outcome(serai(how, ['get', 'product', id]), (row: Row) => ({ rows: [rowText(row)] })),
    history: (id, how) => outcome(serai(how, ['history', id]), events),
    undo: (change, how) => outcome(serai(how, ['undo', change, ...optionsOf(how)]), undoOutcome),
    redo: (change, how) => outcome(serai(how, ['redo', change, ...optionsOf(how)]), undoOutcome),
  }
}

function optionsOf({ dryRun, reason, ifVersion }: How): string[] {
  return [
    ...(dryRun ? ['--dry-run'] : []),
    ...(reason ? ['--reason', reason] : []),
    ...(ifVersion === undefined ? [] : ['--if-version', String(ifVersion)]),
  ]
}

function flagsOf(asked: Asked): string[] {
  return Object.entries(asked).flatMap(([name, value]) =>
    value === true ? [`--${name}`] : [`--${name.replace('_', '-')}=${value}`],
  )
}

function done({ change, items, answer }: Done): Outcome {
  return { ...(answer ? { answer } : { rows: items.map(rowText) }), change }
}

type Listed = {
  items: Row[]
  next: string | null
  facets?: { [field: string]: { value: unknown; count: number }[] }
  count?: { value: number }
}

function page({ items, next, facets, count }: Listed): Outcome {
  return {
    rows: items.map(rowText),
    next,
    ...(facets ? { facets: facetTexts(facets) } : {}),
    ...(count ? { count: count.value } : {}),
  }
}

function events(items: { action: string; version: number }[]): Outcome {
  return { history: items.map(({ action, version }) => `${action} ${version}`) }
}

/** What a command says with `--json`: a refusal, or what `read` makes of its document. */
export async function outcome<Document>(
  said: Promise<Said>,
  read: (document: Document) => Outcome,
): Promise<Outcome> {
  const document = JSON.parse((await said).stdout)
  return document.error ? refusal(document) : read(document)
}

export function refusal({ error }: { error: { code: string; errors: Fault[] } }): Outcome {
  return { problem: error.code, faults: faultTexts(error.errors) }
}

export function faultTexts(faults: readonly Fault[]): string[] {
  return faults.map(({ path, code }) => `${pointer(path)} ${code}`)
}

/** Runs one command line in this process, as the actor of a token. */
export async function run(services: Services, how: How, args: string[], stdin = ''): Promise<Said> {
  let stdout = ''
  const host: Host = {
    version: '0',
    defaultResource: 'product',
    tokenResource: 'token',
    areas: [statsCommand, nukeCommand],
    open: async () => ({
      services,
      actor: tokens[how.as ?? 'manager-token'],
      promotion: () => Promise.reject(new Error('not here')),
      close: async () => undefined,
    }),
  } as unknown as Host
  const sink = new Writable({ write: (_chunk, _encoding, done) => done() })
  const code = await runCli(args, host, {
    stdout: new Writable({
      write(chunk, _encoding, done) {
        stdout += chunk
        done()
      },
    }),
    stderr: sink,
    stdin: Readable.from([Buffer.from(stdin)]),
    isTerminal: false,
    env: {},
    signal: new AbortController().signal,
    prompt: () => Promise.reject(new Error('nobody is there')),
  })
  return { code, stdout }
}
