import assert from 'node:assert/strict'
import { mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { streamXlsxRows } from 'hucre/xlsx'
import iconv from 'iconv-lite'
import yauzl from 'yauzl'
import { makeHostileFiles } from './build.ts'
import { PLACES } from './texts.ts'

const MAKING_MS_MAX = 10_000
const folder = mkdtempSync(join(tmpdir(), 'serai-hostile-'))
let files: Record<string, string>
let makingMs = 0

before(async () => {
  const start = performance.now()
  files = await makeHostileFiles(folder)
  makingMs = performance.now() - start
})
after(() => rmSync(folder, { recursive: true }))

test('all files are made within ten seconds', () => {
  assert.ok(makingMs < MAKING_MS_MAX, `took ${makingMs} ms`)
  assert.ok(Object.keys(files).length >= 50)
  for (const [name, path] of Object.entries(files)) assert.equal(path, join(folder, name))
})

const SIZES: [name: string, least: number, most: number][] = [
  ['empty.json', 0, 0],
  ['blank.json', 1, 100],
  ['far-cell.xlsx', 1_500, 2_000],
  ['zip-bomb.xlsx', 900_000, 1_200_000],
  ['lying-sizes.xlsx', 900_000, 1_200_000],
  ['huge-cell.csv', 2_097_152, 2_100_000],
  ['deep-100000.json', 200_000, 200_000],
  ['legacy.xls', 1_536, 1_536],
]
for (const [name, least, most] of SIZES)
  test(`${name} has ${least} to ${most} bytes`, () => {
    const { size } = statSync(files[name])
    assert.ok(size >= least && size <= most, `has ${size}`)
  })

test('the zip bomb inflates to 900 MB, as its directory says; the lying one claims 1,000 bytes', async () => {
  const [bomb, liar] = await Promise.all([entryOf('zip-bomb.xlsx'), entryOf('lying-sizes.xlsx')])
  assert.equal(liar.uncompressedSize, 1_000)
  assert.equal(liar.crc32, bomb.crc32)
  assert.equal(await inflatedBytes('zip-bomb.xlsx'), bomb.uncompressedSize)
  assert.ok(bomb.uncompressedSize > 895_000_000 && bomb.uncompressedSize < 905_000_000)
})

const REFUSED: [name: string, reason: RegExp][] = [
  ['dot-dot.xlsx', /invalid relative path/],
  ['absolute.xlsx', /absolute path/],
  ['backslash.xlsx', /invalid relative path/],
  ['truncated.xlsx', /end of central directory/i],
  ['encrypted.xlsx', /end of central directory/i],
  ['html.xlsx', /end of central directory/i],
]
for (const [name, reason] of REFUSED)
  test(`${name} is what its name says`, () => assert.rejects(entriesOf(name), reason))

test('the other archives hold what their names say', async () => {
  assert.equal((await entriesOf('entries-1001.xlsx')).length, 1_001)
  const names = (await entriesOf('duplicate-names.xlsx')).map((entry) => entry.fileName)
  assert.equal(names.length, new Set(names).size + 1)
  assert.ok((await entriesOf('encrypted-flag.xlsx')).every((entry) => entry.isEncrypted()))
  assert.ok((await entriesOf('nested.xlsx')).some((entry) => entry.fileName.endsWith('.zip')))
})

const MAGIC: [name: string, hex: string][] = [
  ['picture.csv', '89504e470d0a1a0a'],
  ['legacy.xls', 'd0cf11e0a1b11ae1'],
  ['encrypted.xlsx', 'd0cf11e0a1b11ae1'],
  ['utf-16le.csv', 'fffe7000'],
  ['odd-lines.jsonl', 'efbbbf23'],
  ['good.xlsx', '504b0304'],
]
for (const [name, hex] of MAGIC)
  test(`${name} starts with ${hex}`, () =>
    assert.equal(bytesOf(name).toString('hex', 0, hex.length / 2), hex))

/** A reader without a gate: what it makes of E2 and F2 proves that nothing else in the file is wrong. */
const CELLS: [name: string, price: unknown, start?: string][] = [
  ['good.xlsx', 149.5],
  ['formula-with-value.xlsx', 149.5],
  ['date-1900.xlsx', 149.5, '2026-10-01'],
  ['date-1904.xlsx', 149.5, '2026-10-01'],
  ['iso-date.xlsx', 149.5, '2026-10-01'],
]
for (const [name, price, start] of CELLS)
  test(`${name} reads as a workbook`, async () => {
    const rows = []
    for await (const row of streamXlsxRows(bytesOf(name))) rows.push(row.values)
    assert.deepEqual(rows[0].slice(0, 2), ['product_id', 'product_name'])
    assert.equal(rows[1][4], price)
    const date = rows[1][5]
    assert.equal(date instanceof Date ? date.toISOString().slice(0, 10) : (date ?? undefined), start)
  })

/** The text from the place of a mistake on. */
const MISTAKES: [name: keyof typeof PLACES, from: string][] = [
  ['syntax-error.json', '"b":2}'],
  ['bad-line-7.jsonl', ''],
  ['duplicate-key.json', '"product_name": "Second",'],
]
for (const [name, from] of MISTAKES)
  test(`the mistake in ${name} is where PLACES says`, () => {
    const place: { line: number; column: number } = PLACES[name as 'syntax-error.json']
    const line = textOf(name).split('\n')[place.line - 1]
    assert.equal(line.slice(place.column - 1), from)
    assert.equal(line.length >= place.column - 1, true)
  })

test('the JSON files are wrong in one way only', () => {
  assert.throws(() => JSON.parse(textOf('syntax-error.json')), SyntaxError)
  assert.throws(() => JSON.parse(textOf('lines.json')), SyntaxError)
  assert.equal(JSON.parse(textOf('number-1e400.json'))[0].pricing[0].price_aed, Infinity)
  assert.equal(JSON.parse(textOf('lone-surrogate.json'))[0].product_name.isWellFormed(), false)
  assert.equal(JSON.parse(textOf('nul.json'))[0].product_name.includes('\0'), true)
  assert.equal(JSON.parse(textOf('duplicate-key.json'))[0].product_name, 'Second')
  assert.equal(JSON.parse(textOf('array.jsonl')).length, 2)
  assert.equal(bytesOf('invalid-utf8.json').indexOf(0xe9), PLACES['invalid-utf8.json'].byte)
  const lines = textOf('bad-line-7.jsonl').trimEnd().split('\n')
  assert.deepEqual(
    lines.filter((line) => !isJson(line)),
    ['{"product_id": "Bad",'],
  )
})

test('column files have the rows and marks their names promise', () => {
  const cellsOf = (name: string, delimiter: string) =>
    textOf(name)
      .split('\n')
      .map((row) => row.split(delimiter).length)
  const { short, long } = PLACES['ragged.csv']
  assert.deepEqual(cellsOf('ragged.csv', ',').slice(0, -1), [5, 5, 3, 7, 5])
  assert.deepEqual([short, long], [3, 4])
  for (const [name, delimiter] of [
    ['tabs.tsv', '\t'],
    ['pipes.csv', '|'],
    ['semicolons.csv', ';'],
    ['thousands.csv', ';'],
  ])
    assert.deepEqual(cellsOf(name, delimiter), [5, 5, 5, 5, 1], name)
  assert.match(textOf('thousands.csv'), /;1\.149,50\n/)
  assert.match(textOf('formula-text.csv'), /,=1\+1,/)
  assert.equal(textOf('header-only.csv').trimEnd().includes('\n'), false)
})

test('depth is what the name says', () => {
  assert.match(textOf('deep-100.json'), /\[{100}\]{100}/)
  assert.equal(textOf('deep-100000.json').indexOf(']'), 100_000)
})

const ENCODINGS: [name: string, encoding: string, word: string][] = [
  ['windows-1256.csv', 'windows-1256', 'واحة العين'],
  ['windows-1252.csv', 'windows-1252', 'Crêperie „Zum Souk“'],
  ['utf-16le.csv', 'utf-16le', 'جولة المقهى – Café'],
]
for (const [name, encoding, word] of ENCODINGS)
  test(`${name} is ${encoding} and not UTF-8`, () => {
    assert.ok(iconv.decode(bytesOf(name), encoding).includes(word))
    assert.throws(() => new TextDecoder('utf-8', { fatal: true }).decode(bytesOf(name)))
  })

function bytesOf(name: string): Buffer {
  return readFileSync(files[name])
}

function textOf(name: string): string {
  return bytesOf(name).toString()
}

function isJson(line: string): boolean {
  try {
    JSON.parse(line)
    return true
  } catch {
    return false
  }
}

async function entryOf(name: string): Promise<yauzl.Entry> {
  return (await entriesOf(name)).find((entry) => entry.fileName === 'xl/sharedStrings.xml')!
}

async function entriesOf(name: string): Promise<yauzl.Entry[]> {
  const archive = await yauzl.fromBufferPromise(bytesOf(name))
  const entries: yauzl.Entry[] = []
  for await (const entry of archive.eachEntry()) entries.push(entry)
  return entries
}

async function inflatedBytes(name: string): Promise<number> {
  const archive = await yauzl.fromBufferPromise(bytesOf(name), { autoClose: false })
  const stream = await archive.openReadStreamPromise(await entryOf(name))
  let bytes = 0
  for await (const chunk of stream) bytes += chunk.length
  return bytes
}
