import type { Call, Parameters, Send } from './http.ts'

/** How a write is done. Without a key it gets one of its own, so that it can be sent again and is done once. */
export type WriteOptions = {
  /** shows what would happen, and writes nothing. */
  dryRun?: boolean
  reason?: string
  /** at most 255 characters; the same key with the same call is done once and answered again. */
  key?: string
  /** for a change of one record: `version.stale` when it moved on since that version. */
  ifVersion?: number
}

/** What a write answered: the records or what it says, and the change that it made (null when there was nothing to change). */
export type Written<Data> = { data: Data; change: string | null; dryRun: boolean; replayed: boolean }

/** Asks, and reads the JSON that is answered. */
export async function read<Data>(send: Send, path: string, query: Parameters = {}): Promise<Data> {
  return (await send(path, { query })).json() as Promise<Data>
}

/** Writes once, however often it has to be sent. */
export async function write<Data>(
  send: Send,
  path: string,
  { method = 'POST', body, query }: Pick<Call, 'method' | 'body' | 'query'>,
  { dryRun, reason, key = newKey(), ifVersion }: WriteOptions = {},
): Promise<Written<Data>> {
  const { headers, ...answer } = await answered<Data>(send, path, {
    method,
    body,
    query: { ...query, dry_run: dryRun, reason },
    headers: {
      'idempotency-key': key,
      'if-match': ifVersion === undefined ? undefined : `"${ifVersion}"`,
    },
  })
  return {
    ...answer,
    change: headers.get('serai-change'),
    dryRun: headers.get('serai-dry-run') === 'true',
    replayed: headers.get('idempotent-replayed') === 'true',
  }
}

async function answered<Data>(
  send: Send,
  path: string,
  call: Call,
): Promise<{ data: Data; headers: Headers }> {
  const answer = await send(path, call)
  return { data: (await answer.json()) as Data, headers: answer.headers }
}

/** An id or key as a step of a path. An empty one would lead to the whole collection. */
export function step(id: string): string {
  if (id === '') throw new RangeError('An id or a key is needed, and it is empty.')
  return encodeURIComponent(id)
}

/** 128 random bits. `crypto.randomUUID` is not there for pages that came over plain HTTP. */
export function newKey(): string {
  return Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) =>
    byte.toString(16).padStart(2, '0'),
  ).join('')
}
