import { newKey, read, step, type WriteOptions, type Written, write } from './calls.ts'
import { type Send, sleep } from './http.ts'
import type { Import, PlannedRow, Undo } from './types.ts'

/** A file of records, and how it is to be read: `mode`, `on_error`, `delimiter`, `sheet`, … as the upload takes them. */
export type Upload = { resource: string; name: string; [option: string]: string | boolean | number }
type RowsQuery = { verdict?: string; after?: number; limit?: number }

/** Files: planned, looked at, applied, taken back. */
export type Imports = {
  /** Sends a file and waits for its plan; nothing is changed until it is applied. */
  upload(
    file: string | Uint8Array | Blob,
    about: Upload,
    options?: Pick<WriteOptions, 'key'>,
  ): Promise<Import>
  /** The rows of the plan, each with its verdict, in the order of the file. */
  rows(id: string, query?: RowsQuery): Promise<{ items: PlannedRow[]; next: number | null }>
  /** The refused rows in the format they came in. */
  rejects(id: string): Promise<ReadableStream<Uint8Array>>
  apply(id: string, options?: WriteOptions): Promise<Written<Import>>
  undo(id: string, options?: WriteOptions): Promise<Written<Undo>>
  redo(id: string, options?: WriteOptions): Promise<Written<Undo>>
  cancel(id: string, options?: WriteOptions): Promise<Written<Import>>
}

const LOOK_EVERY_MS = 500
/** Ten minutes: a million rows are planned in two. */
const LOOKS_MAX = 1_200

export function importsOf(send: Send, signal: AbortSignal | undefined): Imports {
  const at = (id: string, verb = '') => `/api/imports/${step(id)}${verb}`
  return {
    async upload(body, query, { key = newKey() } = {}) {
      const headers = { 'content-type': 'application/octet-stream', 'idempotency-key': key }
      const answer = await send('/api/imports', { method: 'POST', query, body, headers })
      return planned(send, (await answer.json()) as Import, signal)
    },
    rows: (id, query) => read(send, at(id, '/rows'), query),
    rejects: async (id) => (await send(at(id, '/rejects'))).body!,
    apply: (id, how) => write(send, at(id, '/apply'), {}, how),
    undo: (id, how) => write(send, at(id, '/undo'), {}, how),
    redo: (id, how) => write(send, at(id, '/redo'), {}, how),
    cancel: (id, how) => write(send, at(id, '/cancel'), {}, how),
  }
}

async function planned(send: Send, uploaded: Import, signal: AbortSignal | undefined): Promise<Import> {
  let found = uploaded
  for (let looks = 0; found.state === 'uploaded' || found.state === 'parsed'; looks++) {
    if (looks >= LOOKS_MAX) throw new Error(`Import ${found.id} is still ${found.state}; look again later.`)
    await sleep(LOOK_EVERY_MS, signal)
    found = await read<Import>(send, `/api/imports/${found.id}`)
  }
  return found
}
