import type { IncomingMessage } from 'node:http'
import { type Duplex, pipeline, type Readable, Transform } from 'node:stream'
import { createBrotliDecompress, createGunzip, createInflate } from 'node:zlib'
import { FetchError } from './fetch.ts'

const IDLE_MS = 30_000
const TOTAL_MS = 15 * 60_000

const DECODERS: { [coding: string]: (() => Duplex) | undefined } = {
  gzip: createGunzip,
  'x-gzip': createGunzip,
  deflate: createInflate,
  br: createBrotliDecompress,
}

/**
 * The body of an answer, decompressed; it errs when it is larger than `bytesMax` (before or after decompression), silent
 * for too long, or cut. Memory is bounded: decompression waits for the reader.
 */
export function boundedBody(
  response: IncomingMessage,
  bytesMax: number,
  host: string,
  idleMs = IDLE_MS,
): Readable {
  const coding = (response.headers['content-encoding'] ?? 'identity').trim().toLowerCase()
  const decoder = DECODERS[coding]?.()
  if (!decoder && coding !== 'identity') {
    response.destroy()
    throw new FetchError(
      'fetch.coding',
      `${host} answers in the coding "${coding}", which is not understood.`,
    )
  }
  const limited = limit(bytesMax, host)
  const stop = (seconds: number) => () =>
    response.destroy(new FetchError('fetch.timeout', `${host} stopped sending (${seconds} seconds).`))
  response.setTimeout(idleMs, stop(idleMs / 1_000))
  const timer = setTimeout(stop(TOTAL_MS / 1_000), TOTAL_MS)
  const done = () => clearTimeout(timer)
  if (decoder) pipeline(response, limit(bytesMax, host), decoder, limited, done)
  else pipeline(response, limited, done)
  return limited
}

function limit(bytesMax: number, host: string): Transform {
  let size = 0
  return new Transform({
    transform(chunk: Buffer, _encoding, done) {
      size += chunk.length
      if (size <= bytesMax) done(null, chunk)
      else
        done(new FetchError('fetch.size', `${host} sends more than ${Math.round(bytesMax / 1024 ** 2)} MB.`))
    },
  })
}
