import assert from 'node:assert/strict'
import { test } from 'node:test'
import { entries } from './entries.ts'
import { cellFile, collect, inChunks, PRODUCT } from './testing.ts'
import type { Cell, CellRow } from './types.ts'

const HEADER = ['product_id', 'product_name', 'tier_name', 'price', 'inclusions', 'description']

async function read(header: string[], rows: Cell[][], format: 'csv' | 'xlsx' = 'csv') {
  return collect(entries(cellFile(header, rows, { format }), PRODUCT))
}

test('every value knows its cell', async () => {
  const [entry] = await read(
    HEADER,
    [
      ['A', 'Tour A', 'Adult', 149, 'Guide', null],
      ['A', null, null, null, null, null],
      ['A', null, 'Child', 99, null, null],
    ],
    'xlsx',
  )
  assert.deepEqual(entry.origin, {
    product_id: { row: 2, column: 'A' },
    product_name: { row: 2, column: 'B' },
    inclusions: { row: 2, column: 'E' },
    description: { row: 2, column: 'F' },
    'pricing[0].tier_name': { row: 2, column: 'C' },
    'pricing[0].price_aed': { row: 2, column: 'D' },
    'pricing[1].tier_name': { row: 4, column: 'C' },
    'pricing[1].price_aed': { row: 4, column: 'D' },
  })
  assert.deepEqual(entry.address, { sheet: 'Tours', row: 2 })
})

test('differing repeats are refused and name both cells', async () => {
  const rows = [
    ['A', 'Tour A', 'Adult', '149', 'Guide', ''],
    ['A', 'Tour B', 'Child', '99', ' Guide ', 'late'],
  ]
  const [csv] = await read(HEADER, rows)
  assert.deepEqual(csv.faults, [
    {
      path: 'product_name',
      code: 'cell.repeat',
      detail:
        'rows of one record differ: line 3 (product_name) says "Tour B", line 2 (product_name) says "Tour A"; make them equal or leave the later one blank',
      raw: 'Tour B',
    },
  ])
  assert.deepEqual(csv.origin?.product_name, { row: 3, column: 'B' })
  assert.equal((csv.document as { description: string }).description, 'late')
  const [xlsx] = await read(HEADER, rows, 'xlsx')
  assert.match(xlsx.faults[0].detail, /cell B3 says "Tour B", cell B2 says "Tour A"/)
})

test('faults of the reader go to the member that the cell was for', async () => {
  const file = cellFile(HEADER, [])
  const row = (line: number, cells: Cell[], path: string): CellRow => ({
    address: { line },
    cells,
    faults: [{ path, code: 'cell.error', detail: `the cell holds an error (line ${line})` }],
  })
  const rows = inChunks(
    [
      row(2, ['A', 'Tour A', null, null, 'Guide', null], 'price'),
      row(3, ['A', null, 'Child', null, null, null], 'price'),
      row(4, ['A', null, null, null, null, null], 'product_name'),
      row(5, ['A', null, 'x', '5', null, null], ''),
    ],
    1,
  )
  const [entry] = await collect(entries({ head: file.head, rows }, PRODUCT))
  assert.deepEqual(
    entry.faults.map(({ path }) => path),
    ['pricing', 'pricing[0].price_aed', 'product_name', ''],
  )
  const { pricing, product_name } = entry.origin ?? {}
  assert.deepEqual(
    [pricing, product_name],
    [
      { row: 2, column: 'D' },
      { row: 4, column: 'B' },
    ],
  )
  assert.deepEqual(entry.origin?.['pricing[0].price_aed'], { row: 3, column: 'D' })
})

test('a blank row with a fault is still a row', async () => {
  const file = cellFile(HEADER, [])
  const rows = inChunks<CellRow>(
    [{ address: { line: 2 }, cells: [null], faults: [{ path: '', code: 'row.ragged', detail: 'x' }] }],
    1,
  )
  const list = await collect(entries({ head: file.head, rows }, PRODUCT))
  assert.deepEqual(
    list.map(({ faults }) => faults.map(({ code }) => code)),
    [['row.ragged']],
  )
})

test('numbers that a spreadsheet may have rounded are doubted', async () => {
  const [entry] = await read(['product_id', 'price'], [[1234567890123456, 149]], 'xlsx')
  assert.equal((entry.document as { product_id: string }).product_id, '1234567890123456')
  assert.deepEqual(
    entry.warnings.map(({ code, path }) => [code, path]),
    [['cell.digits', 'product_id']],
  )
})
