import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { chmod, mkdtemp, readdir, rm, utimes, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { buffer } from 'node:stream/consumers'
import { type TestContext, test } from 'node:test'
import fc from 'fast-check'
import { checkKey, ObjectKeyError, ObjectMissing, type Objects } from './objects.ts'
import { diskObjects } from './objects-disk.ts'

const sha256 = (content: Buffer) => createHash('sha256').update(content).digest('hex')

test('what is put is got back, measured and listed; a second put replaces it', async (t) => {
  const objects = diskObjects(await folder(t))
  const first = Buffer.from('first'.repeat(100_000))
  assert.deepEqual(
    await objects.put('imports/2026/a.csv', Readable.from([first.subarray(0, 7), first.subarray(7)])),
    {
      size: first.length,
      sha256: sha256(first),
    },
  )
  assert.deepEqual(await buffer(objects.get('imports/2026/a.csv')), first)
  const before = await objects.stat('imports/2026/a.csv')
  await objects.put('imports/2026/a.csv', Buffer.from('second'))
  const after = await objects.stat('imports/2026/a.csv')
  assert.equal(after?.size, 6)
  assert.notEqual(after?.version, before?.version)
  await objects.put('imports/b.csv', Buffer.alloc(0))
  await objects.put('rejects/a.csv', Buffer.from('x'))
  const keys = (prefix: string) => keysOf(objects, prefix)
  assert.deepEqual(await keys(''), ['imports/2026/a.csv', 'imports/b.csv', 'rejects/a.csv'])
  assert.deepEqual(await keys('imports/2'), ['imports/2026/a.csv'])
  assert.deepEqual(await keys('imports'), ['imports/2026/a.csv', 'imports/b.csv'])
  assert.deepEqual(await keys('nothing/'), [])
  await objects.remove('rejects/a.csv')
  await objects.remove('rejects/a.csv')
  assert.equal(await objects.stat('rejects/a.csv'), null)
})

test('a missing object is an error of its own', async (t) => {
  const objects = diskObjects(await folder(t))
  assert.deepEqual(await keysOf(objects, ''), [])
  await assert.rejects(
    buffer(objects.get('a/b')),
    (error) => error instanceof ObjectMissing && error.key === 'a/b',
  )
})

test('a source that breaks leaves nothing, and what the key held stays', async (t) => {
  const root = await folder(t)
  const objects = diskObjects(root)
  await objects.put('a/b', Buffer.from('old'))
  const broken = Readable.from(
    (async function* () {
      yield Buffer.from('new')
      throw new Error('connection lost')
    })(),
  )
  await assert.rejects(objects.put('a/b', broken), /connection lost/)
  assert.equal((await buffer(objects.get('a/b'))).toString(), 'old')
  assert.deepEqual(await readdir(join(root, '.tmp')), [])
})

test('what a killed process left is removed after a day, what is being written now is not', async (t) => {
  const root = await folder(t)
  await diskObjects(root).put('a', Buffer.from('x'))
  for (const name of ['old', 'young']) await writeFile(join(root, '.tmp', name), name)
  await utimes(join(root, '.tmp', 'old'), new Date(0), new Date(0))
  await diskObjects(root).put('a', Buffer.from('y'))
  assert.deepEqual(await readdir(join(root, '.tmp')), ['young'])
})

const badKeys = [
  '',
  '/',
  '/a',
  'a/',
  'a//b',
  '..',
  'a/../b',
  '.tmp/x',
  'a/.b',
  'A',
  'a b',
  'a\\b',
  'é',
  'a\0',
  'x'.repeat(201),
]
for (const key of badKeys)
  test(`refuses the key ${JSON.stringify(key.slice(0, 20))}`, () => {
    assert.throws(() => checkKey(key), ObjectKeyError)
  })

test('no accepted key leads out of the folder', () => {
  fc.assert(
    fc.property(fc.string({ unit: fc.constantFrom(...'ab09._-/\\A') }), (key) => {
      let accepted = true
      try {
        checkKey(key)
      } catch {
        accepted = false
      }
      if (accepted) assert.equal(join('/root', key), `/root/${key}`)
    }),
  )
})

async function keysOf(objects: Objects, prefix: string): Promise<string[]> {
  const keys: string[] = []
  for await (const { key } of objects.list(prefix)) keys.push(key)
  return keys.sort()
}

async function folder(t: TestContext): Promise<string> {
  const path = await mkdtemp(join(tmpdir(), 'serai-objects-'))
  t.after(async () => {
    await chmod(path, 0o700)
    await rm(path, { recursive: true })
  })
  return join(path, 'objects')
}
