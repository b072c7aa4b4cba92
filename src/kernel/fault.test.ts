import assert from 'node:assert/strict'
import { test } from 'node:test'
import { pointer, shorten } from './fault.ts'

const paths: [string, string][] = [
  ['', ''],
  ['product_name', '/product_name'],
  ['pricing[1].price', '/pricing/1/price'],
  ['[0].pricing[2]', '/0/pricing/2'],
  ['a/b~c', '/a~1b~0c'],
]

test('a field path becomes a JSON Pointer', () => {
  for (const [path, expected] of paths) assert.equal(pointer(path), expected)
})

test('a long value is cut for display, never in the middle of a character', () => {
  const shown = shorten(`${'a'.repeat(199)}😀`)
  assert.ok(shown.isWellFormed())
  assert.equal(shown.length, 201)
})
