import assert from 'node:assert/strict'
import { test } from 'node:test'
import { streamXlsxRows } from 'hucre/xlsx'
import type { Row } from '../../kernel/field.ts'
import { bytesOf, inChunks, PRODUCT } from '../testing.ts'
import type { Cell, Format } from '../types.ts'
import { type WriteOptions, write } from './index.ts'

const SAFARI: Row = {
  product_id: 'Dubai_Safari',
  product_name: '=Safari "Red Dunes", evening',
  pricing: [
    { tier_name: 'Adult', price_aed: 189, currency: 'AED', validity_start: '2026-10-01', validity_end: null },
    { tier_name: '-10 % Child', price_aed: 99.5, currency: 'AED', validity_start: null, validity_end: null },
  ],
  inclusions: ['Hotel pick-up', '- Lunch'],
  active: true,
  description: 'سفاري\n+971',
  duration_hours: 0.75,
  exclusions: null,
  meeting_point: 'Gate 3',
}
const BARE: Row = {
  product_id: 'Bare',
  product_name: "'quoted'",
  pricing: [],
  inclusions: [],
  active: false,
  description: '',
  duration_hours: -2,
  exclusions: ['[VIP]'],
}
const written = (format: Format, documents: Row[], options?: WriteOptions) =>
  bytesOf(write(format, PRODUCT, inChunks(documents, 1), options))

test('JSON: an array, two spaces of indent, nothing escaped that need not be', async () => {
  const text = String(await written('json', [SAFARI, BARE]))
  assert.equal(text, `${JSON.stringify([SAFARI, BARE], null, 2)}\n`)
  assert.ok(text.includes('سفاري\\n+971'))
  assert.equal(String(await written('json', [])), '[]\n')
})

test('JSON Lines: one document a line', async () => {
  assert.equal(
    String(await written('jsonl', [SAFARI, BARE])),
    `${JSON.stringify(SAFARI)}\n${JSON.stringify(BARE)}\n`,
  )
  assert.equal(String(await written('jsonl', [])), '')
})

const HEADER_LINE = `${PRODUCT.map(({ name }) => name).join(',')}\n`

test('CSV: one row a tier, the record repeated, dangerous texts escaped and quoted', async () => {
  assert.equal(
    String(await written('csv', [SAFARI, BARE])),
    `${HEADER_LINE}Dubai_Safari,"'=Safari ""Red Dunes"", evening",Adult,189,AED,2026-10-01,,"'Hotel pick-up
- Lunch",true,"'سفاري
+971",0.75,,"{""meeting_point"":""Gate 3""}"
Dubai_Safari,"'=Safari ""Red Dunes"", evening","'-10 % Child",99.5,AED,,,"'Hotel pick-up
- Lunch",true,"'سفاري
+971",0.75,,"{""meeting_point"":""Gate 3""}"
Bare,"'quoted'",,,,,,[],false,"""""",-2,"[""[VIP]""]",
`,
  )
})

test('CSV, raw: texts as they are', async () => {
  const text = String(
    await written(
      'csv',
      [
        { ...BARE, product_name: '=1' },
        { ...BARE, product_name: "'=1" },
      ],
      { profile: 'raw' },
    ),
  )
  assert.equal(
    text,
    `${HEADER_LINE}Bare,=1,,,,,,[],false,"""""",-2,"[""[VIP]""]",\nBare,"''=1",,,,,,[],false,"""""",-2,"[""[VIP]""]",\n`,
  )
})

test('without documents there is a header', async () => {
  assert.equal(String(await written('csv', [])), HEADER_LINE)
  assert.deepEqual(await sheetOf(await written('xlsx', [])), [PRODUCT.map(({ name }) => name)])
})

test('XLSX: numbers are numbers, texts inline and never formulas', async () => {
  const [, adult, child, bare] = await sheetOf(
    await written('xlsx', [SAFARI, BARE], { sheet: 'Tours: [all]' }),
  )
  assert.deepEqual(adult.slice(0, 5), ['Dubai_Safari', '=Safari "Red Dunes", evening', 'Adult', 189, 'AED'])
  assert.deepEqual(child.slice(2, 4), ['-10 % Child', 99.5])
  assert.deepEqual(bare.slice(7, 11), ['[]', false, '""', -2])
})

test('XLSX: what a sheet cannot hold is an error that names it', async () => {
  const long = written('xlsx', [{ ...BARE, description: 'x'.repeat(32_768) }])
  const message =
    'description of Bare has 32768 characters; a cell of a spreadsheet holds 32767. Export as csv, json or jsonl.'
  await assert.rejects(long, { name: 'Problem', code: 'export.cell', message })
  await written('xlsx', [{ ...BARE, description: 'x'.repeat(32_767) }])
})

for (const format of ['json', 'jsonl', 'csv', 'xlsx'] as const) {
  test(`${format}: an error of the documents is an error of the file`, async () => {
    async function* failing(): AsyncGenerator<Row[]> {
      yield [BARE]
      throw new Error('the database is gone')
    }
    await assert.rejects(bytesOf(write(format, PRODUCT, failing())), /the database is gone/)
  })

  test(`${format}: who stops reading ends the documents`, async () => {
    let ended = false
    async function* endless(): AsyncGenerator<Row[]> {
      try {
        for (let index = 0; ; index++)
          yield Array.from({ length: 500 }, () => ({
            ...BARE,
            description: String(Math.sin(index)).repeat(50),
          }))
      } finally {
        ended = true
      }
    }
    let pieces = 0
    for await (const _ of write(format, PRODUCT, endless())) if (++pieces === 3) break
    await new Promise(setImmediate)
    assert.equal(ended, true)
  })
}

async function sheetOf(bytes: Buffer): Promise<Cell[][]> {
  const rows: Cell[][] = []
  for await (const { values } of streamXlsxRows(bytes))
    rows.push(values.map((value) => (value ?? null) as Cell))
  return rows
}
