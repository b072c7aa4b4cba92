import assert from 'node:assert/strict'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { parse } from 'csv-parse/sync'
import fc from 'fast-check'
import { streamXlsxRows } from 'hucre/xlsx'
import type { Row } from '../../kernel/field.ts'
import { numberText } from '../cells.ts'
import { entries } from '../entries.ts'
import { openFile } from '../open.ts'
import { bytesOf, cellFile, collect, inChunks, PRODUCT } from '../testing.ts'
import type { Cell, Format } from '../types.ts'
import { type WriteOptions, write } from './index.ts'

const AWKWARD = [
  "'",
  '=',
  '-',
  '\r',
  '\n',
  '\t',
  '"',
  ' ',
  '[',
  '\u00a0',
  ',',
  ';',
  '_x000D_',
  '_x005F_',
  '\ufffe',
  '\ufeff',
  '🐪',
  'ع\u064e',
]
const TEXT = fc
  .array(fc.oneof(fc.constantFrom(...AWKWARD), fc.string({ unit: 'binary' })), { maxLength: 5 })
  .map((parts) => parts.join('').replaceAll('\0', ''))
const OPTIONAL_TEXT = fc.option(TEXT)
const AMOUNT = fc.integer({ min: 0, max: 10 ** 12 }).map((minor) => minor / 100)
const NUMBER = fc.option(
  fc.double({ noDefaultInfinity: true, noNaN: true }).map((number) => (number === 0 ? 0 : number)),
)
const TIER = fc.record(
  {
    tier_name: TEXT,
    price_aed: AMOUNT,
    currency: OPTIONAL_TEXT,
    validity_start: fc.constantFrom('2026-10-01', null),
    validity_end: fc.constant(null),
  },
  { noNullPrototype: true },
)
const DOCUMENT = fc.record(
  {
    product_id: TEXT.filter((text) => text.trim() !== ''),
    product_name: OPTIONAL_TEXT,
    pricing: fc.array(TIER, { maxLength: 3 }),
    inclusions: fc.option(fc.array(TEXT, { maxLength: 3 })),
    active: fc.boolean(),
    description: OPTIONAL_TEXT,
    duration_hours: NUMBER,
    exclusions: fc.option(fc.array(TEXT, { maxLength: 3 })),
  },
  { noNullPrototype: true },
)
const REST = fc
  .dictionary(
    fc.string({ minLength: 1 }).map((name) => `${name}?`),
    fc.jsonValue({ maxDepth: 1 }),
    { maxKeys: 2 },
  )
  .map((rest) => JSON.parse(JSON.stringify(rest)) as Row)
const DOCUMENTS = fc.uniqueArray(fc.tuple(DOCUMENT, REST), {
  maxLength: 5,
  selector: ([{ product_id }]) => product_id.trim().normalize('NFC'),
})

/** What files of text give back for a value of a typed cell. */
const asText = (value: unknown) =>
  JSON.parse(
    JSON.stringify(value, (_, each) =>
      typeof each === 'number' ? numberText(each) : typeof each === 'boolean' ? String(each) : each,
    ),
  )

async function readBack(format: 'csv' | 'xlsx', bytes: Buffer): Promise<Row[]> {
  const [header, ...rows] =
    format === 'csv' ? (parse(bytes, { bom: false }) as string[][]) : await sheetOf(bytes)
  const list = await collect(entries(cellFile(header as string[], rows, { format }), PRODUCT))
  assert.deepEqual(
    list.flatMap(({ faults }) => faults),
    [],
  )
  return list.map(({ document }) => document as Row)
}

for (const [format, profile] of [
  ['csv', 'spreadsheet'],
  ['csv', 'raw'],
  ['xlsx', 'spreadsheet'],
  ['xlsx', 'raw'],
] as const)
  test(`documents → ${format} (${profile}) → documents is identity`, async () => {
    const property = fc.asyncProperty(DOCUMENTS, async (pairs) => {
      const bytes = await written(
        format,
        pairs.map(([document, rest]) => ({ ...document, ...rest })),
        { profile },
      )
      const expected = pairs.map(([document, rest]) => {
        const known = format === 'csv' ? asText(document) : document
        return { ...known, extra: Object.keys(rest).length > 0 ? rest : null }
      })
      assert.deepEqual(await readBack(format, bytes), expected)
    })
    await fc.assert(property, { numRuns: format === 'csv' ? 500 : 150 })
  })

let folder: string
before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'serai-writers-'))
})
after(() => rm(folder, { recursive: true }))

const SAMPLES = fc
  .sample(fc.tuple(DOCUMENT, REST), { numRuns: 400, seed: 7 })
  .map(([document, rest], index) => ({ ...document, product_id: `P${index}`, ...rest }) as Row)

for (const format of ['json', 'jsonl', 'csv', 'xlsx'] as const)
  test(`what is written as ${format} is read again from the file`, async () => {
    const path = join(folder, `products.${format}`)
    await writeFile(path, await written(format, SAMPLES))
    const list = await collect(entries(await openFile(path, `products.${format}`), PRODUCT))
    const columns = format === 'csv' || format === 'xlsx'
    const expected = SAMPLES.map((sample) => {
      if (!columns) return sample
      const known = Object.fromEntries(Object.entries(sample).filter(([name]) => !name.endsWith('?')))
      const rest = Object.entries(sample).filter(([name]) => name.endsWith('?'))
      return {
        ...(format === 'csv' ? asText(known) : known),
        extra: rest.length > 0 ? Object.fromEntries(rest) : null,
      }
    })
    assert.deepEqual(
      list.flatMap(({ faults }) => faults),
      [],
    )
    assert.deepEqual(
      list.map(({ document }) => document),
      expected,
    )
  })

async function sheetOf(bytes: Buffer): Promise<Cell[][]> {
  const rows: Cell[][] = []
  for await (const { values } of streamXlsxRows(bytes))
    rows.push(values.map((value) => (value ?? null) as Cell))
  return rows
}

async function written(format: Format, documents: Row[], options?: WriteOptions): Promise<Buffer> {
  return bytesOf(write(format, PRODUCT, inChunks(documents, 1), options))
}
