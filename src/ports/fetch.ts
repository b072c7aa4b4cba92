import type { Readable } from 'node:stream'

/** A request to an address that a person gave. */
export type FetchRequest = {
  url: string
  method?: 'GET' | 'POST'
  headers?: Readonly<Record<string, string>>
  /** headers that go to the given origin only, never along with a redirect to another. */
  secretHeaders?: Readonly<Record<string, string>>
  body?: Readable | string
  /** largest answer, bytes after decompression. */
  bytesMax: number
  signal?: AbortSignal
}

/** An answer whose head is there; the body is read by the caller, and errs when it grows too large or too slow. */
export type FetchResponse = {
  status: number
  /** names in small letters. */
  headers: Readonly<Record<string, string>>
  /** where the redirects led to. */
  url: string
  body: Readable
}

/** Calls to the outside whose addresses people choose. Throws FetchError; an answer of any status is an answer. */
export type Fetch = (request: FetchRequest) => Promise<FetchResponse>

/** Why a call was refused or failed: `fetch.address`, `fetch.port`, `fetch.timeout`, … The message names the host, never the whole URL. */
export class FetchError extends Error {
  readonly code: string
  constructor(code: string, message: string, cause?: unknown) {
    super(message, cause === undefined ? undefined : { cause })
    this.name = 'FetchError'
    this.code = code
  }
}
