import { Readable } from 'node:stream'
import type { FastifyReply } from 'fastify'
import { attachment } from '../http/text.ts'

/** A reader that takes nothing for so long is cut off: it holds a snapshot of the database open. */
const IDLE_MS = 60_000

/**
 * Streams a file, at the pace of its reader. What fails before the first piece is a problem like any other; what fails later
 * cuts the connection, so that nobody takes half a file for the whole.
 */
export async function sendFile(
  reply: FastifyReply,
  file: { name: string; type: string; body: AsyncIterable<Uint8Array> },
): Promise<FastifyReply> {
  const body = Readable.from(await started(file.body), { objectMode: false })
  body.once('error', (error) => reply.log.error({ err: error }, 'a download broke off'))
  reply.raw.setTimeout(IDLE_MS, () => reply.raw.destroy())
  return reply.type(file.type).header('content-disposition', attachment(file.name)).send(body)
}

/** The same values, the first of which is there already: its errors are thrown here. */
export async function started<Value>(values: AsyncIterable<Value>): Promise<AsyncIterable<Value>> {
  const iterator = values[Symbol.asyncIterator]()
  const first = await iterator.next()
  return resumed(iterator, first)
}

async function* resumed<Value>(
  iterator: AsyncIterator<Value>,
  first: IteratorResult<Value>,
): AsyncGenerator<Value> {
  try {
    for (let next = first; !next.done; next = await iterator.next()) yield next.value
  } finally {
    await iterator.return?.()
  }
}
