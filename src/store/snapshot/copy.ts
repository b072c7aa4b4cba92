import { createHash } from 'node:crypto'
import { type Readable, Transform, type Writable } from 'node:stream'
import type pg from 'pg'
import { from, to } from 'pg-copy-streams'
import { identifier, type SnapshotColumn, type TableShape, table } from './shape.ts'

/** What went through a stream of COPY text: size in bytes, one row a line, SHA-256 in hex. */
export type Measure = { bytes: number; rows: number; sha256: string }
/** A stream that lets everything through and knows at its end what that was. */
export type Meter = { stream: Transform; result(): Measure }

const LINE_END = 0x0a
const CHUNK_BYTES = 256 * 1024

/** Expressions that take the place of a column when a table is read: table → column → SQL. */
export type Overrides = Record<string, Record<string, string>>

/**
 * The rows of a table as COPY text, in an order that depends on nothing but the rows: by primary key, texts by their
 * bytes (a collation differs from server to server), without a key by the whole row.
 */
export function readRows(client: pg.ClientBase, shape: TableShape, overrides: Overrides = {}): Readable {
  const replaced = overrides[shape.name] ?? {}
  const list = shape.columns.map(({ name }) => replaced[name] ?? identifier(name)).join(', ')
  return readQuery(client, `select ${list} from ${table(shape.name)} as held order by ${rowOrder(shape)}`)
}

/** Any query's rows as COPY text. */
export function readQuery(client: pg.ClientBase, select: string): Readable {
  return client.query(to(`copy (${select}) to stdout`, { highWaterMark: CHUNK_BYTES }))
}

/** Where COPY text of these columns is loaded; it is finished when the rows are in the table. */
export function loadRows(client: pg.ClientBase, name: string, columns: readonly SnapshotColumn[]): Writable {
  return client.query(
    from(`copy ${table(name)} (${columnList(columns)}) from stdin`, { highWaterMark: CHUNK_BYTES }),
  )
}

/** `"a", "b"` */
export function columnList(columns: readonly { name: string }[]): string {
  return columns.map(({ name }) => identifier(name)).join(', ')
}

function rowOrder({ columns, key }: TableShape): string {
  if (key.length === 0) return `row(${columnList(columns)})::text collate "C"`
  const collated = new Set(columns.filter((column) => column.collated).map(({ name }) => name))
  // The alias tells the stored column from an expression that replaces it under the same name.
  return key.map((name) => `held.${identifier(name)}${collated.has(name) ? ' collate "C"' : ''}`).join(', ')
}

/** Counts and hashes; more than `bytesMax` is an error, so that a crafted file cannot unpack without end. */
export function meter(bytesMax = Number.POSITIVE_INFINITY): Meter {
  const hash = createHash('sha256')
  let [bytes, rows] = [0, 0]
  const stream = new Transform({
    highWaterMark: CHUNK_BYTES,
    transform(chunk: Buffer, _encoding, done) {
      hash.update(chunk)
      bytes += chunk.length
      rows += lineEnds(chunk)
      if (bytes > bytesMax) done(new Error(`more than the expected ${bytesMax} bytes`))
      else done(null, chunk)
    },
  })
  return { stream, result: () => ({ bytes, rows, sha256: hash.copy().digest('hex') }) }
}

/** COPY writes a line end inside a value as `\n`, so each byte 0x0A ends a row. */
function lineEnds(chunk: Buffer): number {
  let count = 0
  for (let at = chunk.indexOf(LINE_END); at >= 0; at = chunk.indexOf(LINE_END, at + 1)) count += 1
  return count
}
