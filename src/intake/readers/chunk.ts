import type { Fault } from '../../kernel/fault.ts'
import type { Cell } from '../types.ts'

/** Rows on their way out of a reader, as parts of one JSON text. */
export type Chunk = { parts: Uint8Array[]; bytes: number; rows: number }

/** A chunk is sent at this size: 5 ms of JSON.parse at the other end, which a server can afford between two requests. */
const CHUNK_BYTES = 512 << 10
const CHUNK_ROWS = 1_000

/** A chunk without rows. */
export function newChunk(): Chunk {
  return { parts: [], bytes: 0, rows: 0 }
}

/** The chunk is large enough to be sent. */
export function isFull(chunk: Chunk): boolean {
  return chunk.bytes >= CHUNK_BYTES || chunk.rows >= CHUNK_ROWS
}

/** Adds a document that is JSON text already. */
export function addDocument(chunk: Chunk, line: number, document: Uint8Array, faults: Fault[]): void {
  add(chunk, Buffer.from(`${chunk.rows ? ',' : '['}[${line},`), document, Buffer.from(tail(faults)))
}

/** Adds the cells of a row. */
export function addCells(chunk: Chunk, line: number, cells: Cell[], faults: Fault[]): void {
  add(chunk, Buffer.from(`${chunk.rows ? ',' : '['}[${line},${JSON.stringify(cells)}${tail(faults)}`))
}

/** The chunk as JSON text. */
export function chunkText(chunk: Chunk): Buffer {
  return Buffer.concat([...chunk.parts, Buffer.from(chunk.rows ? ']' : '[]')])
}

function add(chunk: Chunk, ...parts: Uint8Array[]): void {
  chunk.rows++
  for (const part of parts) {
    chunk.parts.push(part)
    chunk.bytes += part.length
  }
}

function tail(faults: Fault[]): string {
  return faults.length ? `,${JSON.stringify(faults)}]` : ']'
}
