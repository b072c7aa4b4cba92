import { type Difference, diff } from '../../engine/diff.ts'
import { type Change, history, listChanges } from '../../engine/history.ts'
import { resourceOf } from '../../engine/lookup.ts'
import { parseTime } from '../../engine/query.ts'
import type { Event } from '../../kernel/event.ts'
import type { Row } from '../../kernel/field.ts'
import { type Context, type Opened, print, table, withServices } from './context.ts'
import { usage, wholeNumber } from './house.ts'
import type { Register } from './register.ts'

const SHOWN = 20
const SHOWN_MAX = 500
const PAGE = 500
const VALUE_CHARACTERS = 60

/** `serai history` and `serai diff`: who changed what, and what is not as it was. */
export function historyCommands(register: Register): void {
  register(
    'history',
    'Lists the last changes, or everything that happened to one record.',
    'serai history Dubai_AinDubai',
    (command) =>
      command
        .argument('[key]', 'id or natural key of a record; the last changes of all when absent')
        .option('--resource <name>', 'what the record is; product when absent')
        .option('--limit <count>', 'how many to show', String(SHOWN)),
    showHistory,
  )
  register(
    'diff',
    'Lists the records that are not as they stood at a time, field by field.',
    'serai diff --as-of 2026-01-31T09:30:00Z',
    (command) =>
      command
        .argument('[resource]', 'product when absent')
        .requiredOption('--as-of <time>', 'since when')
        .option('--until <time>', 'until when; now when absent')
        .option('--limit <count>', 'how many records to show', String(SHOWN)),
    showDiff,
  )
}

async function showHistory(
  context: Context,
  options: Record<string, unknown>,
  key?: string,
): Promise<number> {
  const limit = limitOf(options)
  return withServices(context, async (opened) => {
    if (key === undefined) await lastChanges(context, opened, limit)
    else
      await recordHistory(
        context,
        opened,
        String(options.resource ?? context.host.defaultResource),
        key,
        limit,
      )
    return 0
  })
}

async function lastChanges(
  context: Context,
  { services: { engine }, actor }: Opened,
  limit: number,
): Promise<void> {
  const { items } = await listChanges(engine, actor, { limit })
  const rows = items.map((change: Change) => [
    change.id,
    change.time.slice(0, 19).replace('T', ' '),
    change.actor,
    `${change.action} ${change.resource}`,
    String(change.events),
    change.undone_by.length ? 'undone' : (change.reason ?? ''),
  ])
  const header = ['Change', 'Time (UTC)', 'Who', 'What', 'Records', 'Why']
  print(context, items, rows.length ? table(header, rows) : 'INFO: nothing was changed yet.')
}

async function recordHistory(
  context: Context,
  { services: { engine }, actor }: Opened,
  resource: string,
  key: string,
  limit: number,
): Promise<void> {
  const { items, next } = await history(engine, actor, resource, key, { limit })
  const more = next ? `… and more; say --limit ${SHOWN_MAX}` : `To take one back: serai undo CHANGE`
  print(context, items, [...items.flatMap(eventLines), more].join('\n'))
}

function eventLines({ time, actor, action, version, change, reason, before, after }: Event): string[] {
  const why = reason ? `: ${reason}` : ''
  return [
    `${time.slice(0, 19).replace('T', ' ')}  version ${version}  ${action} by ${actor}${why}  (change ${change})`,
    ...fieldLines(before, after),
  ]
}

async function showDiff(context: Context, options: Record<string, unknown>, name?: string): Promise<number> {
  const limit = limitOf(options)
  const asOf = parseTime('--as-of', String(options.asOf))!
  const until = parseTime('--until', options.until as string | undefined)
  return withServices(context, async ({ services: { engine }, actor }) => {
    const resource = resourceOf(engine, name ?? context.host.defaultResource)
    const counts: Partial<Record<Difference['effect'], number>> = {}
    const shown: Difference[] = []
    let cursor: string | null | undefined
    while (cursor !== null) {
      const page = await diff(engine, actor, resource.name, {
        asOf,
        limit: PAGE,
        ...(until ? { until } : {}),
        ...(cursor ? { cursor } : {}),
      })
      for (const { effect } of page.items) counts[effect] = (counts[effect] ?? 0) + 1
      shown.push(...page.items.slice(0, limit - shown.length))
      cursor = page.next
    }
    const json = { resource: resource.name, as_of: asOf, until: until ?? null, counts, differences: shown }
    print(context, json, diffText(resource.plural, counts, shown))
    return 0
  })
}

function diffText(plural: string, counts: { [effect: string]: number }, shown: Difference[]): string {
  const total = Object.values(counts).reduce((sum, count) => sum + count, 0)
  if (total === 0) return `No ${plural} differ.`
  const parts = Object.entries(counts).map(([effect, count]) => `${count} ${effect}`)
  return [
    `${total} ${plural} differ: ${parts.join(', ')}`,
    ...shown.flatMap(({ key, effect, before, after }) => [
      `  ${effect} ${key}`,
      ...fieldLines(before, after),
    ]),
    ...(total > shown.length
      ? [`  … and ${total - shown.length} more; say --limit ${SHOWN_MAX}, or --json`]
      : []),
  ].join('\n')
}

/** `category: "Family" → "Luxury"`; of what is new or gone, nothing: it is the whole record. */
function fieldLines(before: Row | null, after: Row | null): string[] {
  if (!before || !after) return []
  return Object.keys(after).map((name) => `    ${name}: ${shorten(before[name])} → ${shorten(after[name])}`)
}

function shorten(value: unknown): string {
  const text = JSON.stringify(value ?? null)
  return text.length > VALUE_CHARACTERS ? `${text.slice(0, VALUE_CHARACTERS)}…` : text
}

function limitOf({ limit }: Record<string, unknown>): number {
  const count = wholeNumber('--limit', String(limit))
  if (count < 1 || count > SHOWN_MAX) throw usage(`--limit must be from 1 to ${SHOWN_MAX}`)
  return count
}
