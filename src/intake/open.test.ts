import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import fc from 'fast-check'
import { makeHostileFiles } from '../../test/files/build.ts'
import { cells, documents, faults, place, read, readPath, refusal, warnings } from './open.testing.ts'
import { openFile } from './open.ts'
import { IntakeError, type OpenedFile } from './types.ts'

const folder = mkdtempSync(join(tmpdir(), 'serai-open-'))
let files: Record<string, string>
before(async () => {
  files = await makeHostileFiles(folder)
})
after(() => rmSync(folder, { recursive: true }))

/** Files that are refused whole: what the message says, besides the name. */
const REFUSED: [name: string, code: string, ...message: RegExp[]][] = [
  ['empty.json', 'file.empty', /is empty/],
  ['blank.json', 'file.empty', /only blanks/],
  ['html.xlsx', 'file.html', /web page \(HTML\)/, /save it as \.xlsx/, /JSON Lines, CSV/],
  ['picture.csv', 'file.kind', /a PNG picture/, /JSON, JSON Lines, CSV \(also TSV\) and XLSX/],
  ['legacy.xls', 'file.kind', /old Office file/, /save it as \.xlsx/],
  ['encrypted.xlsx', 'file.encrypted', /password/, /save it without/],
  ['encrypted-flag.xlsx', 'zip.encrypted', /without a password/],
  ['truncated.xlsx', 'zip.damaged', /cut off/],
  ['absolute.xlsx', 'zip.name', /"\/tmp\/evil\.txt"/],
  ['dot-dot.xlsx', 'zip.name', /"\.\.\/\.\.\/evil\.txt"/],
  ['backslash.xlsx', 'zip.name', /evil\.txt/],
  ['duplicate-names.xlsx', 'zip.name', /two entries called "xl\/worksheets\/sheet1\.xml"/],
  ['entries-1001.xlsx', 'zip.entries', /more than 1,000 entries/],
  ['nested.xlsx', 'zip.nested', /xl\/media\/more\.zip/],
  ['doctype.xlsx', 'zip.doctype', /<!DOCTYPE/, /sheet1\.xml/],
  ['doctype-utf16.xlsx', 'zip.encoding', /core\.xml/],
  ['external-entity.xlsx', 'zip.doctype', /<!DOCTYPE/],
  ['billion-laughs.xlsx', 'zip.doctype', /<!DOCTYPE/],
  ['zip-bomb.xlsx', 'zip.size', /512 MB/],
  ['lying-sizes.xlsx', 'zip.size', /sharedStrings\.xml/, /larger than the archive says/],
  ['far-cell.xlsx', 'file.columns', /cell XFD1048576/, /column 500/],
  ['duplicate-headers.csv', 'header.duplicate', /columns 5 \(E\) and 6 \(F\)/, /"Price"/],
  [
    'syntax-error.json',
    'json.syntax',
    /^invalid JSON in syntax-error\.json at line 3, column 9: expected "," or "}"$/,
  ],
  ['lines.json', 'json.syntax', /line 2, column 1: expected end of file/, /--format jsonl/],
  ['array.jsonl', 'json.syntax', /line 1 \(column 2\)/, /--format json$/],
  ['invalid-utf8.json', 'text.encoding', /line 2, byte 44 \(found 0xE9\)/, /UTF-8/],
  ['deep-100.json', 'json.depth', /64 levels/],
  ['deep-100000.json', 'json.depth', /line 1, column 66/],
]
for (const [name, code, ...message] of REFUSED)
  test(`${name} is refused: ${code}`, async () => {
    const start = performance.now()
    const error = await refusal(readPath(files[name], name))
    assert.equal(error.code, code, error.message)
    for (const part of [...message, new RegExp(name.replace('.', '\\.'))]) assert.match(error.message, part)
    assert.ok(performance.now() - start < 5_000, 'within five seconds, on a machine with other work')
  })

/** Files that are read: how many rows, and their faults and warnings. */
const READ: [name: string, rows: number, faults: string[], warnings?: string[]][] = [
  ['duplicate-key.json', 1, ['2|product_name|json.duplicate_key']],
  ['lone-surrogate.json', 1, ['2|product_name|text.surrogate']],
  ['nul.json', 1, ['2|product_name|text.nul']],
  ['number-1e400.json', 1, ['2|pricing[0].price_aed|number.overflow']],
  ['bad-line-7.jsonl', 8, ['7||json.syntax']],
  ['odd-lines.jsonl', 3, []],
  ['ragged.csv', 4, ['3||row.ragged', '4||row.ragged']],
  ['huge-cell.csv', 2, ['2|product_name|cell.length']],
  ['header-only.csv', 0, []],
  ['formula-text.csv', 1, [], ['cell.formula_text']],
  ['tabs.tsv', 3, [], ['file.delimiter']],
  ['pipes.csv', 3, [], ['file.delimiter']],
  ['semicolons.csv', 3, [], ['file.delimiter', 'file.decimal']],
  ['thousands.csv', 3, [], ['file.delimiter', 'file.decimal']],
  ['utf-16le.csv', 1, []],
  ['windows-1256.csv', 4, [], ['file.encoding']],
  ['windows-1252.csv', 3, [], ['file.encoding', 'file.delimiter', 'file.decimal']],
  ['good.xlsx', 1, []],
  ['bad-string-index.xlsx', 1, ['2|price|cell.damaged']],
  ['number-1e309.xlsx', 1, ['2|price|cell.number']],
  ['formula-without-value.xlsx', 1, ['2|price|cell.formula']],
  ['formula-with-value.xlsx', 1, [], ['cell.formula']],
  ['error-cell.xlsx', 1, ['2|price|cell.error']],
  ['iso-date.xlsx', 1, []],
  ['date-1900.xlsx', 1, []],
  ['date-1904.xlsx', 1, []],
  ['rich-text.xlsx', 1, []],
]
for (const [name, rows, expected, warned = []] of READ)
  test(`${name} is read: ${rows} row(s), faults ${expected.join(' ') || 'none'}`, async () => {
    const file = await readPath(files[name], name)
    assert.equal(file.rows.length, rows)
    assert.deepEqual(faults(file), expected)
    assert.deepEqual(warnings(file), warned)
  })

test('every hostile file is in one of the two tables', () => {
  const tested = new Set([...REFUSED, ...READ].map(([name]) => name))
  assert.deepEqual(
    Object.keys(files).filter((name) => !tested.has(name)),
    [],
  )
})

const CELLS: [name: string, row: unknown[]][] = [
  ['iso-date.xlsx', [149.5, '2026-10-01']],
  ['date-1900.xlsx', [149.5, '2026-10-01']],
  ['date-1904.xlsx', [149.5, '2026-10-01']],
  ['rich-text.xlsx', ['149.5\r']],
  ['formula-with-value.xlsx', [149.5]],
  ['formula-without-value.xlsx', [null]],
  ['error-cell.xlsx', [null]],
]
for (const [name, expected] of CELLS)
  test(`${name} gives ${JSON.stringify(expected)}`, async () => {
    const file = await readPath(files[name], name)
    assert.deepEqual(cells(file)[0].slice(4), expected)
  })

test('text comes out of every encoding as it went in', async () => {
  assert.deepEqual(cells(await readPath(files['utf-16le.csv'], 'a.csv'))[0].slice(1, 2), [
    'جولة المقهى – Café Tour',
  ])
  assert.equal(
    cells(await readPath(files['windows-1256.csv'], 'a.csv'))[2][1],
    'رحلة إلى واحة العين وقصر المويجعي',
  )
  assert.equal(cells(await readPath(files['windows-1252.csv'], 'a.csv'))[1][1], 'Café & Crêperie „Zum Souk“')
})

test('the head says what was found out', async () => {
  const { head } = await readPath(files['good.xlsx'], 'price list.xlsx')
  const { warnings: none, ...known } = head
  assert.deepEqual(none, [])
  assert.deepEqual(known, {
    name: 'price list.xlsx',
    format: 'xlsx',
    size_bytes: readFileSync(files['good.xlsx']).length,
    sha256: createHash('sha256').update(readFileSync(files['good.xlsx'])).digest('hex'),
    sheet: 'Products',
    sheets: ['Products'],
    header: ['product_id', 'product_name', 'inclusions', 'tier_name', 'price'],
  })
})

test('what is not a file is refused by name', async () => {
  const missing = await refusal(openFile(join(folder, 'none.json'), 'none.json'))
  assert.deepEqual(
    [missing.code, missing.message.startsWith('none.json does not exist')],
    ['file.missing', true],
  )
  const wrong = await refusal(openFile(folder, 'products'))
  assert.match(wrong.message, /^products is a folder/)
})

const LIMITS: [code: string, name: string, text: string, limits: object][] = [
  ['file.size', 'a.json', '[{"a":1}]', { textBytes: 8 }],
  ['file.size', 'a.xlsx', 'PK\x03\x04', { workbookBytes: 3 }],
  ['file.rows', 'a.json', '[{},{},{}]', { documents: 2 }],
  ['file.rows', 'a.jsonl', '{}\n{}\n{}', { documents: 2 }],
  ['file.rows', 'a.csv', 'a\n1\n2', { rows: 2 }],
  ['file.columns', 'a.csv', 'a,b,c\n1,2,3', { columns: 2 }],
  ['file.columns', 'a.csv', 'a,b\n1,2\n1,2,3', { columns: 2 }],
  ['json.size', 'a.json', `[{"a":"${'x'.repeat(400_000)}`, { recordBytes: 100_000 }],
  ['json.size', 'a.jsonl', `{"a":"${'x'.repeat(400_000)}`, { recordBytes: 100_000 }],
  ['csv.size', 'a.csv', `a\n"${'x'.repeat(400_000)}`, { recordBytes: 100_000 }],
]
for (const [code, name, text, limits] of LIMITS)
  test(`${name} over ${JSON.stringify(limits)} is refused: ${code}`, async () => {
    assert.equal((await refusal(read(name, text, { limits }))).code, code)
  })

test('what is told decides over what is seen', async () => {
  assert.equal((await read('a.txt', '{"a":1}\n{"a":2}\n', { format: 'jsonl' })).rows.length, 2)
  assert.equal((await read('a.jsonl', '[\n{"a":1}\n]', { format: 'json' })).rows.length, 1)
  assert.deepEqual(cells(await read('a.csv', '[a];b\n1;2,5', { format: 'csv', delimiter: ',' })), [
    ['1;2', '5'],
  ])
  assert.equal((await refusal(read('a.csv', 'a,b', { format: 'xlsx' }))).code, 'file.kind')
  assert.equal(
    (await refusal(readPath(files['good.xlsx'], 'good.xlsx', { format: 'csv' }))).code,
    'file.kind',
  )
  assert.equal((await refusal(read('a.csv', 'a,b', { encoding: 'ebcdic-9' }))).code, 'text.encoding')
  assert.equal((await refusal(read('a.csv', 'a,b', { delimiter: 'ab' }))).code, 'csv.delimiter')
})

test('names with blanks, commas, stars and Arabic letters are only names', async () => {
  const bytes = readFileSync(files['good.xlsx'])
  const name = 'قائمة, الأسعار *2026*.xlsx'
  assert.equal((await read(name, bytes)).rows.length, 1)
})

/** Whatever is done to the bytes of a file: it is read, or refused with an IntakeError, and soon. */
const SEEDS = ['bad-line-7.jsonl', 'number-1e400.json', 'ragged.csv', 'windows-1256.csv', 'utf-16le.csv']
for (const name of SEEDS)
  test(`${name}, cut and altered at random, never does worse than an IntakeError`, async () => {
    const bytes = readFileSync(files[name])
    const change = fc.record({ at: fc.nat(bytes.length - 1), byte: fc.nat(255) })
    await fc.assert(
      fc.asyncProperty(fc.array(change, { maxLength: 4 }), fc.nat(bytes.length), async (changes, length) => {
        const altered = Buffer.from(bytes.subarray(0, length))
        for (const { at, byte } of changes) if (at < length) altered[at] = byte
        await tryToRead(place(name, altered), name)
      }),
      { numRuns: 150 },
    )
  })

test('a workbook, cut and altered at random, never does worse than an IntakeError', async () => {
  const bytes = readFileSync(files['rich-text.xlsx'])
  for (let run = 0; run < 12; run++) {
    const altered = Buffer.from(run % 4 === 0 ? bytes.subarray(0, (run * 97) % bytes.length) : bytes)
    for (let change = 0; change < run; change++)
      altered[(run * 7919 + change * 104729) % altered.length] ^= 1 << (change % 8)
    await tryToRead(place('a.xlsx', altered), 'a.xlsx')
  }
})

async function tryToRead(path: string, name: string): Promise<void> {
  try {
    const file: OpenedFile = await openFile(path, name)
    for await (const rows of file.rows) assert.ok(rows.length > 0)
  } catch (error) {
    assert.ok(error instanceof IntakeError, String((error as Error).stack))
    assert.notEqual(error.code, 'reader.failed', error.message)
  }
}

const WORDS = fc
  .string({ unit: 'grapheme', maxLength: 12 })
  .filter((text) => !text.includes('\0') && text.isWellFormed())
const VALUE = fc.letrec((tie) => ({
  value: fc.oneof(
    fc.integer(),
    fc.double({ noNaN: true, noDefaultInfinity: true }),
    fc.boolean(),
    fc.constant(null),
    WORDS,
    tie('list'),
    tie('object'),
  ),
  list: fc.array(tie('value'), { maxLength: 3 }),
  object: fc.dictionary(
    WORDS.filter((name) => name !== '__proto__'),
    tie('value'),
    { maxKeys: 4 },
  ),
}))

test('any objects come back equal from JSON and JSON Lines, however they are laid out', async () => {
  const layout = fc.record({
    indent: fc.constantFrom(0, 1, '\t'),
    end: fc.constantFrom('\n', '\r\n'),
    bom: fc.boolean(),
    last: fc.boolean(),
  })
  await fc.assert(
    fc.asyncProperty(
      fc.array(VALUE.object, { maxLength: 6 }),
      layout,
      async (objects, { indent, end, bom, last }) => {
        const plain = JSON.parse(JSON.stringify(objects))
        const mark = bom ? '\ufeff' : ''
        const json = JSON.stringify(objects, null, indent).replaceAll('\n', end)
        assert.deepEqual(documents(await read('a.json', mark + json + (last ? end : ''))), plain)
        const lines = `${mark}# comment${end}${objects.map((each) => JSON.stringify(each)).join(`${end}  ${end}`)}${last ? end : ''}`
        assert.deepEqual(documents(await read('a.jsonl', lines)), plain)
      },
    ),
    { numRuns: 60 },
  )
})
