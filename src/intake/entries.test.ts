import assert from 'node:assert/strict'
import { test } from 'node:test'
import { entries } from './entries.ts'
import { cellFile, collect, documentFile, PRODUCT } from './testing.ts'
import type { Cell, FileHead, Mapping, SourceRow } from './types.ts'

async function documentsOf(
  header: string[],
  rows: Cell[][],
  mapping?: Mapping,
  head: Partial<FileHead> = {},
) {
  const file = cellFile(header, rows, head)
  const list = await collect(entries(file, PRODUCT, mapping))
  return {
    documents: list.map((entry) => entry.document),
    warnings: file.head.warnings,
    faults: list.flatMap(({ faults }) => faults),
  }
}

test('documents go through as they are, without the reasons of a rejects file', async () => {
  const fault = { path: 'price', code: 'number.precision', detail: 'x' }
  const rows: SourceRow[] = [
    { address: { line: 1 }, document: { product_id: 'A', pricing: [], _errors: ['line 1: x'] }, faults: [] },
    { address: { line: 9 }, document: { product_id: 'B' }, faults: [fault] },
    { address: { line: 12 }, document: 5, faults: [] },
  ]
  assert.deepEqual(await collect(entries(documentFile('json', rows), PRODUCT)), [
    {
      position: 0,
      address: { line: 1 },
      document: { product_id: 'A', pricing: [] },
      lenient: false,
      source: { product_id: 'A', pricing: [] },
      faults: [],
      warnings: [],
    },
    {
      position: 1,
      address: { line: 9 },
      document: { product_id: 'B' },
      lenient: false,
      source: { product_id: 'B' },
      faults: [fault],
      warnings: [],
    },
    { position: 2, address: { line: 12 }, document: 5, lenient: false, source: 5, faults: [], warnings: [] },
  ])
})

test('a line that is no JSON is kept as its text', async () => {
  const syntax = { path: '', code: 'json.syntax', detail: 'expected "}"', raw: '{"a":' }
  const rows: SourceRow[] = [
    { address: { line: 7 }, document: null, faults: [syntax] },
    { address: { line: 8 }, document: '{"b":', faults: [syntax] },
    { address: { line: 9 }, document: null, faults: [{ path: '', code: 'row.type', detail: 'x' }] },
  ]
  const list = await collect(entries(documentFile('jsonl', rows), PRODUCT))
  assert.deepEqual(
    list.map(({ source }) => source),
    ['{"a":', '{"b":', null],
  )
})

test('unknown columns stay under their own header, with one warning each; blank cells of them are nothing', async () => {
  const { documents, warnings } = await documentsOf(
    ['product_id', 'Meeting point', 'prodct_name', '__proto__', 'column 5'],
    [
      ['A', 'Abra', 'x', 'y', ''],
      ['B', '', null, '', ' '],
    ],
  )
  assert.deepEqual(documents, [
    JSON.parse('{"product_id": "A", "Meeting point": "Abra", "prodct_name": "x", "__proto__": "y"}'),
    { product_id: 'B' },
  ])
  assert.deepEqual(warnings, [
    {
      path: 'Meeting point',
      code: 'field.unknown',
      detail: 'the column "Meeting point" is not a known field (kept as it is)',
    },
    {
      path: 'prodct_name',
      code: 'field.unknown',
      detail: 'the column "prodct_name" is not a known field; did you mean product_name? (kept as it is)',
      suggestion: 'product_name',
    },
    {
      path: '__proto__',
      code: 'field.unknown',
      detail: 'the column "__proto__" is not a known field (kept as it is)',
    },
    {
      path: 'column 5',
      code: 'field.unknown',
      detail: 'the column "column 5" is not a known field (kept as it is)',
    },
  ])
})

test('warnings of a file end at a hundred', async () => {
  const header = ['product_id', ...Array.from({ length: 150 }, (_, index) => `Unknown ${index}`)]
  const { warnings } = await documentsOf(header, [], undefined, {
    warnings: [{ path: '', code: 'x', detail: 'x' }],
  })
  assert.equal(warnings.length, 100)
})

test('a column that is left out is not in the document', async () => {
  const { documents, warnings } = await documentsOf(['product_id', 'name', 'Notes'], [['A', 'x', 'y']], {
    columns: { Notes: null, name: null },
  })
  assert.deepEqual(documents, [{ product_id: 'A' }])
  assert.deepEqual(warnings, [])
})

test('constants go to every record and item, transforms to their cells', async () => {
  const mapping: Mapping = {
    columns: {
      Nr: 'product_id',
      Beginn: 'validity_start',
      Enthalten: 'inclusions',
      Preis: 'price',
      Dauer: 'duration_hours',
    },
    constants: { active: 'true', currency: 'OMR', exclusions: '[]' },
    transforms: {
      product_id: [{ kind: 'trim' }, { kind: 'upper' }],
      validity_start: [{ kind: 'date_order', order: 'dmy' }],
      inclusions: [{ kind: 'split', separator: ';' }],
      duration_hours: [{ kind: 'decimal', sign: '.' }],
    },
  }
  const header = ['Nr', 'Beginn', 'Enthalten', 'Preis', 'Dauer']
  const rows = [
    [' dxb-1 ', '01/10/2026', 'Guide; Water', '1.149,50', '2.5'],
    ['Dxb-1', '', '', '99,00', ''],
  ]
  const { documents, faults } = await documentsOf(header, rows, mapping, { decimal: ',' })
  assert.deepEqual(faults, [])
  assert.deepEqual(documents, [
    {
      product_id: 'DXB-1',
      inclusions: ['Guide', 'Water'],
      duration_hours: '2.5',
      active: 'true',
      exclusions: [],
      pricing: [
        { validity_start: '2026-10-01', price_aed: '1149.50', currency: 'OMR' },
        { validity_start: null, price_aed: '99.00', currency: 'OMR' },
      ],
    },
  ])
})

test('constants of a list make no item', async () => {
  const { documents } = await documentsOf(['product_id', 'price'], [['A', '']], {
    columns: {},
    constants: { currency: 'OMR' },
  })
  assert.deepEqual(documents, [{ product_id: 'A', pricing: [] }])
})

const REFUSED: [mapping: Mapping, message: string][] = [
  [
    { columns: { Name: 'product_nam' } },
    'the mapping names the field product_nam, which does not exist; did you mean product_name?',
  ],
  [
    { columns: { Nmae: 'product_name' } },
    'the mapping names the column "Nmae", which the file does not have; did you mean "Name"?',
  ],
  [
    { columns: { Id: null } },
    'no column of the file gives product_id, which identifies a record; it has: Id, Name',
  ],
]

for (const [mapping, message] of REFUSED)
  test(`refused: ${message}`, async () => {
    const reading = collect(entries(cellFile(['Id', 'Name'], [['A', 'x']]), PRODUCT, mapping))
    await assert.rejects(reading, {
      name: 'IntakeError',
      code: 'mapping.invalid',
      message: `the columns of products.csv cannot be mapped: ${message}`,
    })
  })

const OURS = PRODUCT.map(({ name }) => name)
const APOSTROPHES: [header: string[], name: string][] = [
  [OURS, '=1'],
  [['product_name', 'product_id', '_errors'], '=1'],
  [['product_id', 'product_name'], "'=1"],
  [OURS.slice(1).concat('product_id'), "'=1"],
]

for (const [header, name] of APOSTROPHES)
  test(`the apostrophe of an escaped text under ${header.join(',')}`, async () => {
    const row = header.map((each) => (each === 'product_id' ? 'A' : each === 'product_name' ? "'=1" : null))
    const { documents } = await documentsOf(header, [row])
    assert.equal((documents[0] as { product_name: string }).product_name, name)
  })
