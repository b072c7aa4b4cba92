import type { Problem, ProblemCode } from './types.ts'

/** Where the server is, who asks, and how patiently. */
export type ClientOptions = {
  /** e.g. `http://127.0.0.1:7700` */
  url: string
  token: string
  /** how often a request is sent again after a refusal that says so or a broken connection; 4 when absent. */
  retries?: number
  /** ends every request and every wait. */
  signal?: AbortSignal
  /** what sends; the global `fetch` when absent. */
  fetch?: typeof fetch
}

/** A refusal of the server (RFC 9457), or what it answered when that was none. */
export class ProblemError extends Error {
  readonly status: number
  readonly code: ProblemCode | 'unknown'
  readonly problem: Problem
  constructor(problem: Problem) {
    super(problem.detail)
    this.name = 'ProblemError'
    this.status = problem.status
    this.code = (problem.type.split('#')[1] ?? 'unknown') as ProblemCode
    this.problem = problem
  }
}

/** What a list or a read is asked, besides its path; a list goes over the wire joined by commas. */
export type Parameters = {
  readonly [name: string]: string | number | boolean | readonly string[] | undefined
}
export type Call = {
  method?: string
  query?: Parameters
  /** an object goes as JSON, text and bytes as they are. */
  body?: unknown
  headers?: { [name: string]: string | undefined }
  signal?: AbortSignal
}
export type Send = (path: string, call?: Call) => Promise<Response>

const RETRIES = 4
const FIRST_WAIT_MS = 200
const BACKOFF_MS_MAX = 30_000
/** A server that asks for more patience than this is told of as a problem. */
const WAIT_MS_MAX = 60_000

/**
 * Sends requests; again when the refusal carries `Retry-After` (429, 503, and 409 where another writer is at it) or the server
 * cannot be reached. Throws ProblemError for every other answer that is not 2xx, TypeError where there was none.
 */
export function sender({ url, token, retries = RETRIES, ...options }: ClientOptions): Send {
  const fetchIt = options.fetch ?? fetch
  return async (path, call = {}) => {
    const signal = eitherOf(options.signal, call.signal)
    const request = requestOf(token, call, signal)
    const target = new URL(`${path}${queryOf(call.query)}`, url)
    for (let attempt = 0; ; attempt++) {
      const answer = await fetchIt(target, request).catch((error: Error) => error)
      if (answer instanceof Response && answer.ok) return answer
      const wait_ms = waitOf(answer, attempt)
      if (attempt >= retries || wait_ms === undefined || signal?.aborted)
        throw answer instanceof Response ? await problemOf(answer) : answer
      if (answer instanceof Response) await answer.body?.cancel()
      await sleep(wait_ms, signal)
    }
  }
}

function requestOf(
  token: string,
  { method = 'GET', body, headers = {} }: Call,
  signal: AbortSignal | undefined,
): RequestInit {
  const isRaw = typeof body === 'string' || body instanceof Uint8Array || body instanceof Blob
  const given = Object.entries(headers).filter((entry): entry is [string, string] => entry[1] !== undefined)
  return {
    method,
    headers: {
      authorization: `Bearer ${token}`,
      ...(body === undefined || isRaw ? {} : { 'content-type': 'application/json' }),
      ...Object.fromEntries(given),
    },
    ...(body === undefined ? {} : { body: isRaw ? (body as string) : JSON.stringify(body) }),
    ...(signal ? { signal } : {}),
  }
}

function queryOf(query: Parameters = {}): string {
  const given = Object.entries(query).flatMap(([name, value]): [string, string][] =>
    value === undefined ? [] : [[name, String(value)]],
  )
  return given.length ? `?${new URLSearchParams(given)}` : ''
}

/** Milliseconds to wait before the next attempt; undefined when another would not help, or not soon enough. */
function waitOf(answer: Response | Error, attempt: number): number | undefined {
  // fetch throws TypeError when the connection fails, and other errors when it was told to stop.
  if (answer instanceof Error) return answer instanceof TypeError ? backoffOf(attempt) : undefined
  const seconds = Number(answer.headers.get('retry-after') ?? Number.NaN)
  return seconds * 1_000 <= WAIT_MS_MAX ? seconds * 1_000 : undefined
}

/** Twice as long as before, and never the same for two clients that were cut off together. */
export function backoffOf(attempt: number): number {
  return Math.min(FIRST_WAIT_MS * 2 ** attempt, BACKOFF_MS_MAX) * (0.5 + Math.random())
}

async function problemOf(answer: Response): Promise<ProblemError> {
  if (answer.headers.get('content-type')?.startsWith('application/problem+json'))
    return new ProblemError((await answer.json()) as Problem)
  const { status, statusText: title } = answer
  const detail = `${status} ${title}: ${(await answer.text()).slice(0, 200)}`
  return new ProblemError({ type: 'about:blank', title, status, detail, request_id: '', errors: [] })
}

export function eitherOf(
  one: AbortSignal | undefined,
  other: AbortSignal | undefined,
): AbortSignal | undefined {
  return one && other ? AbortSignal.any([one, other]) : (one ?? other)
}

/** Waits; rejects with the signal's reason when that is aborted. */
export function sleep(milliseconds: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    if (signal?.aborted) return reject(signal.reason)
    const timer = setTimeout(done, milliseconds)
    signal?.addEventListener('abort', done, { once: true })
    function done() {
      clearTimeout(timer)
      signal?.removeEventListener('abort', done)
      if (signal?.aborted) reject(signal.reason)
      else resolve()
    }
  })
}
