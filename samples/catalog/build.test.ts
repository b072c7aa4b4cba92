import assert from 'node:assert/strict'
import { cp, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { parse } from 'csv-parse/sync'
import { readXlsx } from 'hucre/xlsx'
import iconv from 'iconv-lite'
import { buildFiles, staleFiles } from './build.ts'

type Tier = Record<string, unknown> & { tier_name: string; price_aed: number; currency: string }
type Product = Record<string, unknown> & { product_id: string; pricing: Tier[] }

const FOLDER = import.meta.dirname
const text = await readFile(join(FOLDER, 'products.jsonl'), 'utf8')
const products: Product[] = text
  .split('\n')
  .filter((line) => line.trim() && !line.startsWith('#'))
  .map((line) => JSON.parse(line))
const tiers = products.flatMap((product) => product.pricing)

const CATEGORIES =
  'Adventure,Sightseeing,Family,Cultural,Luxury,Concierge,Culinary,Water Sports,Cruise'.split(',')
const CITIES = ['Dubai', 'Abu Dhabi', 'Dubai (Desert)', 'Dibba / Oman']

const AT_LEAST: [what: string, count: number, least: number][] = [
  ['products', new Set(products.map((product) => product.product_id)).size, 44],
  ['tiers', tiers.length, 90],
  [
    'products with Arabic text',
    products.filter((each) => /\p{Script=Arabic}/u.test(JSON.stringify(each))).length,
    6,
  ],
  ['names with accents', products.filter((each) => /[éèêñü]/.test(String(each.product_name))).length, 1],
  [
    'products with an emoji',
    products.filter((each) => /\p{Extended_Pictographic}/u.test(JSON.stringify(each))).length,
    1,
  ],
  ['free tiers', tiers.filter((tier) => tier.price_aed === 0).length, 5],
  [
    'inactive products without tiers',
    products.filter((each) => each.active === false && each.pricing.length === 0).length,
    3,
  ],
  [
    'rial prices with three decimals',
    tiers.filter((tier) => tier.currency === 'OMR' && /\.\d{3}$/.test(String(tier.price_aed))).length,
    1,
  ],
  ['dollar prices', tiers.filter((tier) => tier.currency === 'USD').length, 1],
  ['expired tiers', tiers.filter((tier) => String(tier.validity_end) < '2026-10-01').length, 2],
  [
    'future tiers',
    tiers.filter((tier) => tier.validity_start && String(tier.validity_start) > '2027-01-01').length,
    5,
  ],
  [
    'policies of several lines',
    products.filter((each) => String(each.booking_policy).includes('\n')).length,
    20,
  ],
  ['products with a source', products.filter((each) => Array.isArray(each.source_document)).length, 50],
]
for (const [what, count, least] of AT_LEAST)
  test(`there are at least ${least} ${what}`, () => assert.ok(count >= least, `there are ${count}`))

test('every category, the cities and the odd durations occur', () => {
  const values = (field: string) => new Set(products.map((product) => product[field]))
  assert.deepEqual(
    CATEGORIES.filter((name) => !values('category').has(name)),
    [],
  )
  assert.deepEqual(
    CITIES.filter((name) => !values('destination_city').has(name)),
    [],
  )
  assert.deepEqual(
    [0.17, 0.75, 5.5, 16].filter((hours) => !values('duration_hours').has(hours)),
    [],
  )
})

test('the master is sound: NFC, active products have tiers, tiers are ordered in time and exact in money', () => {
  assert.equal(text, text.normalize('NFC'))
  for (const product of products)
    assert.ok(product.active === false || product.pricing.length > 0, product.product_id)
  for (const { price_aed, currency, validity_start: start, validity_end: end } of tiers) {
    assert.match(String(price_aed), currency === 'OMR' ? /^\d+(\.\d{1,3})?$/ : /^\d+(\.\d{1,2})?$/)
    for (const date of [start, end]) assert.ok(date === null || isDate(String(date)), String(date))
    assert.ok(start === null || end === null || String(start) <= String(end))
  }
})

test('the derived files are up to date, and a stale or missing one is noticed', async () => {
  assert.deepEqual(await staleFiles(), [])
  const folder = await mkdtemp(join(tmpdir(), 'serai-samples-'))
  try {
    assert.deepEqual(await staleFiles(folder), ['products.csv', 'products.xlsx', 'bad.xlsx'])
    await cp(FOLDER, folder, { recursive: true })
    await writeFile(join(folder, 'products.csv'), 'product_id\n')
    await cp(join(folder, 'bad.xlsx'), join(folder, 'products.xlsx'))
    assert.deepEqual(await staleFiles(folder), ['products.csv', 'products.xlsx'])
    await buildFiles(folder)
    for (const name of ['products.csv', 'products.xlsx', 'bad.xlsx'])
      assert.deepEqual(await readFile(join(folder, name)), await readFile(join(FOLDER, name)), name)
  } finally {
    await rm(folder, { recursive: true })
  }
})

test('CSV and XLSX hold the same cells, one row a tier', async () => {
  const csv: string[][] = parse(await readFile(join(FOLDER, 'products.csv')))
  const [sheet] = (await readXlsx(await readFile(join(FOLDER, 'products.xlsx')))).sheets
  assert.equal(
    csv.length,
    1 + products.reduce((sum, product) => sum + Math.max(1, product.pricing.length), 0),
  )
  assert.deepEqual(
    sheet.rows.map((row) => row.map((cell) => String(cell ?? ''))),
    csv,
  )
  const price = csv[0].indexOf('price')
  assert.ok(sheet.rows.slice(1).every((row) => row[price] === null || typeof row[price] === 'number'))
})

test('rows of one product stand together and give its tiers and lists back', async () => {
  const rows: Record<string, string>[] = parse(await readFile(join(FOLDER, 'products.csv')), {
    columns: true,
  })
  for (const product of products) {
    const own = rows.filter((row) => row.product_id === product.product_id)
    const priced = own
      .filter((row) => row.tier_name)
      .map((row) => [row.tier_name, Number(row.price), row.currency])
    assert.deepEqual(
      priced,
      product.pricing.map((tier) => [tier.tier_name, tier.price_aed, tier.currency]),
    )
    for (const row of own) assert.deepEqual(listOf(row.inclusions), product.inclusions)
  }
})

test('the price list is windows-1252 with decimal commas, and names products of the master', async () => {
  const bytes = await readFile(join(FOLDER, 'price-list.csv'))
  assert.throws(() => new TextDecoder('utf-8', { fatal: true }).decode(bytes))
  const rows: Record<string, string>[] = parse(iconv.decode(bytes, 'windows-1252'), {
    columns: true,
    delimiter: ';',
  })
  for (const row of rows) {
    const product = products.find((each) => each.product_id === row['Product ID'])
    assert.equal(product?.product_name, row['Tour name'])
    assert.match(row['Price (AED)'], /^\d+,\d\d$/)
    assert.match(row['Valid from'], /^\d\d\.\d\d\.20\d\d$/)
  }
  assert.deepEqual(changedBy(rows), [
    'Dubai_DesertSafari_Evening',
    'Dubai_DuneBuggy',
    'Dubai_OvernightDesertCamp',
  ])
})

test('README counts what is there', async () => {
  const suppliers = new Set(products.flatMap((product) => product.supplier_name ?? [])).size
  const readme = await readFile(join(FOLDER, 'README.md'), 'utf8')
  assert.ok(readme.includes(`${products.length} products, ${tiers.length} tiers, ${suppliers} suppliers`))
})

test('every bad line is named by a comment above it', async () => {
  const lines = (await readFile(join(FOLDER, 'bad.jsonl'), 'utf8')).trimEnd().split('\n')
  const rows = lines.filter((line) => line && !line.startsWith('#'))
  assert.equal(rows.length, 48)
  for (const [index, line] of lines.entries())
    if (line && !line.startsWith('#')) assert.match(lines[index - 1], /^# /, `line ${index + 1}`)
})

test('the first twelve are counted as the statistics expect', async () => {
  const twelve: Product[] = JSON.parse(await readFile(join(FOLDER, 'first-twelve.json'), 'utf8'))
  assert.equal(twelve.length, 12)
  assert.ok(twelve.every((product) => product.active === true))
  assert.deepEqual(counts(twelve, 'category'), { Sightseeing: 4, Cultural: 5, Adventure: 2, Family: 1 })
  assert.deepEqual(counts(twelve, 'destination_city'), { Dubai: 8, 'Abu Dhabi': 4 })
})

function isDate(value: string): boolean {
  return /^\d{4}-\d\d-\d\d$/.test(value) && new Date(`${value}T00:00:00Z`).toISOString().startsWith(value)
}

function listOf(cell: string): string[] {
  return cell === '[]' ? [] : cell.split('\n')
}

/** Ids of the products whose prices, tiers or duration differ in the list, sorted. */
function changedBy(rows: Record<string, string>[]): string[] {
  const ids = [...new Set(rows.map((row) => row['Product ID']))].sort()
  const number = (value: string) => Number(value.replace(',', '.'))
  return ids.filter((id) => {
    const product = products.find((each) => each.product_id === id)!
    const own = rows.filter((row) => row['Product ID'] === id)
    const listed = own.map((row) => [
      row.Tier,
      number(row['Price (AED)']),
      isoDate(row['Valid from']),
      isoDate(row['Valid to']),
    ])
    const known = product.pricing.map((tier) => [
      tier.tier_name,
      tier.price_aed,
      tier.validity_start,
      tier.validity_end,
    ])
    return (
      JSON.stringify(listed) !== JSON.stringify(known) ||
      own.some((row) => number(row['Duration (h)']) !== product.duration_hours)
    )
  })
}

function isoDate(value: string): string {
  return value.split('.').reverse().join('-')
}

function counts(list: Product[], field: string): Record<string, number> {
  const found: Record<string, number> = {}
  for (const product of list) found[String(product[field])] = (found[String(product[field])] ?? 0) + 1
  return found
}
