import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { row, text, workbook } from '../../test/files/workbook.ts'
import { place, read, refusal } from './open.testing.ts'
import { closeFile, openFile } from './open.ts'

const LINE = `${JSON.stringify({ name: 'x'.repeat(1_000) })}\n`
/** Too large to be read in this process, and for the pipe to hold. */
const LARGE = place('large.jsonl', LINE.repeat(20_000))
const TEXTS = 300_000

/** Ids of the readers that this process started and that have not ended. */
function readers(): number[] {
  const list = execFileSync('ps', ['-o', 'pid=,stat=,args=', '--ppid', String(process.pid)], {
    encoding: 'utf8',
  })
  const lines = list.split('\n').map((line) => line.trim().split(/\s+/))
  return lines.flatMap(([id, state, ...args]) =>
    args.some((each) => each.endsWith('child.ts')) && state[0] !== 'Z' ? [Number(id)] : [],
  )
}

async function noReaders(): Promise<void> {
  for (let tries = 0; tries < 100 && readers().length > 0; tries++) await sleep(20)
  assert.deepEqual(readers(), [])
}

test('the reader is ended when the rows are no longer taken', async () => {
  const file = await openFile(LARGE, 'large.jsonl')
  for await (const rows of file.rows) {
    assert.ok(rows.length > 0)
    assert.equal(readers().length, 1)
    break
  }
  await noReaders()
})

test('the reader waits for a slow taker and needs no more memory for it', async () => {
  const file = await openFile(LARGE, 'large.jsonl')
  let count = 0
  for await (const rows of file.rows) {
    count += rows.length
    await sleep(10)
  }
  assert.equal(count, 20_000)
  await noReaders()
})

test('an abort ends opening and reading', async () => {
  assert.equal(
    (await refusal(openFile(LARGE, 'large.jsonl', { signal: AbortSignal.abort() }))).code,
    'reader.cancelled',
  )
  const controller = new AbortController()
  const file = await openFile(LARGE, 'large.jsonl', { signal: controller.signal })
  const reading = async () => {
    for await (const _ of file.rows) controller.abort()
  }
  assert.equal((await refusal(reading())).code, 'reader.cancelled')
  await noReaders()
})

test('an opened file that nobody reads is let go by an abort', async () => {
  const controller = new AbortController()
  await openFile(LARGE, 'large.jsonl', { signal: controller.signal })
  assert.equal(readers().length, 1)
  controller.abort()
  await noReaders()
})

test('a file that is closed unread is let go', async () => {
  await closeFile(await openFile(LARGE, 'large.jsonl'))
  await noReaders()
})

test('a reader that takes too long is ended', async () => {
  const error = await refusal(openFile(LARGE, 'large.jsonl', { limits: { timeMs: 20 } }))
  assert.equal(error.code, 'reader.timeout')
  assert.match(error.message, /large\.jsonl took longer than 0\.02 seconds/)
  await noReaders()
})

test('a reader that is killed is an error that says so, not the end of the file', async () => {
  const file = await openFile(LARGE, 'large.jsonl')
  const reading = async () => {
    for await (const _ of file.rows) for (const id of readers()) process.kill(id, 'SIGKILL')
  }
  const error = await refusal(reading())
  assert.equal(error.code, 'reader.failed')
  assert.match(error.message, /large\.jsonl could not be read: .*SIGKILL/)
})

test('a reader that needs too much memory is ended', async () => {
  const strings = Array.from(
    { length: TEXTS },
    (_, index) => `<si><t>A text of its own, number ${index}</t></si>`,
  ).join('')
  const bytes = workbook({ rows: row(1, text(0, 1, 'a')) + row(2, '<c><v>1</v></c>'), strings })
  const error = await refusal(read('strings.xlsx', bytes, { limits: { memoryMib: 24 } }))
  assert.equal(error.code, 'reader.memory')
  assert.match(error.message, /strings\.xlsx needs more than 24 MB/)
  assert.equal((await read('strings.xlsx', bytes)).rows.length, 1)
})

test('the reader has no environment, and may read nothing but its file and the code', async () => {
  const file = await openFile(LARGE, 'large.jsonl')
  const [id] = readers()
  assert.equal(readFileSync(`/proc/${id}/environ`, 'utf8'), '')
  const args = readFileSync(`/proc/${id}/cmdline`, 'utf8').split('\0')
  const root = join(import.meta.dirname, '..', '..')
  assert.ok(args.includes('--permission'))
  assert.deepEqual(
    args.filter((each) => each.startsWith('--allow')).sort(),
    [LARGE, join(root, 'src'), join(root, 'package.json'), join(root, 'node_modules')]
      .map((place) => `--allow-fs-read=${place}`)
      .sort(),
  )
  for await (const _ of file.rows) break
  await noReaders()
})
