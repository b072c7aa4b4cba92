import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { decodeFrames, encodeFrame, errorFrame, errorOf, type Frame } from './frames.ts'
import { IntakeError } from './types.ts'

async function* pieces(bytes: Buffer, sizes: number[]): AsyncGenerator<Buffer> {
  let at = 0
  for (const size of [...sizes, bytes.length]) {
    if (at < bytes.length) yield bytes.subarray(at, at + size)
    at += size
  }
}

test('frames come out of a pipe as they went in, however it cuts them', async () => {
  const frame = fc.oneof(
    fc.uint8Array({ maxLength: 40 }).map((bytes): Frame => ({ kind: 'rows', text: Buffer.from(bytes) })),
    fc.string().map((detail): Frame => ({ kind: 'warning', warning: { path: '', code: 'x', detail } })),
    fc.string().map((sheet): Frame => ({ kind: 'head', head: { sheet } })),
    fc.constant<Frame>({ kind: 'end' }),
  )
  await fc.assert(
    fc.asyncProperty(
      fc.array(frame, { maxLength: 8 }),
      fc.array(fc.integer({ min: 1, max: 12 })),
      async (frames, sizes) => {
        const bytes = Buffer.concat(frames.flatMap(encodeFrame))
        assert.deepEqual(await Array.fromAsync(decodeFrames(pieces(bytes, sizes))), frames)
      },
    ),
  )
})

test('a stream that is cut off gives the whole frames only', async () => {
  const bytes = Buffer.concat(
    [{ kind: 'end' } as const, { kind: 'rows', text: Buffer.from('[]') } as const].flatMap(encodeFrame),
  )
  assert.deepEqual(await Array.fromAsync(decodeFrames(pieces(bytes.subarray(0, -1), []))), [{ kind: 'end' }])
})

test('an error keeps code, message and place', async () => {
  const error = new IntakeError('json.syntax', 'wrong', { line: 3, column: 9 })
  const [frame] = await Array.fromAsync(
    decodeFrames(pieces(Buffer.concat(encodeFrame(errorFrame(error))), [])),
  )
  const back = errorOf((frame as Extract<Frame, { kind: 'error' }>).error)
  assert.deepEqual([back.code, back.message, back.line, back.column], ['json.syntax', 'wrong', 3, 9])
})
