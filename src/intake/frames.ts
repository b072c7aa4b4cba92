import type { Fault } from '../kernel/fault.ts'
import type { HeadPart } from './readers/reader.ts'
import { IntakeError } from './types.ts'

/**
 * What the reading process says, one frame each: a byte for the kind, four for the length, then JSON text. Rows come first to last
 * between `head` and `end`; a stream that stops without `end` or `error` was cut off.
 */
export type Frame =
  | { kind: 'head'; head: HeadPart }
  | { kind: 'rows'; text: Buffer }
  | { kind: 'warning'; warning: Fault }
  | { kind: 'error'; error: ErrorFrame }
  | { kind: 'end' }

/** An error as it crosses from one process to another. */
type ErrorFrame = { code: string; message: string; line?: number; column?: number }

const KINDS = ['head', 'rows', 'warning', 'error', 'end'] as const
const PREFIX_BYTES = 5

/** A frame as bytes; the rows' text is not copied. */
export function encodeFrame(frame: Frame): Buffer[] {
  const body = bodyOf(frame)
  const prefix = Buffer.alloc(PREFIX_BYTES)
  prefix.writeUInt8(KINDS.indexOf(frame.kind))
  prefix.writeUInt32LE(body.length, 1)
  return [prefix, body]
}

/** The frames in a stream of bytes. Stops without a word when the stream does. */
export async function* decodeFrames(stream: AsyncIterable<Buffer>): AsyncGenerator<Frame> {
  let parts: Buffer[] = []
  let size = 0
  let needed = PREFIX_BYTES
  for await (const bytes of stream) {
    parts.push(bytes)
    size += bytes.length
    if (size < needed) continue
    let rest = Buffer.concat(parts)
    while (rest.length >= PREFIX_BYTES && rest.length >= frameBytes(rest)) {
      const length = frameBytes(rest)
      yield frameOf(KINDS[rest[0]], rest.subarray(PREFIX_BYTES, length))
      rest = rest.subarray(length)
    }
    needed = rest.length >= PREFIX_BYTES ? frameBytes(rest) : PREFIX_BYTES
    parts = [rest]
    size = rest.length
  }
}

/** An error on its way to the other process. */
export function errorFrame(error: IntakeError): Frame {
  const { code, message, line, column } = error
  return { kind: 'error', error: { code, message, line, column } }
}

/** The error that the other process met. */
export function errorOf({ code, message, line, column }: ErrorFrame): IntakeError {
  return new IntakeError(code, message, { line, column })
}

function frameBytes(bytes: Buffer): number {
  return PREFIX_BYTES + bytes.readUInt32LE(1)
}

function bodyOf(frame: Frame): Buffer {
  if (frame.kind === 'rows') return frame.text
  if (frame.kind === 'end') return Buffer.alloc(0)
  const { kind: _, ...rest } = frame
  return Buffer.from(JSON.stringify(rest))
}

function frameOf(kind: (typeof KINDS)[number], body: Buffer): Frame {
  if (kind === 'rows') return { kind, text: body }
  if (kind === 'end') return { kind }
  return { kind, ...JSON.parse(body.toString()) }
}
