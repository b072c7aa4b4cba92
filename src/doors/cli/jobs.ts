import type { Command } from 'commander'
import { perform } from '../../engine/perform.ts'
import { parseQuery } from '../../engine/query.ts'
import { read, readOne } from '../../engine/read.ts'
import type { Engine } from '../../engine/types.ts'
import type { Row } from '../../kernel/field.ts'
import { type Context, type Opened, print, table, withServices } from './context.ts'
import { usage } from './house.ts'
import type { Register } from './register.ts'

const PAGE = 500
/** Jobs that one list shows; the console and the API page through more. */
const SHOWN_MAX = 1_000
const RETRIED_MAX = 100_000
const ERROR_CHARACTERS = 60

type Options = { state?: string; dead?: boolean; reason?: string }

/** `serai jobs`: work for later, and what became of it. */
export function jobCommands(register: Register): void {
  register(
    'jobs',
    'Lists jobs, shows one, runs failed or dead ones again, or takes them out of the queue for good.',
    [
      'serai jobs --state dead',
      'serai jobs show 41',
      'serai jobs retry 41 42',
      'serai jobs retry --dead',
      'serai jobs remove 43 --reason "the supplier is gone"',
    ].join('\n  '),
    shape,
    jobs,
  )
}

function shape(command: Command): Command {
  return command
    .argument('[list|show|retry|remove]', 'what to do', 'list')
    .argument('[numbers...]', 'show, retry, remove: the jobs, by their numbers')
    .option('--state <state>', 'list: only those that are waiting, scheduled, running, failed or dead')
    .option('--dead', 'retry: all dead ones')
    .option('--reason <text>', 'why; kept in the history, and needed to remove')
}

async function jobs(context: Context, options: Options, what: string, ...targets: string[]): Promise<number> {
  const handler = { list, show, retry, remove }[what]
  if (!handler) throw usage(`jobs takes list, show, retry or remove, not "${what}"`)
  return withServices(context, (opened) => handler(context, opened, targets, options))
}

type Targets = readonly string[]

async function list(context: Context, { services: { engine }, actor }: Opened, _: Targets, options: Options) {
  const { items, next } = await pages(engine, actor, options.state, SHOWN_MAX)
  const rows = items.map((item) =>
    [
      item.number,
      item.task,
      item.state,
      `${item.attempts} of ${item.attempts_max}`,
      item.run_at,
      oneLine(item.last_error),
    ].map(String),
  )
  const more = next ? `\n… and more; only the first ${SHOWN_MAX} are shown.` : ''
  print(
    context,
    items,
    rows.length
      ? table(['Job', 'Task', 'State', 'Attempts', 'Due', 'Error'], rows) + more
      : `INFO: no jobs${options.state ? ` are ${options.state}` : ''}.`,
  )
  return 0
}

async function show(context: Context, { services: { engine }, actor }: Opened, targets: Targets) {
  const [number] = targets
  if (!number || targets.length > 1) throw usage('jobs show needs the number of one job')
  const item = await readOne(engine, actor, 'job', number)
  const lines = Object.entries(item)
    .filter(([, value]) => value !== null)
    .map(
      ([name, value]) => `  ${name.padEnd(14)}${typeof value === 'object' ? JSON.stringify(value) : value}`,
    )
  print(context, item, [`Job ${item.number}: ${item.task}`, ...lines].join('\n'))
  return 0
}

async function retry(
  context: Context,
  { services: { engine }, actor }: Opened,
  given: Targets,
  options: Options,
) {
  if (given.length === 0 && !options.dead)
    throw usage('jobs retry needs numbers of jobs, or --dead for all dead ones')
  const targets = options.dead ? await deadNumbers(engine, actor) : given
  const changes = await performAll(engine, actor, 'retry', targets, options.reason)
  print(
    context,
    { retried: targets.length, changes },
    `Retried ${targets.length} jobs. Their workers run them now.`,
  )
  return 0
}

async function remove(
  context: Context,
  { services: { engine }, actor }: Opened,
  targets: Targets,
  options: Options,
) {
  if (targets.length === 0) throw usage('jobs remove needs numbers of jobs')
  if (!options.reason) throw usage('jobs remove needs a reason: --reason "why they will never run"')
  const changes = await performAll(engine, actor, 'remove', targets, options.reason)
  print(
    context,
    { removed: targets.length, changes },
    `Removed ${targets.length} jobs. What they were stays in the log.`,
  )
  return 0
}

// All numbers first: a job that fails again meanwhile is not retried twice.
async function deadNumbers(engine: Engine, actor: Opened['actor']): Promise<string[]> {
  const { items } = await pages(engine, actor, 'dead', RETRIED_MAX)
  return items.map((item) => String(item.number))
}

async function performAll(
  engine: Engine,
  actor: Opened['actor'],
  action: string,
  targets: Targets,
  reason: string | undefined,
): Promise<string[]> {
  const changes: string[] = []
  for (let from = 0; from < targets.length; from += PAGE) {
    const { change } = await perform(engine, {
      actor,
      resource: 'job',
      action,
      targets: targets.slice(from, from + PAGE),
      ...(reason ? { reason } : {}),
    })
    if (change) changes.push(change)
  }
  return changes
}

async function pages(
  engine: Engine,
  actor: Opened['actor'],
  state: string | undefined,
  most: number,
): Promise<{ items: Row[]; next: string | null }> {
  const items: Row[] = []
  let next: string | null = null
  do {
    const question = { limit: String(PAGE), ...(state ? { state } : {}), ...(next ? { cursor: next } : {}) }
    const page = await read(engine, actor, 'job', parseQuery(engine, 'job', question))
    items.push(...page.items)
    next = page.next
  } while (next && items.length < most)
  return { items, next }
}

function oneLine(error: unknown): string {
  const [first] = String(error ?? '').split('\n')
  return first.length > ERROR_CHARACTERS ? `${first.slice(0, ERROR_CHARACTERS - 1)}…` : first
}
