import type { Problem, ProblemCode } from './types.ts'

/** Where the server is, who asks, and how patiently. */
export type ClientOptions = {
  /** e.g. `http://127.0.0.1:7700` */
  url: string
  token: string
  /** how often a request is sent again after 429, 503 or a broken connection; 4 when absent. */
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

export type Call = {
  method?: string
  query?: { [name: string]: string | number | boolean | readonly string[] | undefined }
  body?: unknown
  headers?: { [name: string]: string | undefined }
}
export type Send = (path: string, call?: Call) => Promise<Response>

const RETRIES = 4
const FIRST_WAIT_MS = 200
/** A server that asks for more patience than this is told of as a problem. */
const WAIT_MS_MAX = 60_000

/**
 * Sends requests, again when the server asks for it or cannot be reached: each with its `Idempotency-Key`, so that what was
 * done and not answered is not done twice. Throws ProblemError for every answer that is not 2xx.
 */
export function sender({ url, token, retries = RETRIES, signal, ...options }: ClientOptions): Send {
  const send = options.fetch ?? fetch
  return async (path, call = {}) => {
    const request = requestOf(token, call, signal)
    const target = new URL(`${path}${queryOf(call.query)}`, url)
    for (let attempt = 0; ; attempt++) {
      const answer = await send(target, request).catch((error: Error) => error)
      if (answer instanceof Response && answer.ok) return answer
      const wait_ms = waitOf(answer, attempt)
      if (attempt >= retries || wait_ms === undefined || wait_ms > WAIT_MS_MAX || signal?.aborted)
        throw answer instanceof Response ? await problemOf(answer) : answer
      if (answer instanceof Response) await answer.body?.cancel()
      await sleep(wait_ms, signal)
    }
  }
}

function requestOf(
  token: string,
  { method = 'GET', body, headers = {} }: Call,
  signal?: AbortSignal,
): RequestInit {
  const isText = typeof body === 'string' || body instanceof Uint8Array || body instanceof Blob
  const given = Object.entries(headers).filter((entry): entry is [string, string] => entry[1] !== undefined)
  return {
    method,
    headers: {
      authorization: `Bearer ${token}`,
      ...(body === undefined || isText ? {} : { 'content-type': 'application/json' }),
      ...Object.fromEntries(given),
    },
    ...(body === undefined ? {} : { body: isText ? (body as string) : JSON.stringify(body) }),
    ...(signal ? { signal } : {}),
  }
}

function queryOf(query: Call['query'] = {}): string {
  const given = Object.entries(query).filter(([, value]) => value !== undefined)
  return given.length ? `?${new URLSearchParams(given.map(([name, value]) => [name, String(value)]))}` : ''
}

/** Milliseconds to wait before the next attempt; undefined when another would not help. */
function waitOf(answer: Response | Error, attempt: number): number | undefined {
  const backoff = FIRST_WAIT_MS * 2 ** attempt * (0.5 + Math.random())
  // fetch throws TypeError when the connection fails, and other errors when it was told to stop.
  if (answer instanceof Error) return answer instanceof TypeError ? backoff : undefined
  if (answer.status !== 429 && answer.status !== 503) return undefined
  const seconds = Number(answer.headers.get('retry-after') ?? Number.NaN)
  return Number.isFinite(seconds) ? seconds * 1_000 : backoff
}

async function problemOf(answer: Response): Promise<ProblemError> {
  if (answer.headers.get('content-type')?.startsWith('application/problem+json'))
    return new ProblemError((await answer.json()) as Problem)
  const { status, statusText: title } = answer
  const detail = `${status} ${title}: ${(await answer.text()).slice(0, 200)}`
  return new ProblemError({ type: 'about:blank', title, status, detail, request_id: '', errors: [] })
}

export function sleep(milliseconds: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
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
