import assert from 'node:assert/strict'
import { test } from 'node:test'
import { stringify } from 'csv-stringify/sync'
import fc from 'fast-check'
import iconv from 'iconv-lite'
import { cells, faults, read, refusal, warnings } from '../open.testing.ts'

const TABLES: [text: string, delimiter: string, header: string[], rows: unknown[][]][] = [
  ['a,b\n1,2\n', ',', ['a', 'b'], [['1', '2']]],
  ['\ufeffa;b\r\n1;2', ';', ['a', 'b'], [['1', '2']]],
  ['a\tb\r1\t2\r', '\t', ['a', 'b'], [['1', '2']]],
  ['a|b\n"1|2"|3', '|', ['a', 'b'], [['1|2', '3']]],
  [
    'a,b\n"1,5;x","2;3"\n"a;b;c",1',
    ',',
    ['a', 'b'],
    [
      ['1,5;x', '2;3'],
      ['a;b;c', '1'],
    ],
  ],
  ['"a,1";b;c\n1,5;2,5;3,5', ';', ['a,1', 'b', 'c'], [['1,5', '2,5', '3,5']]],
  ['sep=;\r\na;b\r\n1,2;3', ';', ['a', 'b'], [['1,2', '3']]],
  [' a , ,b\n x ,y,z', ',', ['a', 'column 2', 'b'], [[' x ', 'y', 'z']]],
  ['one\ntwo\nthree', ',', ['one'], [['two'], ['three']]],
  ['a,b\n5" pipe,"say ""hi"""', ',', ['a', 'b'], [['5" pipe', 'say "hi"']]],
  [
    'a,b\n1,2,,\n3,4,',
    ',',
    ['a', 'b'],
    [
      ['1', '2'],
      ['3', '4'],
    ],
  ],
]
for (const [text, delimiter, header, rows] of TABLES)
  test(`${JSON.stringify(text)} is read`, async () => {
    const file = await read('a.csv', text)
    assert.deepEqual([file.head.delimiter, file.head.header], [delimiter, header])
    assert.deepEqual(cells(file), rows)
    assert.deepEqual(faults(file), [])
  })

test('rows keep the number of the line they start on, whatever stands in the quotes', async () => {
  const text = '\r\na,b\r\n\r\n"x\r\ny\r\nz",1\r\n,\r\n"p\nq",2\r\nlast,3'
  const file = await read('a.csv', text)
  assert.deepEqual(
    file.rows.map(({ address }) => address),
    [{ line: 4 }, { line: 8 }, { line: 10 }],
  )
  assert.deepEqual(cells(file), [
    ['x\r\ny\r\nz', '1'],
    ['p\nq', '2'],
    ['last', '3'],
  ])
})

test('a ragged row is kept, padded, and names its line and both counts', async () => {
  const file = await read('a.csv', 'a,b,c\n1,2\n1,2,3,4\n')
  assert.deepEqual(cells(file), [
    ['1', '2', null],
    ['1', '2', '3', '4'],
  ])
  assert.match(file.rows[0].faults[0].detail, /line 2 has 2 cells, the header has 3/)
  assert.match(file.rows[1].faults[0].detail, /line 3 has 4 cells, the header has 3/)
})

const REFUSED: [text: string, code: string, message: RegExp, line?: number][] = [
  ['a,b\n1,2\n"3,4\n5,6\n', 'csv.quote', /line 3 of a\.csv is never closed/, 3],
  ['a,b,A \n1,2,3', 'header.duplicate', /columns 1 \(A\) and 3 \(C\) of a\.csv .*"A".*line 1/],
  [',\n , \n', 'file.empty', /no header row/],
]
for (const [text, code, message, line] of REFUSED)
  test(`${JSON.stringify(text)} is refused: ${code}`, async () => {
    const error = await refusal(read('a.csv', text))
    assert.deepEqual([error.code, error.line], [code, line])
    assert.match(error.message, message)
  })

const DECIMALS: [numbers: string[], decimal: string, warned: boolean][] = [
  [['149,50', '1.149,50', '20'], ',', true],
  [['149.50', '1,149.50', '20'], '.', false],
  [['1,149', '2,500'], '.', false],
  [['0,170', '12'], ',', true],
  [['1149,500'], ',', true],
  [['1,5', '2,5', '3.25'], ',', true],
  [['1,5', '2.5', '3.25'], '.', true],
  [['x', '12'], '.', false],
]
for (const [numbers, decimal, warned] of DECIMALS)
  test(`${numbers.join(' ')} have the decimal sign ${decimal}`, async () => {
    const text = `name\tprice\n${numbers.map((number) => `x\t${number}\n`).join('')}`
    const file = await read('a.tsv', text)
    assert.equal(file.head.decimal, decimal)
    assert.equal(warnings(file).includes('file.decimal'), warned)
    assert.equal((await read('a.tsv', text, { decimal: '.' })).head.decimal, '.')
  })

const ENCODINGS: [encoding: string, words: string, guessed?: string][] = [
  ['windows-1252', 'Café'],
  ['windows-1252', 'Dîner à l’hôtel – 10 €'],
  ['windows-1252', 'Crêperie Élysée'],
  ['windows-1252', 'Café à la crème'],
  ['windows-1252', 'Wüste & Meer, Ausflüge für Groß und Klein'],
  ['windows-1256', 'رحلة'],
  ['windows-1256', 'جولة في دبي القديمة'],
  ['windows-1251', 'Экскурсия по городу, поездка в пустыню'],
  ['shift_jis', '市内観光ツアー 砂漠サファリ', 'cp932'],
  ['utf-16be', 'جولة Café walk'],
]
for (const [encoding, words, guessed = encoding] of ENCODINGS)
  test(`${words} is found to be ${encoding}, and can be told`, async () => {
    const bytes = iconv.encode(`product_id,product_name\nA,Plain name\nB,"${words}"\n`, encoding)
    const file = await read('a.csv', bytes)
    assert.equal(file.head.encoding, guessed)
    assert.equal(cells(file)[1][1], words)
    assert.deepEqual(cells(await read('a.csv', bytes, { encoding })), cells(file))
  })

test('a UTF-8 file with one broken byte is not taken for another encoding', async () => {
  const good = Buffer.from('id,name\nA,جولة في دبي القديمة\nB,Caf')
  const error = await refusal(
    read('a.csv', Buffer.concat([good, Buffer.from([0xe9]), Buffer.from(' Tour\n')])),
  )
  assert.equal(error.code, 'text.encoding')
  assert.match(error.message, /line 3, byte \d+ \(found 0xE9\)/)
})

test('one long line of UTF-8 over many pieces is UTF-8', async () => {
  const text = `id,name\nA,${'é😀x'.repeat(100_001)}`
  for (const shift of ['', ' ', '  '])
    assert.equal((await read('a.csv', shift + text)).head.encoding, 'utf-8')
})

test('a file that is foreign only near its end is found out', async () => {
  const bytes = iconv.encode(`id,name\n${'A,plain\n'.repeat(100_000)}B,Café à la crème\n`, 'windows-1252')
  const file = await read('a.csv', bytes)
  assert.equal(cells(file).at(-1)?.[1], 'Café à la crème')
})

test('a character that the encoding does not have, or that cannot be stored, is a fault with its place', async () => {
  const file = await read('a.csv', Buffer.from('id,name\nA,x\x81y\n', 'latin1'), { encoding: 'windows-1252' })
  assert.deepEqual(faults(file), ['2|name|text.encoding'])
  const nul = await read('a.csv', 'id,name\nA,x\0y\n', { encoding: 'utf-8' })
  assert.deepEqual(faults(nul), ['2|name|text.nul'])
  assert.match(nul.rows[0].faults[0].detail, /line 2, column 2, character 2/)
})

test('text that starts with = stays text, with one warning for all of it', async () => {
  const file = await read('a.csv', 'id,name\nA,=1+1\nB,=2+2\n')
  assert.deepEqual(cells(file), [
    ['A', '=1+1'],
    ['B', '=2+2'],
  ])
  assert.deepEqual(warnings(file), ['cell.formula_text'])
})

test('any table comes back equal, with every line number right', async () => {
  const cell = fc.string({
    unit: fc.constantFrom('a', 'é', '😀', ',', ';', '"', '\n', '\r\n', ' ', '5'),
    maxLength: 6,
  })
  const table = fc
    .integer({ min: 2, max: 5 })
    .chain((width) => fc.array(fc.array(cell, { minLength: width, maxLength: width }), { maxLength: 8 }))
  await fc.assert(
    fc.asyncProperty(
      table,
      fc.constantFrom('\n', '\r\n'),
      fc.constantFrom(',', ';', '\t', '|'),
      async (rows, end, delimiter) => {
        const header = (rows[0] ?? ['a', 'b']).map((_, index) => `name${index}`)
        const kept = rows.map((row, index) => [`row${index}`, ...row.slice(1)])
        const text = (some: string[][]) =>
          stringify(some, { delimiter, record_delimiter: end, quoted_match: /[\r\n]/ })
        const file = await read('a.csv', text([header, ...kept]), { delimiter })
        assert.deepEqual(cells(file), kept)
        const lines = kept.map(
          (_, index) => text([header, ...kept.slice(0, index)]).split(/\r\n|\n|\r/).length,
        )
        assert.deepEqual(
          file.rows.map(({ address }) => address),
          lines.map((line) => ({ line })),
        )
      },
    ),
    { numRuns: 100 },
  )
})

test('line numbers stay right across the pieces that a large file is read in', async () => {
  const rows = Array.from(
    { length: 30_000 },
    (_, index) => `"row\r\n${index}","${'é'.repeat(index % 40)}"\r\n`,
  )
  const file = await read('a.csv', `id,name\r\n${rows.join('')}`)
  assert.equal(file.rows.length, rows.length)
  assert.deepEqual(file.rows.at(-1)?.address, { line: 2 * rows.length })
  assert.deepEqual(file.rows[12_345].address, { line: 2 + 2 * 12_345 })
})
