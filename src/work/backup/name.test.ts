import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { humanSize } from './error.ts'
import { readManifest, sealManifest, writeManifest } from './manifest.ts'
import { backupName, parseBackupName, parsePredecessorName } from './name.ts'

const times = fc.date({
  min: new Date('2000-01-01'),
  max: new Date('9999-12-31T23:59:59.999Z'),
  noInvalidDate: true,
})
const sequences = fc.integer({ min: 1, max: 1_000_000 })

test('a name tells its time and sequence, and names sort by time', () => {
  fc.assert(
    fc.property(times, sequences, times, sequences, (time, sequence, otherTime, other) => {
      const name = backupName(time, sequence)
      assert.deepEqual(parseBackupName(name), { name, createdAt: time, sequence })
      if (time < otherTime) assert.ok(name < backupName(otherTime, other))
    }),
  )
})

const notNames = [
  '',
  'serai_20260230_000000000Z_0001',
  'serai_20260101_250000000Z_0001',
  'serai_20260101_000000000Z_1',
  'serai_20260101_000000000Z_00001',
  'serai_20260101_000000000Z_0001/..',
  '.tmp-serai_20260101_000000000Z_0001',
  'products_20260101_000000.json',
]
for (const name of notNames)
  test(`${JSON.stringify(name)} names no backup`, () => assert.equal(parseBackupName(name), null))

test("the predecessor's names are known", () => {
  assert.deepEqual(parsePredecessorName('products_20250102_030405.json'), new Date('2025-01-02T03:04:05Z'))
  assert.equal(parsePredecessorName('products_20250102_030405.json.tmp'), null)
})

test('a manifest is read as it was written, and not with any one character changed', () => {
  const content = {
    app_version: '1',
    schema_version: '',
    migrations: [],
    postgres_version: '18',
    origin: 'o',
    created_at: '',
    reason: 'é "x"',
    scope: 'all' as const,
    marker: null,
    tables: [],
    objects: [],
    sequences: [],
    stats: null,
  }
  const manifest = sealManifest(content, { pinned: false, verified_at: null, outcome: null })
  const text = writeManifest(manifest)
  assert.deepEqual(readManifest('x', text), manifest)
  fc.assert(
    fc.property(fc.nat(text.length - 1), fc.constantFrom(...' \n0a"{},x'), (at, character) => {
      const changed = text.slice(0, at) + character + text.slice(at + 1)
      if (changed !== text) assert.throws(() => readManifest('x', changed), /altered|format/)
    }),
  )
})

const sizes: [number, string][] = [
  [0, '0 B'],
  [1023, '1023 B'],
  [1024, '1.0 KB'],
  [1_572_864, '1.5 MB'],
  [5 * 1024 ** 4, '5.0 TB'],
  [5 * 1024 ** 5, '5120.0 TB'],
]
for (const [bytes, text] of sizes)
  test(`${bytes} bytes are ${text}`, () => assert.equal(humanSize(bytes), text))
