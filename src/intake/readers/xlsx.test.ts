import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { streamXlsxRows, writeXlsx } from 'hucre/xlsx'
import { row, text, workbook, workbookEntries } from '../../../test/files/workbook.ts'
import { zip } from '../../../test/files/zip.ts'
import { DEFAULT_LIMITS } from '../limits.ts'
import { cells, faults, place, type ReadFile, refusal, warnings } from '../open.testing.ts'
import type { OpenOptions } from '../open.ts'
import { rowsOf } from '../rows.ts'
import type { FileHead } from '../types.ts'
import { readXlsx } from './xlsx.ts'

/** Reads a workbook in this process: a process for each of a hundred cases would take most of the time. */
async function read(
  name: string,
  bytes: Uint8Array,
  { limits, ...options }: OpenOptions = {},
): Promise<ReadFile> {
  const warnings: FileHead['warnings'] = []
  const job = {
    path: place(name, bytes),
    name,
    format: 'xlsx' as const,
    options,
    limits: { ...DEFAULT_LIMITS, ...limits },
  }
  const reading = await readXlsx(job, (warning) => warnings.push(warning))
  const chunks = await Array.fromAsync(reading.chunks)
  const head: FileHead = {
    name,
    format: 'xlsx',
    size_bytes: bytes.length,
    sha256: '',
    ...reading.head,
    warnings,
  }
  return { head, rows: chunks.flatMap((chunk) => rowsOf(chunk, head)), chunks: chunks.length }
}

const HEADER = row(1, ['name', 'value'].map((each, index) => text(index, 1, each)).join(''))

/** A workbook whose cell B2 is the given XML. */
function withCell(xml: string, strings?: string): Buffer {
  return workbook({ rows: HEADER + row(2, text(0, 2, 'x') + xml), strings })
}

const LONG = 'y'.repeat(32_768)
const CELLS: [xml: string, value: unknown, fault?: string][] = [
  ['<c r="B2"><v>149.5</v></c>', 149.5],
  ['<c r="B2" t="n"><v> 1E2 </v></c>', 100],
  ['<c r="B2"><v></v></c>', null],
  ['<c r="B2" t="b"><v>1</v></c>', true],
  ['<c r="B2" t="b"><v>0</v></c>', false],
  ['<c r="B2" t="s"><v>0</v></c>', 'shared'],
  ['<c r="B2" t="s"><v>1</v></c>', 'two runs'],
  ['<c r="B2" t="s"><v>2</v></c>', 'a\r\n_x000D_'],
  ['<c r="B2" t="s"><v>3</v></c>', '東京'],
  ['<c r="B2" t="s"><v>4</v></c>', null],
  ['<c r="B2" t="str"><f>A2</f><v>text</v></c>', 'text'],
  ['<c r="B2" t="str"><f>A2</f><v></v></c>', null],
  ['<c r="B2" t="d"><v>2026-10-01T14:30:00Z</v></c>', '2026-10-01T14:30:00'],
  ['<c r="B2" s="1"><v>46296.25</v></c>', '2026-10-01T06:00:00'],
  ['<c t="inlineStr"><is><t>no place</t></is></c>', 'no place'],
  ['<c r="B2" t="inlineStr"><is><t xml:space="preserve"> é &amp; &lt;b&gt; </t></is></c>', ' é & <b> '],
  ['<c r="B2" s="1"><v>60</v></c>', null, 'cell.date'],
  ['<c r="B2" t="d"><v>2026-13-01</v></c>', null, 'cell.date'],
  ['<c r="B2"><v>abc</v></c>', null, 'cell.damaged'],
  ['<c r="B2" t="s"><v>-1</v></c>', null, 'cell.damaged'],
  ['<c r="B2" t="s"><v>5</v></c>', null, 'cell.damaged'],
  ['<c r="B2"><f>1/0</f></c>', null, 'cell.formula'],
  ['<c r="B2" t="e"><f>1/0</f><v>#DIV/0!</v></c>', null, 'cell.error'],
  ['<c r="B2"><v>1e309</v></c>', null, 'cell.number'],
  ['<c r="B2"><v>1</v></c><c r="B2"><v>2</v></c>', 2, 'cell.damaged'],
  ['<c r="B2" t="inlineStr"><is><t>a_x0000_b</t></is></c>', 'a\ufffdb', 'text.nul'],
  ['<c r="B2" t="inlineStr"><is><t>a_xD83D_b</t></is></c>', 'a\ufffdb', 'text.surrogate'],
  [`<c r="B2" t="inlineStr"><is><t>${LONG}</t></is></c>`, LONG, 'cell.length'],
]
const STRINGS =
  '<si><t>shared</t></si><si><r><t xml:space="preserve">two </t></r><r><rPr><b/></rPr><t>runs</t></r></si><si><t>a_x000D_&#10;_x005F_x000D_</t></si>' +
  '<si><t>東京</t><rPh sb="0" eb="2"><t>トウキョウ</t></rPh></si><si/>'
for (const [xml, value, code] of CELLS)
  test(`${xml.slice(0, 70)} is ${JSON.stringify(value)?.slice(0, 40)}${code ? `, ${code}` : ''}`, async () => {
    const file = await read('a.xlsx', withCell(xml, STRINGS))
    assert.deepEqual(cells(file), [['x', value]])
    assert.deepEqual(faults(file), code ? [`2|value|${code}`] : [])
  })

test('rows keep their numbers over blank ones; a fault names the cell', async () => {
  const rows = `<row r="3">${text(0, 3, 'name').replace('A3', 'A3')}${text(1, 3, 'value')}</row><row r="4"/><row r="7">${text(0, 7, ' ')}</row>${row(9, `<c r="B9" t="e"><v>#N/A</v></c>`)}${row(12, text(0, 12, 'last'))}`
  const file = await read('a.xlsx', workbook({ rows }))
  assert.deepEqual(
    file.rows.map(({ address }) => address),
    [
      { sheet: 'Products', row: 9 },
      { sheet: 'Products', row: 12 },
    ],
  )
  assert.deepEqual(cells(file), [
    [null, null],
    ['last', null],
  ])
  assert.match(file.rows[0].faults[0].detail, /#N\/A.*cell B9 of sheet "Products"/)
})

test('a value to the right of the header is a fault; a formatted empty cell far out is nothing', async () => {
  const rows =
    HEADER +
    row(2, `${text(0, 2, 'x')}<c r="D2"><v>1</v></c>`) +
    row(3, `${text(0, 3, 'y')}<c r="XFD3" s="1"/>`)
  const file = await read('a.xlsx', workbook({ rows }))
  assert.deepEqual(faults(file), ['2||row.ragged'])
  assert.match(file.rows[0].faults[0].detail, /cell D2 .* header ends at column B/)
  assert.deepEqual(cells(file), [
    ['x', null, null, 1],
    ['y', null],
  ])
})

test('the first visible sheet with a header is read, or the one that is asked for', async () => {
  const bytes = Buffer.from(
    await writeXlsx({
      sheets: [
        { name: 'Empty', rows: [] },
        { name: 'Hidden', rows: [['h'], [0]], hidden: true },
        { name: 'Prices', rows: [['p'], [1]] },
        { name: 'Notes ', rows: [['n'], [2]] },
      ],
    }),
  )
  const first = await read('a.xlsx', bytes)
  assert.deepEqual([first.head.sheet, first.head.header, cells(first)], ['Prices', ['p'], [[1]]])
  assert.deepEqual(first.head.sheets, ['Empty', 'Hidden', 'Prices', 'Notes '])
  assert.deepEqual(warnings(first), ['file.sheet'])
  assert.deepEqual(cells(await read('a.xlsx', bytes, { sheet: ' NOTES' })), [[2]])
  assert.deepEqual(cells(await read('a.xlsx', bytes, { sheet: 'hidden' })), [[0]])
  const missing = await refusal(read('a.xlsx', bytes, { sheet: 'Rates' }))
  assert.equal(missing.code, 'xlsx.sheet')
  assert.match(missing.message, /has no sheet "Rates"; it has "Empty", "Hidden", "Prices", "Notes "/)
  assert.equal((await refusal(read('a.xlsx', bytes, { sheet: 'Empty' }))).code, 'xlsx.empty')
})

/** The bytes of a good workbook with one part changed. */
function spoilt(
  part: string,
  change: (xml: string) => string,
  rows = HEADER + row(2, text(0, 2, 'x')),
): Buffer {
  return zip(
    workbookEntries({ rows, strings: STRINGS }).map((entry) =>
      entry.name === part ? { ...entry, data: change(String(entry.data)) } : entry,
    ),
  )
}

const SHEET = 'xl/worksheets/sheet1.xml'
const DAMAGED: [what: string, bytes: Buffer, code: string, message: RegExp][] = [
  [
    'a sheet that ends in the middle',
    spoilt(SHEET, (xml) => xml.slice(0, -20)),
    'zip.damaged',
    /sheet1\.xml.*it ends inside/,
  ],
  [
    'rows out of order',
    spoilt(SHEET, (xml) => xml, HEADER + row(3, '') + row(2, '')),
    'zip.damaged',
    /row 2 follows row 3/,
  ],
  [
    'a cell without a place',
    spoilt(SHEET, (xml) => xml.replace('"A2"', '"2A"')),
    'zip.damaged',
    /"2A" is no cell/,
  ],
  ['an unknown entity', spoilt(SHEET, (xml) => xml.replace('>x<', '>&file;<')), 'zip.damaged', /&file;/],
  [
    'bytes that are no UTF-8',
    withCell('<c r="B2" t="inlineStr"><is><t>x</t></is></c>'),
    'zip.damaged',
    /encoded data was not valid/,
  ],
  [
    'a missing sheet',
    spoilt('xl/_rels/workbook.xml.rels', (xml) => xml.replace('sheet1.xml', 'sheet9.xml')),
    'zip.damaged',
    /sheet9\.xml is missing/,
  ],
  [
    'a part outside the archive',
    spoilt('xl/_rels/workbook.xml.rels', (xml) =>
      xml.replace('worksheets/sheet1.xml', '../../../etc/passwd'),
    ),
    'zip.damaged',
    /etc\/passwd is missing/,
  ],
  [
    'a sheet that declares rows and has none',
    spoilt(SHEET, (xml) => xml.replace('<sheetData>', '<dimension ref="A1:F100"/><sheetData>'), ''),
    'xlsx.damaged',
    /declares 100 rows but holds none/,
  ],
  ['a sheet without rows', workbook({ rows: '' }), 'xlsx.empty', /no sheet of a\.xlsx has a header row/],
  [
    'an error in the header',
    workbook({ rows: row(1, '<c r="A1" t="e"><v>#REF!</v></c>') }),
    'cell.error',
    /header of a\.xlsx.*#REF!/,
  ],
  [
    'a row beyond the last',
    workbook({ rows: HEADER + row(1_048_577, '<c><v>1</v></c>') }),
    'file.rows',
    /1,048,576 rows/,
  ],
  [
    'two headers alike',
    workbook({ rows: row(1, text(0, 1, 'A') + text(1, 1, 'a ')) }),
    'header.duplicate',
    /sheet "Products", row 1/,
  ],
  [
    'UTF-16 declared',
    spoilt('xl/styles.xml', (xml) => xml.replace('UTF-8', 'UTF-16')),
    'zip.encoding',
    /styles\.xml/,
  ],
  [
    'another kind of archive',
    zip([{ name: 'word/document.xml', data: '<a/>' }]),
    'file.kind',
    /a Word document/,
  ],
  [
    'an OpenDocument file',
    zip([
      { name: 'mimetype', data: 'x' },
      { name: 'content.xml', data: '<a/>' },
    ]),
    'file.kind',
    /OpenDocument/,
  ],
  ['a binary workbook', zip([{ name: 'xl/workbook.bin', data: 'x' }]), 'file.kind', /\.xlsb/],
  ['any archive', zip([{ name: 'a.txt', data: 'x' }]), 'file.kind', /zip archive without a workbook/],
]
for (const [what, bytes, code, message] of DAMAGED)
  test(`${what}: ${code}`, async () => {
    const broken = what.startsWith('bytes')
      ? zip(
          workbookEntries({ rows: '' }).map((entry) =>
            entry.name === SHEET ? { ...entry, data: Buffer.from('<a>\xff</a>', 'latin1') } : entry,
          ),
        )
      : bytes
    const error = await refusal(read('a.xlsx', broken))
    assert.equal(error.code, code, error.message)
    assert.match(error.message, message)
  })

test('a sheet that declares more rows than it has, or merges cells, is read with a warning', async () => {
  const change = (xml: string) =>
    xml
      .replace('<sheetData>', '<dimension ref="A1:B50"/><sheetData>')
      .replace('</sheetData>', '</sheetData><mergeCells count="1"><mergeCell ref="A2:A3"/></mergeCells>')
  const file = await read('a.xlsx', spoilt(SHEET, change))
  assert.deepEqual(warnings(file), ['sheet.merged', 'sheet.dimension'])
  assert.equal(file.rows.length, 1)
})

const LIMITS: [code: string, limits: object][] = [
  ['zip.entries', { entries: 3 }],
  ['zip.size', { inflatedBytes: 1_000 }],
  ['zip.strings', { sharedStringsBytes: 100 }],
  ['zip.ratio', { ratio: 1, ratioFromBytes: 100 }],
  ['xlsx.styles', { styles: 1 }],
  ['file.rows', { rows: 1 }],
  ['file.columns', { columns: 1 }],
]
for (const [code, limits] of LIMITS)
  test(`a workbook over ${JSON.stringify(limits)} is refused: ${code}`, async () => {
    assert.equal(
      (await refusal(read('a.xlsx', withCell('<c r="B2"><v>1</v></c>', STRINGS), { limits }))).code,
      code,
    )
  })

test('random workbooks read as another reader reads them', async () => {
  const value = fc.oneof(
    fc
      .string({ unit: 'grapheme', maxLength: 10 })
      .filter((each) => each.trim() !== '' && !/\p{C}|_x/u.test(each)),
    fc.double({ noNaN: true, noDefaultInfinity: true }),
    fc.boolean(),
  )
  const table = fc.array(fc.array(value, { minLength: 3, maxLength: 3 }), { minLength: 1, maxLength: 10 })
  await fc.assert(
    fc.asyncProperty(
      table,
      fc.constantFrom<('shared' | 'inline')[]>('shared', 'inline'),
      async (rows, stringMode) => {
        const sheets = [{ name: 'S', rows: [['a', 'b', 'c'], ...rows] }]
        const bytes = await writeXlsx({ sheets, stringMode })
        const theirs: unknown[] = []
        for await (const each of streamXlsxRows(bytes)) theirs.push(each.values)
        assert.deepEqual(cells(await read('a.xlsx', bytes)), theirs.slice(1))
      },
    ),
    { numRuns: 60 },
  )
})
