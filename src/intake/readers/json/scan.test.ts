import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { IntakeError } from '../../types.ts'
import { judgeNumber } from './number.ts'
import { patched } from './record.ts'
import { scanValue, skipBlanks } from './scan.ts'
import { MORE, newScan, type Scan, startRecord } from './state.ts'

const where = (line: number, column: number) => `x.json at line ${line}, column ${column}`

function scanOf(text: string | Buffer, final = true): Scan {
  const scan = newScan({ endName: 'file', depthMax: 64, where })
  return Object.assign(scan, { bytes: Buffer.from(text), final })
}

/** Scans a whole text; throws when anything follows the value. */
function scanAll(scan: Scan): void {
  const end = skipBlanks(scan, scanValue(scan, skipBlanks(scan, 0)))
  assert.equal(end, scan.bytes.length)
}

function isJson(text: string): boolean {
  try {
    JSON.parse(text)
    return true
  } catch {
    return false
  }
}

function scans(text: string): boolean {
  try {
    scanAll(scanOf(text))
    return true
  } catch (error) {
    if (error instanceof IntakeError || error instanceof assert.AssertionError) return false
    throw error
  }
}

const ERRORS: [text: string, place: string, reason: string][] = [
  ['{"a":1 "b":2}', 'line 1, column 8', 'expected "," or "}"'],
  ['[\n1 2]', 'line 2, column 3', 'expected "," or "]"'],
  ['{"a" 1}', 'line 1, column 6', 'expected ":"'],
  ['{a:1}', 'line 1, column 2', 'expected a name in double quotes'],
  ['{"a":1,}', 'line 1, column 8', 'expected a name in double quotes'],
  ['[1,]', 'line 1, column 4', 'expected a value'],
  ['[NaN]', 'line 1, column 2', 'expected a value'],
  ['[nul]', 'line 1, column 2', 'expected a value'],
  ["['a']", 'line 1, column 2', 'expected a value'],
  ['[01]', 'line 1, column 3', 'expected "," or "]"'],
  ['[1.]', 'line 1, column 4', 'expected a digit'],
  ['[1e+]', 'line 1, column 5', 'expected a digit'],
  ['[-]', 'line 1, column 3', 'expected a digit'],
  ['["a\nb"]', 'line 1, column 4', 'unexpected line break inside a text'],
  ['["a\tb"]', 'line 1, column 4', 'unexpected control character U+0009 inside a text'],
  ['["\\x"]', 'line 1, column 4', 'unknown escape in a text'],
  ['["\\u12g4"]', 'line 1, column 7', 'expected four hexadecimal digits'],
  ['{"a": "b', 'line 1, column 9', 'unexpected end of file'],
  ['[1,\n\n  2', 'line 3, column 4', 'unexpected end of file'],
  ['["é😀", x]', 'line 1, column 9', 'expected a value'],
]
for (const [text, place, reason] of ERRORS)
  test(`${JSON.stringify(text)} is refused at ${place}`, () => {
    assert.throws(() => scanAll(scanOf(text)), {
      code: 'json.syntax',
      message: `invalid JSON in x.json at ${place}: ${reason}`,
    })
  })

const DEEP = 64
test('64 levels pass, 65 do not, and no number of them ends in a stack overflow', () => {
  scanAll(scanOf('['.repeat(DEEP) + ']'.repeat(DEEP)))
  for (const depth of [DEEP + 1, 1_000_000])
    assert.throws(() => scanAll(scanOf('['.repeat(depth))), { code: 'json.depth', column: DEEP + 1 })
})

/** Well-formed text that may not enter: the faults, and what stands in its place. */
const FAULTS: [text: string, faults: string[], mended: unknown][] = [
  ['{"a":1,"a":2}', ['a|json.duplicate_key|column 8'], { a: 2 }],
  ['{"a":1,"\\u0061":2}', ['a|json.duplicate_key|column 8'], { a: 2 }],
  [
    '{"p":[{"x":1},{"x":1,"y":2,"x":3}]}',
    ['p[1].x|json.duplicate_key|column 28'],
    { p: [{ x: 1 }, { x: 3, y: 2 }] },
  ],
  ['{"__proto__":1}', ['__proto__|json.key|column 2'], { _proto_: 1 }],
  ['{"a":"x\\u0000y"}', ['a|text.nul|column 8'], { a: 'x\ufffdy' }],
  ['{"a":["\\ud83d"]}', ['a[0]|text.surrogate|column 8'], { a: ['\ufffd'] }],
  [
    '{"a":"\\ude00\\ud83d"}',
    ['a|text.surrogate|column 7', 'a|text.surrogate|column 13'],
    { a: '\ufffd\ufffd' },
  ],
  ['{"a\\u0000":1e400}', ['|text.nul|column 4', 'a\ufffd|number.overflow|column 12'], { 'a\ufffd': '1e400' }],
  ['{"a":1e400}', ['a|number.overflow|column 6'], { a: '1e400' }],
  [
    '{"a":[1,{"b":0.12345678901234567890}]}',
    ['a[1].b|number.precision|column 14'],
    { a: [1, { b: '0.12345678901234567890' }] },
  ],
  ['{"a":9007199254740993}', ['a|number.precision|column 6'], { a: '9007199254740993' }],
  ['{"a":1e-400}', ['a|number.precision|column 6'], { a: '1e-400' }],
]
for (const [text, expected, mended] of FAULTS)
  test(`${text} has ${expected.length} fault(s) with path and column`, () => {
    const scan = scanOf(text)
    scanAll(scan)
    const found = scan.faults.map(({ path, code, detail }) => `${path}|${code}|${/column \d+/.exec(detail)}`)
    assert.deepEqual(found, expected)
    assert.deepEqual(JSON.parse(Buffer.from(patched(scan, 0, scan.bytes.length)).toString()), mended)
  })

test('what is the same in two objects, or nearly the same in one, is no duplicate', () => {
  const many = Array.from({ length: 200 }, (_, index) => `"name${index}":${index}`).join()
  const scan = scanOf(`[{"a":1},{"a":1,"A":2,"b":{"a":3}},{${many}},{"\\ud83d\\ude00":1}]`)
  scanAll(scan)
  assert.deepEqual(scan.faults, [])
})

test('a duplicate among two hundred names is found', () => {
  const many = Array.from({ length: 200 }, (_, index) => `"name${index}":${index}`).join()
  const scan = scanOf(`{${many},"name7":0,"other":1,"name199":2}`)
  scanAll(scan)
  assert.deepEqual(
    scan.faults.map(({ path }) => path),
    ['name7', 'name199'],
  )
})

test('a record that is wrong everywhere is described in linear time, up to a hundred faults', () => {
  const scan = scanOf(`{"a":"${'\\u0000'.repeat(200_000)}"}`)
  const start = performance.now()
  scanAll(scan)
  assert.ok(performance.now() - start < 1_000)
  assert.equal(scan.faults.length, 100)
  assert.equal(scan.patches.length, 200_000)
})

const NUMBERS: [text: string, code: string | undefined][] = [
  ['149.50', undefined],
  ['0.1', undefined],
  ['-0', undefined],
  ['0.000', undefined],
  ['1e2', undefined],
  ['100000000000000000000', undefined],
  ['1.7976931348623157e308', undefined],
  ['5e-324', undefined],
  ['12345678901234567890', 'number.precision'],
  ['0.10000000000000001', 'number.precision'],
  ['1e309', 'number.overflow'],
  ['-1e309', 'number.overflow'],
  [`1${'0'.repeat(2_000)}`, 'number.overflow'],
  [`1e-${'0'.repeat(2_000)}1`, 'number.precision'],
]
for (const [text, code] of NUMBERS)
  test(`${text.slice(0, 30)} is ${code ?? 'exact'}`, () => assert.equal(judgeNumber(text)?.code, code))

test('a double always survives its own text', () => {
  fc.assert(
    fc.property(
      fc.double({ noNaN: true, noDefaultInfinity: true }),
      (value) => judgeNumber(String(value)) === undefined,
    ),
  )
})

test('the scanner accepts exactly what JSON.parse accepts', () => {
  const broken = fc
    .tuple(fc.json({ maxDepth: 5 }), fc.nat(), fc.constantFrom(...'{}[]",:\\u0e+-.1tnf \n\t\u0001'))
    .map(([text, seed, change]) => {
      const at = seed % (text.length + 1)
      return seed % 3 === 0 ? text.slice(0, at) : text.slice(0, at) + change + text.slice(at + (seed % 2))
    })
  const soup = fc
    .array(fc.constantFrom(...'{}[]",:\\ue+-.019 \n', 'true', 'null', '"a"', '1.5', '\\u00e9'), {
      maxLength: 12,
    })
    .map((parts) => parts.join(''))
  fc.assert(
    fc.property(fc.oneof(broken, soup, fc.json()), (text) => assert.equal(scans(text), isJson(text), text)),
    { numRuns: 3_000 },
  )
})

test('a text that arrives in two pieces asks for more or is read the same', () => {
  fc.assert(
    fc.property(fc.jsonValue({ maxDepth: 4 }), fc.nat(), (value, seed) => {
      const bytes = Buffer.from(JSON.stringify([value], null, seed % 3))
      const scan = scanOf(bytes.subarray(0, seed % bytes.length), false)
      assert.throws(
        () => scanAll(scan),
        (error) => error === MORE,
      )
      startRecord(scan)
      Object.assign(scan, { bytes, line: 1, anchor: { at: 0, column: 0 } })
      scanAll(scan)
      assert.equal(scan.line, bytes.toString().split('\n').length)
    }),
  )
})
