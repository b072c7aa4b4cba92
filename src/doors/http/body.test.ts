import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { Problem } from '../../kernel/problem.ts'
import { DEPTH_MAX, parseJson } from './body.ts'

const deep = (levels: number) => `${'['.repeat(levels)}${']'.repeat(levels)}`

const wrong: [string, string | Buffer, RegExp][] = [
  ['a trailing comma', '{\n  "a": 1,\n}', /line 3, column 1: expected a name in double quotes/],
  ['a missing comma', '{"a": 1\n "b": 2}', /line 2, column 2: expected "," or "}"/],
  ['an end too early', '{"a": [1, 2', /line 1, column 12: unexpected end/],
  ['two documents', '{} {}', /line 1, column 4: expected the end of the body/],
  ['no JSON', 'hello', /line 1, column 1: expected a value/],
  ['a comment', '// a\n{}', /line 1, column 1/],
  ['a line break in a text', '{"a": "x\ny"}', /line 1, column/],
  ['NaN', '{"a": NaN}', /line 1, column 7: expected a value/],
  ['blanks alone', ' \n ', /unexpected end/],
  ['too deep', deep(DEPTH_MAX + 1), /deeper than 64 levels/],
  ['far too deep', deep(400_000), /deeper than 64 levels/],
  ['far too deep and broken', '['.repeat(1_000_000), /deeper than 64 levels/],
  ['a prototype', '{"__proto__": {"a": 1}}', /__proto__/],
  ['a prototype, spelled out', '{"a": [{"\\u005f_proto__": 1}]}', /__proto__/],
  ['no UTF-8', Buffer.from([0x7b, 0x22, 0xff, 0x22, 0x7d]), /not valid UTF-8/],
  ['UTF-16', Buffer.from('{"a": 1}', 'utf16le'), /line 1, column 2/],
]
for (const [name, body, detail] of wrong)
  test(`a body with ${name} is refused with its place`, () => {
    const started = performance.now()
    assert.throws(
      () => parseJson(Buffer.from(body)),
      (error) => {
        assert.ok(error instanceof Problem, String(error))
        assert.equal(error.status, 400)
        assert.match(error.message, detail)
        return true
      },
    )
    assert.ok(performance.now() - started < 2_000)
  })

test('what JSON.parse takes is taken as it is', () => {
  fc.assert(
    fc.property(fc.jsonValue({ maxDepth: 5 }), (value) => {
      const text = JSON.stringify(value)
      fc.pre(!text.includes('__proto__'))
      assert.deepEqual(parseJson(Buffer.from(text)), JSON.parse(text))
    }),
  )
  assert.equal(parseJson(Buffer.alloc(0)), undefined)
  assert.deepEqual(parseJson(Buffer.from('\ufeff{"a":1}')), { a: 1 })
  assert.deepEqual(parseJson(Buffer.from(deep(DEPTH_MAX))), JSON.parse(deep(DEPTH_MAX)))
})

test('whatever is no JSON is a 400, never anything else', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary', maxLength: 60 }), fc.json(), fc.nat(), (noise, text, at) => {
      const body = Buffer.from(text.slice(0, at % (text.length + 1)) + noise)
      try {
        parseJson(body)
      } catch (error) {
        assert.ok(error instanceof Problem && error.status === 400, String(error))
      }
    }),
  )
})
