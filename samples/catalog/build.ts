import { existsSync } from 'node:fs'
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { parse } from 'csv-parse/sync'
import { stringify } from 'csv-stringify/sync'
import { type Cell, type CellValue, writeXlsx } from 'hucre/xlsx'
import yauzl from 'yauzl'

type Document = Record<string, unknown>
type Formula = { formula: string; formulaResult?: CellValue }
type Table = (CellValue | Formula)[][]

const FOLDER = import.meta.dirname
const TIER_COLUMNS = ['tier_name', 'price', 'currency', 'validity_start', 'validity_end']
const HEADER = [
  'product_id',
  'product_name',
  ...TIER_COLUMNS,
  'inclusions',
  'active',
  'supplier_name',
  'destination_city',
  'category',
  'description_short',
  'description_long',
  'duration_hours',
  'exclusions',
  'booking_policy',
  'source_document',
]
const NUMBER_COLUMNS = ['price', 'duration_hours']
/** A workbook names the day it was made; with a fixed one it is the same bytes each time. */
const MADE_AT = new Date('2026-10-01T00:00:00Z')

/** Mistakes, and things that look like mistakes, that only a workbook can have. */
const WORKBOOK_ROWS: Document[] = [
  { product_id: 'Bad_ErrorCell', product_name: 'Error Cell', price: '#REF!' },
  { product_id: 'Bad_FormulaNoValue', product_name: 'Formula without Value', price: { formula: '100+49.5' } },
  {
    product_id: 'Good_FormulaWithValue',
    product_name: 'Formula with Value',
    price: { formula: '100+49.5', formulaResult: 149.5 },
  },
  { product_id: 'Good_DateCell', product_name: 'Real Date', price: 149.5, validity_start: MADE_AT },
  { product_id: 20261001, product_name: 'Number as Id', price: 149.5 },
].map((row) => ({ ...row, tier_name: 'Adult', currency: 'AED', inclusions: 'Guide', active: true }))

const SOURCES: Record<string, () => Promise<Buffer>> = {
  'products.csv': async () => toCsv(await productTable()),
  'products.xlsx': async () => toXlsx(await productTable()),
  'bad.xlsx': async () => toXlsx(await badTable()),
}

/** Writes the files that are derived from `products.jsonl` and `bad.csv`. The same sources give the same files. */
export async function buildFiles(folder = FOLDER): Promise<void> {
  for (const [name, make] of Object.entries(SOURCES)) await writeFile(join(folder, name), await make())
}

/** Names of the derived files in `folder` that are missing or do not say what their sources say now. */
export async function staleFiles(folder = FOLDER): Promise<string[]> {
  const stale: string[] = []
  for (const [name, make] of Object.entries(SOURCES)) {
    const path = join(folder, name)
    const current = existsSync(path) && (await sameContent(name, await readFile(path), await make()))
    if (!current) stale.push(name)
  }
  return stale
}

/** One row a tier with the product's cells repeated; a product without tiers has one row with blank tier cells. */
async function productTable(): Promise<Table> {
  const rows = (await readProducts()).flatMap((product) => {
    const tiers = product.pricing as Document[]
    return (tiers.length > 0 ? tiers : [{}]).map((tier) => toRow(HEADER, rowDocument(product, tier)))
  })
  return [HEADER, ...rows]
}

async function readProducts(): Promise<Document[]> {
  const lines = (await readFile(join(FOLDER, 'products.jsonl'), 'utf8')).split('\n')
  return lines.filter((line) => line.trim() && !line.startsWith('#')).map((line) => JSON.parse(line))
}

function rowDocument(product: Document, tier: Document): Document {
  const priced = 'tier_name' in tier ? { currency: 'AED', ...tier, price: tier.price_aed } : {}
  return { active: true, ...product, ...priced }
}

/** `bad.csv` with numbers and booleans as typed cells, and the rows that only a workbook can have. */
async function badTable(): Promise<Table> {
  const csv = await readFile(join(FOLDER, 'bad.csv'))
  const [header, ...rows]: string[][] = parse(csv, { relax_column_count: true })
  const typed = rows.map((row) => row.map((text, index) => typedCell(header[index], text)))
  return [header, ...typed, ...WORKBOOK_ROWS.map((row) => toRow(header, row))]
}

function typedCell(column: string, text: string): CellValue {
  if (text === '') return null
  if (NUMBER_COLUMNS.includes(column) && /^-?\d+(\.\d+)?$/.test(text)) return Number(text)
  return column === 'active' && /^(true|false)$/.test(text) ? text === 'true' : text
}

function toRow(header: string[], document: Document): Table[number] {
  return header.map((name) => {
    const value = document[name] ?? null
    return Array.isArray(value) ? listCell(value) : (value as CellValue | Formula)
  })
}

/** One item a line. An empty list is `[]`, because a blank cell says that there is no list. */
function listCell(items: string[]): string {
  return items.length === 0 ? '[]' : items.join('\n')
}

function toCsv(table: Table): Buffer {
  const text = stringify(table, { cast: { boolean: String }, record_delimiter: 'unix' })
  return Buffer.from(text)
}

async function toXlsx(table: Table): Promise<Buffer> {
  const cells = new Map<string, Partial<Cell>>()
  const rows = table.map((row, rowIndex) =>
    row.map((cell, columnIndex) => {
      if (!isFormula(cell)) return cell
      cells.set(`${rowIndex},${columnIndex}`, cell)
      return null
    }),
  )
  const sheets = [{ name: 'Products', rows, cells, freezePane: { rows: 1 } }]
  return Buffer.from(await writeXlsx({ sheets, stringMode: 'inline', properties: { modified: MADE_AT } }))
}

function isFormula(cell: Table[number][number]): cell is Formula {
  return typeof cell === 'object' && cell !== null && 'formula' in cell
}

/** Workbooks are compared part by part: another machine's zlib may pack the same parts into other bytes. */
async function sameContent(name: string, left: Buffer, right: Buffer): Promise<boolean> {
  if (left.equals(right)) return true
  return name.endsWith('.xlsx') && (await unpack(left)).equals(await unpack(right))
}

/** Names and contents of all entries of a zip archive, one after another. */
async function unpack(archive: Buffer): Promise<Buffer> {
  const zip = await yauzl.fromBufferPromise(archive)
  const parts: Buffer[] = []
  for await (const entry of zip.eachEntry()) {
    parts.push(Buffer.from(entry.fileName))
    for await (const chunk of await zip.openReadStreamPromise(entry)) parts.push(chunk)
  }
  return Buffer.concat(parts)
}

if (import.meta.main) {
  if (process.argv[2] === '--check') {
    const stale = await staleFiles()
    for (const name of stale)
      console.error(`samples/catalog/${name} is stale: run node samples/catalog/build.ts`)
    process.exitCode = stale.length > 0 ? 1 : 0
  } else await buildFiles()
}
