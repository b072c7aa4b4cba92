import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { createWriteStream } from 'node:fs'
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { type TestContext, test } from 'node:test'
import type { Problem } from '../../kernel/problem.ts'
import { writeWhole } from './whole.ts'

const openStream = (partial: string) => createWriteStream(partial)

async function folder(t: TestContext): Promise<string> {
  const path = await mkdtemp(join(tmpdir(), 'serai-whole-'))
  t.after(() => rm(path, { recursive: true, force: true }))
  return path
}

test('a file is written whole', async (t) => {
  const place = await folder(t)
  await writeWhole(join(place, 'out.csv'), openStream, Readable.from(['a', 'b']))
  assert.equal(await readFile(join(place, 'out.csv'), 'utf8'), 'ab')
})

test('when the source fails midway, the old file stands and nothing else remains', async (t) => {
  const place = await folder(t)
  await writeFile(join(place, 'out.csv'), 'old')
  async function* failing() {
    yield 'new'
    throw new Error('the database went away')
  }
  await assert.rejects(writeWhole(join(place, 'out.csv'), openStream, Readable.from(failing())), /went away/)
  assert.deepEqual(await readdir(place), ['out.csv'])
  assert.equal(await readFile(join(place, 'out.csv'), 'utf8'), 'old')
})

test('a folder that does not exist is said', async (t) => {
  const place = await folder(t)
  await assert.rejects(
    writeWhole(join(place, 'no', 'out.csv'), openStream, Readable.from(['x'])),
    /the folder does not exist/,
  )
})

const asRoot = { skip: process.getuid?.() !== 0 && 'only root can mount a small disk' }

test('a full disk is said, and nothing of the file is kept', asRoot, async (t) => {
  const place = await folder(t)
  try {
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=64k', 'tmpfs', place], { stdio: 'pipe' })
  } catch {
    // A container without the right to mount has no small disk to fill.
    return t.skip('mounting is not allowed here')
  }
  try {
    const source = Readable.from(Array.from({ length: 100 }, () => Buffer.alloc(4_096)))
    await assert.rejects(
      writeWhole(join(place, 'out.csv'), openStream, source),
      (error: Problem) => error.code === 'storage.full',
    )
    assert.deepEqual(await readdir(place), [])
  } finally {
    execFileSync('umount', [place])
  }
})
