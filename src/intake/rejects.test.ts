import assert from 'node:assert/strict'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { parse } from 'csv-parse/sync'
import fc from 'fast-check'
import { streamXlsxRows } from 'hucre/xlsx'
import { entries } from './entries.ts'
import { openFile } from './open.ts'
import { type Reject, writeRejects } from './rejects.ts'
import { bytesOf, cellFile, collect, documentFile, PRODUCT } from './testing.ts'
import type { Cell, Entry, FileHead, OpenedFile } from './types.ts'

const { head: JSON_HEAD } = documentFile('json', [])
const NEGATIVE = { path: 'pricing[1].price_aed', code: 'price.min', detail: 'must be >= 0, got -5' }
const UNKNOWN = { path: 'currency', code: 'currency.unknown', detail: 'is unknown: DHS', suggestion: 'AED' }
const UNNAMED = { path: 'product_name', code: 'product_name.required', detail: 'is required' }

async function written(head: FileHead, rejects: Reject[]): Promise<string> {
  return String(await bytesOf(writeRejects(head, each(rejects))))
}

async function* each<Item>(items: Item[]): AsyncGenerator<Item> {
  yield* items
}

/** What the engine makes of an entry that it refuses: the cell of each fault is known by its path. */
function refused(entry: Entry, faults: Reject['faults']): Reject {
  const cells = faults.map((found) => ({
    ...found,
    ...(entry.origin?.[found.path] ? { cell: entry.origin[found.path] } : {}),
  }))
  return { source: JSON.parse(JSON.stringify(entry.source)), address: entry.address, faults: cells }
}

async function all(file: OpenedFile): Promise<Entry[]> {
  return collect(entries(file, PRODUCT))
}

test('JSON: the documents with their reasons', async () => {
  const text = await written(JSON_HEAD, [
    { source: { product_id: 'A', name: 'قصر' }, faults: [NEGATIVE, UNNAMED, UNKNOWN], address: { line: 41 } },
    {
      source: [1],
      faults: [{ path: '', code: 'row.type', detail: 'must be an object' }],
      address: { line: 58 },
    },
  ])
  assert.equal(
    text,
    `[
  {
    "product_id": "A",
    "name": "قصر",
    "_errors": [
      "line 41, pricing[1].price_aed: must be >= 0, got -5",
      "line 41, product_name: is required",
      "line 41, currency: is unknown: DHS; did you mean AED?"
    ]
  },
  {
    "_record": [
      1
    ],
    "_errors": [
      "line 58: must be an object"
    ]
  }
]
`,
  )
})

test('JSON Lines: what was no JSON stands as it was, under its reason', async () => {
  const syntax = { path: '', code: 'json.syntax', detail: 'expected\n"}"', raw: '{"a":' }
  const text = await written({ ...JSON_HEAD, format: 'jsonl' }, [
    { source: { product_id: 'A' }, faults: [UNNAMED], address: { line: 3 } },
    {
      source: '{"product_id": "B", ',
      faults: [syntax, { path: '', code: 'row.type', detail: 'must be an object' }],
      address: { line: 7 },
    },
    {
      source: 'text',
      faults: [{ path: '', code: 'row.type', detail: 'line 9 is a text' }],
      address: { line: 9 },
    },
  ])
  assert.equal(
    text,
    `{"product_id":"A","_errors":["line 3, product_name: is required"]}
# line 7: expected "}"; line 7: must be an object
{"product_id": "B", 
# line 9 is a text
"text"
`,
  )
})

const HEADER = ['product_id', 'Tour name', 'tier', 'Price', 'Notes']

test('CSV: the same columns and delimiter, each reason in the row of its cell', async () => {
  const file = cellFile(HEADER, [
    ['A', '=1+1', 'Adult', '149,00', 'a;b'],
    ['A', '', 'Child', '-5', ''],
    ['A', '', 'Infant', '0', ''],
    ['B', '', 'Adult', '1', ''],
  ])
  const [first, second] = await all(file)
  const text = await written({ ...file.head, delimiter: ';' }, [
    refused(first, [NEGATIVE, { path: 'pricing', code: 'x', detail: 'is strange' }]),
    refused(second, [UNNAMED]),
  ])
  assert.equal(
    text,
    `product_id;Tour name;tier;Price;Notes;_errors
A;"'=1+1";Adult;149,00;"a;b";line 2, pricing: is strange
A;;Child;-5;;line 3, Price: must be >= 0, got -5
A;;Infant;0;;
B;;Adult;1;;line 5, Tour name: is required
`,
  )
})

test('CSV: a file in an older encoding is answered with a byte order mark', async () => {
  const { head } = cellFile(HEADER, [])
  assert.equal(
    await written({ ...head, encoding: 'windows-1256' }, []),
    '\ufeffproduct_id,Tour name,tier,Price,Notes,_errors\n',
  )
  assert.equal(
    await written({ ...head, encoding: 'utf-8' }, []),
    'product_id,Tour name,tier,Price,Notes,_errors\n',
  )
})

test('CSV: rows that are too short or too long keep every cell', async () => {
  const file = cellFile(['product_id', 'name'], [['A'], ['B', 'x', 'stray']])
  const list = await all(file)
  const found = [{ path: '', code: 'row.ragged', detail: 'the row at line 2 has another number of cells' }]
  assert.equal(
    await written(
      file.head,
      list.map((entry) => refused(entry, found)),
    ),
    `product_id,name,_errors
A,,the row at line 2 has another number of cells
B,x,line 3: the row at line 2 has another number of cells,stray
`,
  )
})

test('a rejects file that is refused again keeps one column of reasons, where it was', async () => {
  const file = cellFile(['product_id', '_errors', 'name'], [['A', 'line 9: old reason', "'=1"]])
  const [entry] = await all(file)
  assert.equal(
    await written(file.head, [refused(entry, [UNNAMED])]),
    `product_id,_errors,name\nA,"line 2, name: is required","'=1"\n`,
  )
})

test('XLSX: typed cells stay typed, the sheet keeps its name', async () => {
  const file = cellFile(HEADER, [['A', "'=1", 'Adult', -5, true]], { format: 'xlsx' })
  const [entry] = await all(file)
  const many = Array.from({ length: 2_000 }, (_, index) => ({
    path: '',
    code: 'x',
    detail: `reason number ${index}`,
  }))
  const bytes = await bytesOf(
    writeRejects(file.head, each([refused(entry, [{ ...NEGATIVE, path: 'pricing[0].price_aed' }, ...many])])),
  )
  const rows: Cell[][] = []
  for await (const { values } of streamXlsxRows(bytes, { sheet: 'Tours' })) rows.push(values as Cell[])
  assert.deepEqual(rows[0], [...HEADER, '_errors'])
  assert.deepEqual(rows[1].slice(0, 5), ['A', "''=1", 'Adult', -5, true])
  const reasons = String(rows[1][5])
  assert.ok(reasons.length <= 32_767)
  assert.match(reasons, /^row 2, Price: must be >= 0, got -5\nrow 2: reason number 0\n/)
  assert.match(reasons, /\nand \d+ more$/)
})

let folder: string
before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'serai-rejects-'))
})
after(() => rm(folder, { recursive: true }))

const CELL = fc
  .oneof(fc.constantFrom("'", '=1', "'=1", '\n-x', 'a\r\nb', ' ', '"', 'ع'), fc.string({ unit: 'binary' }))
  .map((text) => text.replaceAll('\0', ''))
const ROWS = fc
  .sample(fc.tuple(CELL, CELL, CELL), { numRuns: 300, seed: 11 })
  .map((cells, index) => [`P${index}`, ...cells])

for (const format of ['csv', 'xlsx'] as const)
  test(`a rejects file is read again as the rows it holds: ${format}`, async () => {
    const file = cellFile(['product_id', 'name', 'Meeting point', 'exclusions'], ROWS, { format })
    const before = await all(file)
    const bytes = await bytesOf(
      writeRejects(file.head, each(before.map((entry) => refused(entry, [UNNAMED])))),
    )
    const path = join(folder, `rejects.${format}`)
    await writeFile(path, bytes)
    const again = await all(await openFile(path, `rejects.${format}`))
    assert.deepEqual(
      again.map(({ document }) => document),
      before.map(({ document }) => document),
    )
    assert.deepEqual(
      again.flatMap(({ faults }) => faults),
      [],
    )
  })

test('mended JSON Lines are read again without their reasons', async () => {
  const path = join(folder, 'rejects.jsonl')
  const rejects = [
    { source: { product_id: 'A' }, faults: [UNNAMED], address: { line: 3 } },
    {
      source: '{"product_id": "B", ',
      faults: [{ path: '', code: 'json.syntax', detail: 'expected "}"' }],
      address: { line: 7 },
    },
  ]
  const text = await written({ ...JSON_HEAD, format: 'jsonl' }, rejects)
  await writeFile(path, text.replace('"B", ', '"B"}'))
  const list = await all(await openFile(path, 'rejects.jsonl'))
  assert.deepEqual(
    list.map(({ document, faults }) => [document, faults]),
    [
      [{ product_id: 'A' }, []],
      [{ product_id: 'B' }, []],
    ],
  )
})

test('no cell of a CSV rejects file starts a formula', async () => {
  const file = cellFile(
    ['product_id', '=cmd'],
    [
      ['A', '@x'],
      ['-1+2', '＋1'],
    ],
  )
  const list = await all(file)
  const text = await written(
    file.head,
    list.map((entry) => refused(entry, [{ path: '', code: 'x', detail: '\n=2' }])),
  )
  for (const cell of (parse(text) as string[][]).flat()) assert.doesNotMatch(cell, /^[=+\-@＋]/)
})
