import type { Readable } from 'node:stream'
import type pg from 'pg'
import { readQuery } from './copy.ts'
import { identifier, type TableShape, table } from './shape.ts'

/**
 * How a table changes when it is replaced: rows before and after; added, removed and changed by primary key. A table
 * without a key has no rows to tell apart: there added and removed are the difference in number, changed is 0.
 */
export type TableDiff = {
  table: string
  before: number
  after: number
  added: number
  removed: number
  changed: number
}

/**
 * Compares a table of two databases, holding one row of each at a time. `shape` is that of `after`; what `before` has of
 * it is `present`, undefined when there is no such table. Columns that only one side has are not compared.
 */
export async function diffTable(
  before: pg.ClientBase,
  after: pg.ClientBase,
  shape: TableShape,
  present: TableShape | undefined,
): Promise<TableDiff> {
  const names = new Set(present?.columns.map(({ name }) => name))
  if (!present || shape.key.length === 0 || !shape.key.every((name) => names.has(name)))
    return countDiff(present ? before : null, after, shape.name)
  const select = fingerprints({ ...shape, columns: shape.columns.filter(({ name }) => names.has(name)) })
  const result = { table: shape.name, before: 0, after: 0, added: 0, removed: 0, changed: 0 }
  for await (const [left, right] of merge(
    lines(readQuery(before, select)),
    lines(readQuery(after, select)),
  )) {
    if (left) result.before += 1
    if (right) result.after += 1
    if (!left) result.added += 1
    else if (!right) result.removed += 1
    else if (left.content !== right.content) result.changed += 1
  }
  return result
}

async function countDiff(
  before: pg.ClientBase | null,
  after: pg.ClientBase,
  name: string,
): Promise<TableDiff> {
  const [old, now] = [before ? await countRows(before, name) : 0, await countRows(after, name)]
  const [added, removed] = [Math.max(now - old, 0), Math.max(old - now, 0)]
  return { table: name, before: old, after: now, added, removed, changed: 0 }
}

async function countRows(client: pg.ClientBase, name: string): Promise<number> {
  return Number((await client.query(`select count(*) as rows from ${table(name)}`)).rows[0].rows)
}

/** One line a row: its key as ASCII text that sorts in both databases alike, a tab, the MD5 of its content. */
function fingerprints({ name, columns, key }: TableShape): string {
  const content = `md5(row(${columns.map((column) => identifier(column.name)).join(', ')})::text)`
  const [only] = key
  const isUuid = key.length === 1 && columns.some((column) => column.name === only && column.type === 'uuid')
  // A uuid sorts as its text does, and its index is there; other keys are hashed, and sorted by that.
  if (isUuid)
    return `select ${identifier(only!)}, ${content} from ${table(name)} order by ${identifier(only!)}`
  const hashed = `md5(row(${key.map(identifier).join(', ')})::text) collate "C"`
  return `select ${hashed}, ${content} from ${table(name)} order by 1`
}

type Line = { key: string; content: string }

async function* lines(stream: Readable): AsyncGenerator<Line> {
  let rest = ''
  for await (const chunk of stream) {
    const parts = (rest + (chunk as Buffer).toString('latin1')).split('\n')
    rest = parts.pop()!
    for (const part of parts) {
      const tab = part.indexOf('\t')
      yield { key: part.slice(0, tab), content: part.slice(tab + 1) }
    }
  }
}

/** Walks two sequences sorted by key side by side; a side that lacks the key is undefined. */
async function* merge(
  left: AsyncGenerator<Line>,
  right: AsyncGenerator<Line>,
): AsyncGenerator<[Line?, Line?]> {
  let [a, b] = [await next(left), await next(right)]
  while (a || b) {
    if (a && b && a.key === b.key) {
      yield [a, b]
      a = await next(left)
      b = await next(right)
    } else if (a && (!b || a.key < b.key)) {
      yield [a, undefined]
      a = await next(left)
    } else {
      yield [undefined, b]
      b = await next(right)
    }
  }
}

async function next(lines: AsyncGenerator<Line>): Promise<Line | undefined> {
  const { value, done } = await lines.next()
  return done ? undefined : value
}
