import assert from 'node:assert/strict'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { generateProducts, type ProductDocument, writeJsonl } from './products.ts'

const COUNT = 5_000
const products = [...generateProducts(COUNT)]

test('the same seed gives the same products, whatever the count; another seed gives others', () => {
  assert.deepEqual([...generateProducts(10)], products.slice(0, 10))
  assert.notDeepEqual([...generateProducts(10, 2)], products.slice(0, 10))
})

test('ids are unique and readable', () => {
  assert.equal(new Set(products.map((each) => each.product_id)).size, COUNT)
  for (const { product_id } of products) assert.match(product_id, /^[A-Za-z]+_[A-Za-z]+_\d{6}$/)
})

test('each product has 1 to 4 tiers of different names with exact prices', () => {
  for (const { pricing } of products) {
    assert.ok(pricing.length >= 1 && pricing.length <= 4)
    assert.equal(new Set(pricing.map((tier) => tier.tier_name)).size, pricing.length)
    for (const tier of pricing) assert.match(String(tier.price_aed), /^\d+(\.\d{1,2})?$/)
  }
})

const SPREAD: [field: keyof ProductDocument, values: number][] = [
  ['category', 9],
  ['destination_city', 12],
  ['supplier_name', 60],
  ['active', 2],
]
for (const [field, values] of SPREAD)
  test(`${field} takes ${values} values`, () =>
    assert.equal(new Set(products.map((each) => each[field])).size, values))

test('a file of 1,234 products has as many lines of about 1 kB', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'serai-bench-'))
  try {
    const path = join(folder, 'products.jsonl')
    await writeJsonl(path, 1_234)
    const text = await readFile(path, 'utf8')
    const lines = text.trimEnd().split('\n')
    assert.deepEqual(
      lines.map((line) => JSON.parse(line)),
      products.slice(0, 1_234),
    )
    assert.ok(text.length / lines.length > 800 && text.length / lines.length < 1_300)
  } finally {
    await rm(folder, { recursive: true })
  }
})
