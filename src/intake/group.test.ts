import assert from 'node:assert/strict'
import { test } from 'node:test'
import { entries } from './entries.ts'
import { cellFile, collect, PRODUCT } from './testing.ts'
import type { Cell, CellRow, Entry, Mapping } from './types.ts'

const HEADER = ['product_id', 'product_name', 'tier_name', 'price', 'inclusions', 'description']

async function read(
  header: string[],
  rows: Cell[][],
  options: { mapping?: Mapping; format?: 'csv' | 'xlsx' } = {},
) {
  const file = cellFile(header, rows, options.format ? { format: options.format } : {})
  return collect(entries(file, PRODUCT, options.mapping))
}

const documents = (list: Entry[]) => list.map((entry) => entry.document)
const faults = (list: Entry[]) =>
  list.map((entry) => entry.faults.map(({ code, path }) => `${code} ${path}`.trim()))

test('neighbouring rows of one key are one record with its items', async () => {
  const list = await read(HEADER, [
    ['A', 'Tour A', 'Adult', '149', 'Guide\nWater', 'long'],
    ['A', 'Tour A', 'Child', '99.50', 'Guide\nWater', ''],
    ['A', '', 'Infant', '0', null, null],
    ['B', 'Tour B', 'Adult', '20', 'Guide', ''],
  ])
  assert.deepEqual(documents(list), [
    {
      product_id: 'A',
      product_name: 'Tour A',
      inclusions: ['Guide', 'Water'],
      description: 'long',
      pricing: [
        { tier_name: 'Adult', price_aed: '149' },
        { tier_name: 'Child', price_aed: '99.50' },
        { tier_name: 'Infant', price_aed: '0' },
      ],
    },
    {
      product_id: 'B',
      product_name: 'Tour B',
      inclusions: ['Guide'],
      description: null,
      pricing: [{ tier_name: 'Adult', price_aed: '20' }],
    },
  ])
  assert.deepEqual(faults(list), [[], []])
  assert.deepEqual(
    list.map(({ position, address, lenient, warnings }) => ({ position, address, lenient, warnings })),
    [
      { position: 0, address: { line: 2 }, lenient: true, warnings: [] },
      { position: 1, address: { line: 5 }, lenient: true, warnings: [] },
    ],
  )
  assert.deepEqual(list[0].source, {
    rows: [
      ['A', 'Tour A', 'Adult', '149', 'Guide\nWater', 'long'],
      ['A', 'Tour A', 'Child', '99.50', 'Guide\nWater', ''],
      ['A', '', 'Infant', '0', null, null],
    ],
    numbers: [2, 3, 4],
  })
})

test('rows without a value of the list add no item; a file without its columns has no list', async () => {
  const blank = await read(HEADER, [['A', 'Tour A', null, ' ', 'Guide', null]])
  assert.deepEqual((blank[0].document as { pricing: unknown }).pricing, [])
  const none = await read(
    ['product_id', 'product_name'],
    [
      ['A', 'Tour A'],
      ['A', 'Tour A2'],
    ],
  )
  assert.deepEqual(documents(none), [
    { product_id: 'A', product_name: 'Tour A' },
    { product_id: 'A', product_name: 'Tour A2' },
  ])
  assert.deepEqual(faults(none), [[], []])
})

test('a row that only fills cells of the list continues the record above', async () => {
  const list = await read(HEADER, [
    ['A', 'Tour A', 'Adult', '149', 'Guide', ''],
    ['', '', 'Child', '99', '', ''],
    ['', 'Nameless', 'Adult', '1', '', ''],
    ['', '', '', '', '', ''],
    ['', '', 'Child', '2', '', ''],
  ])
  assert.deepEqual(
    documents(list).map((document) => {
      const { product_id, product_name, pricing } = document as {
        product_id: unknown
        product_name: unknown
        pricing: unknown[]
      }
      return [product_id, product_name, pricing.length]
    }),
    [
      ['A', 'Tour A', 2],
      [null, 'Nameless', 2],
    ],
  )
})

test('keys are compared trimmed and in one Unicode form, never by case', async () => {
  const list = await read(
    ['product_id', 'tier_name'],
    [
      ['Café', 'a'],
      [' Cafe\u0301 ', 'b'],
      ['café', 'c'],
    ],
  )
  assert.equal(list.length, 2)
  assert.deepEqual(faults(list), [[], []])
})

test('rows of a key that stand apart are refused at the later place', async () => {
  const list = await read(
    ['product_id', 'tier_name'],
    [
      ['A', 'Adult'],
      ['B', 'Adult'],
      ['A', 'Child'],
      ['B', 'Child'],
      ['C', 'Adult'],
    ],
  )
  assert.deepEqual(faults(list), [[], [], ['row.scattered'], ['row.scattered'], []])
  assert.match(
    list[2].faults[0].detail,
    /^line 4 belongs to the record that begins at line 2, but other records stand between/,
  )
})

test('a record of very many rows is refused in pieces, and keeps every row', async () => {
  const rows = Array.from({ length: 12_001 }, (_, index) => ['A', `tier ${index}`])
  const list = await read(['product_id', 'tier_name'], [...rows, ['B', 'x']])
  assert.deepEqual(faults(list), [['row.limit'], ['row.limit', 'row.limit'], ['row.limit'], []])
  assert.equal(
    list.reduce((sum, { source }) => sum + (source as { rows: unknown[] }).rows.length, 0),
    12_002,
  )
})

test('reading stops when the reader of the records does', async () => {
  let ended = false
  async function* endless(): AsyncGenerator<CellRow[]> {
    try {
      for (let line = 2; ; line++) yield [{ address: { line }, cells: [`P${line}`, 'x'], faults: [] }]
    } finally {
      ended = true
    }
  }
  const { head } = cellFile(['product_id', 'tier_name'], [])
  for await (const _ of entries({ head, rows: endless() }, PRODUCT)) break
  assert.equal(ended, true)
})
