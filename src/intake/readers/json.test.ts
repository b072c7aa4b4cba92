import assert from 'node:assert/strict'
import { test } from 'node:test'
import { documents, faults, read, refusal } from '../open.testing.ts'

const ERRORS: [name: string, text: string, message: string][] = [
  ['a.json', '[{"a":1}\n{"a":2}]', 'invalid JSON in a.json at line 2, column 1: expected "," or "]"'],
  ['a.json', '[{"a":1},]', 'invalid JSON in a.json at line 1, column 10: expected a value'],
  ['a.json', '[{"a":1}', 'invalid JSON in a.json at line 1, column 9: unexpected end of file'],
  ['a.json', '[{"a":1}]]', 'invalid JSON in a.json at line 1, column 10: expected end of file'],
  ['a.json', '{"a":1} x', 'invalid JSON in a.json at line 1, column 9: expected end of file'],
  [
    'a.json',
    'hello',
    'invalid JSON in a.json at line 1, column 1: expected "[" or "{" (for a column file use --format csv)',
  ],
  [
    'a.jsonl',
    '\n{\n"a":1\n}',
    'invalid JSON in a.jsonl at line 2 (column 2): unexpected end of line; the value goes on over several lines, so this is JSON and not JSON Lines; use --format json',
  ],
]
for (const [name, text, message] of ERRORS)
  test(`${JSON.stringify(text)} ends ${name}`, async () => {
    const error = await refusal(read(name, text))
    assert.equal(error.message, message)
    assert.equal(error.code, 'json.syntax')
    const [line, column] = /line (\d+)\D+column (\d+)/.exec(message)!.slice(1).map(Number)
    assert.deepEqual([error.line, error.column], [line, column])
  })

const FILES: [name: string, text: string, addresses: number[], documents: unknown[], faults?: string[]][] = [
  ['a.json', '[]', [], []],
  ['a.json', ' {"a":\n1}\n ', [1], [{ a: 1 }]],
  ['a.json', '[\n\n{"a":1},{"a":2},\n{\n"a":3}]', [3, 3, 4], [{ a: 1 }, { a: 2 }, { a: 3 }]],
  [
    'a.json',
    '[{"a":1},7,null,[]]',
    [1, 1, 1, 1],
    [{ a: 1 }, 7, null, []],
    ['1||row.type', '1||row.type', '1||row.type'],
  ],
  ['a.jsonl', '# only a comment\n', [], []],
  ['a.NDJSON', '{"a":1}\r\n\r\n#\r\n{"a":2}', [1, 4], [{ a: 1 }, { a: 2 }]],
  [
    'a.jsonl',
    '{"a":1}\n[{"a":2}]\n"x"\n{"a":4}',
    [1, 2, 3, 4],
    [{ a: 1 }, [{ a: 2 }], 'x', { a: 4 }],
    ['2||row.type', '3||row.type'],
  ],
  [
    'a.jsonl',
    '{"a":1}\n{"a":\n{"a":3} {}\n{"a":1e999}',
    [1, 2, 3, 4],
    [{ a: 1 }, '{"a":', '{"a":3} {}', { a: '1e999' }],
    ['2||json.syntax', '3||json.syntax', '4|a|number.overflow'],
  ],
]
for (const [name, text, lines, expected, wrong = []] of FILES)
  test(`${name} ${JSON.stringify(text)}`, async () => {
    const file = await read(name, text)
    assert.deepEqual(
      file.rows.map(({ address }) => address),
      lines.map((line) => ({ line })),
    )
    assert.deepEqual(documents(file), expected)
    assert.deepEqual(faults(file), wrong)
  })

test('a non-object names its index, a bad line its line and column', async () => {
  const [, list] = (await read('a.json', '[{},[1]]')).rows
  assert.equal(list.faults[0].detail, 'element 1 is a list; every record must be an object')
  const [, line] = (await read('a.jsonl', '{}\n{"a":1,')).rows
  assert.equal(line.faults[0].detail, 'invalid JSON in a.jsonl at line 2 (column 8): unexpected end of line')
  assert.equal(line.faults[0].raw, '{"a":1,')
})

/** Larger than the pieces that files are read in, and not aligned to them. */
const LONG = 'é😀x'.repeat(120_000)

test('records, characters and errors that lie across pieces of the file are read as if they did not', async () => {
  const records = [{ id: 1, text: LONG }, { id: 2 }, { id: 3, text: `${LONG}!` }]
  assert.deepEqual(documents(await read('a.json', JSON.stringify(records))), records)
  assert.deepEqual(
    documents(await read('a.jsonl', records.map((each) => JSON.stringify(each)).join('\n'))),
    records,
  )
  const error = await refusal(read('a.json', `[{"text":"${LONG}"},\n {"text":"${LONG}"} 1]`))
  assert.deepEqual([error.line, error.column], [2, 2 + `{"text":"${LONG}"} `.length])
})

test('a fault on a long single line has the right column', async () => {
  const before = `[{"text":"${LONG}"},{"text":"${LONG}"},`
  const { rows } = await read('a.json', `${before}{"a":1,"a":2}]`)
  assert.match(rows[2].faults[0].detail, new RegExp(`line 1, column ${before.length + 8}\\)`))
})

test('broken UTF-8 far into a file names its line and byte', async () => {
  const good = `{"text":"${LONG}"}\n`
  const error = await refusal(
    read('a.jsonl', Buffer.concat([Buffer.from(good + good), Buffer.from([0x7b, 0xff, 0x7d])])),
  )
  assert.equal(error.code, 'text.encoding')
  assert.match(
    error.message,
    new RegExp(`at line 3, byte ${2 * Buffer.byteLength(good) + 1} \\(found 0xFF\\)`),
  )
})

test('many records come in several chunks, none of them empty', async () => {
  const lines = Array.from({ length: 5_000 }, (_, id) => JSON.stringify({ id }))
  const file = await read('a.jsonl', lines.join('\n'))
  assert.equal(file.rows.length, 5_000)
  assert.equal(file.chunks, 5)
})
