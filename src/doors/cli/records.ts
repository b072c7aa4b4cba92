import { readFile } from 'node:fs/promises'
import { text as textOf } from 'node:stream/consumers'
import type { Command } from 'commander'
import { actionOf, resourceOf } from '../../engine/lookup.ts'
import { perform } from '../../engine/perform.ts'
import { parseQuery, parseTime } from '../../engine/query.ts'
import { read, readOne } from '../../engine/read.ts'
import type { Outcome, Page } from '../../engine/types.ts'
import { withView } from '../../engine/views.ts'
import type { Action } from '../../kernel/action.ts'
import { fault } from '../../kernel/fault.ts'
import type { Field, Row } from '../../kernel/field.ts'
import { nearest } from '../../kernel/nearest.ts'
import { invalid } from '../../kernel/problem.ts'
import { inputFields, readField, reading } from '../../kernel/record.ts'
import { keyLabel, type Resource } from '../../kernel/resource.ts'
import { type Context, print, table, withServices } from './context.ts'
import { usage, wholeNumber } from './house.ts'
import type { Register } from './register.ts'

const CELL_CHARACTERS = 40
/** Columns that a list shows when nobody says which. */
const COLUMNS = 5
const ASKED = ['view', 'q', 'filter', 'sort', 'limit', 'cursor', 'fields', 'expand', 'facets', 'archived']

/** `serai list`, `serai get` and `serai do`: the two paths, for every resource and every action there is. */
export function recordCommands(register: Register): void {
  register(
    'list',
    'Lists records: searched, filtered, sorted, a page at a time.',
    'serai list products --q "desert safari" --filter "price_from < 20000" --facets category',
    listShape,
    list,
  )
  register(
    'get',
    'Shows one record, now or as it stood.',
    'serai get product Dubai_AinDubai --as-of 2026-01-31T09:30:00Z',
    (command) =>
      command
        .argument('<resource>', 'what it is, such as product')
        .argument('<key>', 'its id or natural key')
        .option('--fields <names>', 'only these')
        .option('--expand <names>', 'with the records that these refer to')
        .option('--as-of <time>', 'as it stood then'),
    get,
  )
  register(
    'do',
    'Does an action: create, update, archive, restore, or any that the resource has. All of it or nothing.',
    'serai do product update Dubai_AinDubai --set category=Family --reason "as agreed"',
    doShape,
    act,
  )
}

function listShape(command: Command): Command {
  return command
    .argument('<resource>', 'what to list, such as products')
    .option('--q <words>', 'only what is found by these words')
    .option('--filter <cel>', 'only what fits, such as category == "Family"')
    .option('--sort <fields>', 'such as -price_from,product_name')
    .option('--fields <names>', 'only these')
    .option('--expand <names>', 'with the records that these refer to')
    .option('--facets <names>', 'with the number of records by their values')
    .option('--count', 'with the number of all that fit')
    .option('--archived <which>', 'only, or with')
    .option('--limit <count>', 'at most so many')
    .option('--cursor <cursor>', 'the page behind another, as that one says')
    .option('--as-of <time>', 'as it stood then, such as 2026-01-31T09:30:00Z')
    .option('--view <name>', 'a saved view; what is said beside it wins')
}

function doShape(command: Command): Command {
  return command
    .argument('<resource>', 'such as product')
    .argument('<action>', 'such as update; a wrong one lists those there are')
    .argument('[keys...]', 'ids or natural keys of the records that it is for')
    .option(
      '--set <field=value>',
      'a value of the input (lists and objects as JSON, nothing for null); again for more',
      collect,
      [],
    )
    .option('--input <json>', 'the whole input as JSON, @FILE, or - for standard input')
    .option('--reason <text>', 'why; kept with the change')
    .option('--dry-run', 'shows what would happen; writes nothing')
    .option('--if-version <number>', 'only when the record is still at this version')
    .option('--key <text>', 'idempotency key: the same call again with it does nothing again')
}

function collect(value: string, values: string[]): string[] {
  return [...values, value]
}

async function list(context: Context, options: Record<string, unknown>, name: string): Promise<undefined> {
  return withServices(context, async ({ services: { engine }, actor }) => {
    const resource = resourceOf(engine, name)
    const given = Object.fromEntries(
      ASKED.filter((each) => options[each] !== undefined).map((each) => [each, String(options[each])]),
    )
    const asked = {
      ...given,
      ...(options.count ? { count: 'true' } : {}),
      ...(options.asOf === undefined ? {} : { as_of: String(options.asOf) }),
    }
    const { parameters, warnings } = await withView(engine, actor, resource.name, asked)
    for (const { path, detail } of warnings) context.io.stderr.write(`Warning: ${path} ${detail}\n`)
    const page = await read(engine, actor, resource.name, parseQuery(engine, resource.name, parameters))
    print(context, page, pageText(resource, page, options.fields !== undefined))
    return undefined
  })
}

async function get(
  context: Context,
  options: Record<string, unknown>,
  name: string,
  key: string,
): Promise<undefined> {
  return withServices(context, async ({ services: { engine }, actor }) => {
    const resource = resourceOf(engine, name)
    const asked = Object.fromEntries(
      ['fields', 'expand'].flatMap((each) => (options[each] ? [[each, String(options[each])]] : [])),
    )
    const { fields, expand } = parseQuery(engine, resource.name, asked)
    const asOf = parseTime('--as-of', options.asOf as string | undefined)
    const record = await readOne(engine, actor, resource.name, key, {
      ...(fields ? { fields } : {}),
      ...(expand ? { expand } : {}),
      ...(asOf ? { asOf } : {}),
    })
    print(context, record, recordText(record))
    return undefined
  })
}

async function act(
  context: Context,
  options: Record<string, unknown>,
  resourceName: string,
  actionName: string,
  ...targets: string[]
): Promise<undefined> {
  const whole = options.input === undefined ? undefined : await wholeInput(context, String(options.input))
  return withServices(context, async ({ services: { engine }, actor }) => {
    const resource = resourceOf(engine, resourceName)
    const action = actionOf(resource, actionName)
    const outcome = await perform(engine, {
      actor,
      resource: resource.name,
      action: actionName,
      targets,
      input: inputOf(action, whole, options.set as string[]),
      dryRun: options.dryRun === true,
      reason: (options.reason as string | undefined) ?? null,
      key: (options.key as string | undefined) ?? null,
      ...(options.ifVersion === undefined
        ? {}
        : { ifVersion: wholeNumber('--if-version', String(options.ifVersion)) }),
    })
    const { change, records, answer, warnings = [], dryRun, replayed } = outcome
    print(
      context,
      { change, dry_run: dryRun, replayed, items: records, ...(answer ? { answer } : {}), warnings },
      outcomeText(resource, actionName, outcome),
    )
    return undefined
  })
}

async function wholeInput({ io }: Context, given: string): Promise<unknown> {
  const json =
    given === '-'
      ? await textOf(io.stdin)
      : given.startsWith('@')
        ? await readFile(given.slice(1), 'utf8')
        : given
  try {
    return JSON.parse(json)
  } catch (error) {
    throw usage(`--input is no JSON: ${(error as Error).message}`)
  }
}

/** The input with the single values: lists and objects as JSON, everything else as it stands; an empty one is null. */
function inputOf(action: Action, whole: unknown, set: string[]): unknown {
  if (set.length === 0) return whole
  if (Array.isArray(whole)) throw usage('--set is for one input; --input has a list of them')
  const fields = Object.fromEntries(inputFields(action.input))
  const at = reading({ lenient: true })
  const input: Row = { ...(whole as Row | undefined) }
  for (const each of set) {
    const [, name, value] = /^([^=]+)=(.*)$/s.exec(each) ?? []
    if (name === undefined) throw usage(`--set is "${each}"; write field=value`)
    const field = fields[name]
    if (field) input[name] = value === '' ? null : readField(name, field, spelled(field, value), at)
    else at.faults.push(unknownField(name, Object.keys(fields)))
  }
  if (at.faults.length) throw invalid(at.faults)
  return input
}

function spelled({ schema }: Field, value: string): unknown {
  if (schema.type === 'string' || !/^[[{]/.test(value)) return value
  try {
    return JSON.parse(value)
  } catch {
    // The field says what it takes instead of this text.
    return value
  }
}

function unknownField(name: string, known: string[]) {
  const meant = nearest(name, known)
  return fault(
    name,
    'field.unknown',
    `is not a field; ${meant ? `did you mean ${meant}?` : `there are ${known.join(', ')}`}`,
  )
}

function pageText(resource: Resource, { items, next, facets = {}, count }: Page, chosen: boolean): string {
  const columns = items.length ? columnsOf(resource, items[0], chosen) : []
  const lines = items.length
    ? [
        table(
          columns,
          items.map((item) => columns.map((column) => shorten(item[column]))),
        ),
      ]
    : [`INFO: no ${resource.plural} fit.`]
  for (const [name, values] of Object.entries(facets))
    lines.push(`${name}: ${values.map(({ value, count: rows }) => `${shorten(value)} ${rows}`).join(', ')}`)
  if (count) lines.push(`${count.capped ? 'at least ' : ''}${count.value} in all`)
  if (next) lines.push(`More: --cursor ${next}`)
  return lines.join('\n')
}

/** The natural key, then what a list of the width of a terminal has room for. */
function columnsOf(resource: Resource, item: Row, chosen: boolean): string[] {
  const shown = Object.keys(item)
  if (chosen) return shown
  const plain = shown.filter((name) => {
    const field = resource.fields[name]
    return field && !resource.key.includes(name) && !['object', 'array'].includes(String(field.schema.type))
  })
  return [...resource.key.filter((name) => shown.includes(name)), ...plain].slice(0, COLUMNS)
}

function recordText(record: Row): string {
  const width = Math.max(...Object.keys(record).map((name) => name.length))
  return Object.entries(record)
    .map(
      ([name, value]) =>
        `${name.padEnd(width)}  ${typeof value === 'string' ? value : JSON.stringify(value)}`,
    )
    .join('\n')
}

function outcomeText(
  resource: Resource,
  action: string,
  { change, records, answer, warnings = [], dryRun, replayed }: Outcome,
): string {
  const named = records.slice(0, COLUMNS).map((record) => keyLabel(resource, record))
  const more = records.length > named.length ? ` and ${records.length - named.length} more` : ''
  const what = named.length ? ` ${resource.name} ${named.join(', ')}${more}` : ''
  const done = dryRun
    ? `Would ${action}${what}. Nothing was written.`
    : `${replayed ? 'Done before' : 'Done'}: ${action}${what}${change ? `  (to take it back: serai undo ${change})` : ''}`
  return [
    done,
    ...warnings.map(({ path, detail }) => `Warning: ${path}${path ? ' ' : ''}${detail}`),
    ...(answer ? [recordText(answer)] : []),
  ].join('\n')
}

function shorten(value: unknown): string {
  const text = typeof value === 'string' ? value : JSON.stringify(value ?? null)
  return text.length > CELL_CHARACTERS ? `${text.slice(0, CELL_CHARACTERS - 1)}…` : text
}
