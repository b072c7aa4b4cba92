import { lookup as lookUp } from 'node:dns/promises'
import { type IncomingMessage, request as requestHttp } from 'node:http'
import { request as requestHttps } from 'node:https'
import type { LookupFunction } from 'node:net'
import { type Fetch, FetchError, type FetchRequest, type FetchResponse } from './fetch.ts'
import { isPublicAddress, literalAddress } from './fetch-address.ts'
import { boundedBody } from './fetch-body.ts'

const PORTS = new Set([443, 8443])
const REDIRECTS_MAX = 3
const REDIRECTS = new Set([301, 302, 303, 307, 308])
const LOOKUP_MS = 5_000
const HEAD_MS = 15_000
const HEAD_BYTES_MAX = 16 * 1024

/** One address that a name resolves to. */
export type Resolved = { address: string; family: number }

export type GuardOptions = {
  /** origins (`https://files.intra.example:8443`) that may be private, of another port or without TLS: an owner named them. */
  allow?: readonly string[]
  /** every address of a name; the system's resolver unless a test brings its own. */
  resolve?(hostname: string): Promise<Resolved[]>
  /** addresses that may be called; public ones unless a test says otherwise. */
  permits?(address: string): boolean
  /** until the head of the answer is there; milliseconds. */
  headMs?: number
  /** longest silence while the body comes; milliseconds. */
  idleMs?: number
}

/**
 * Calls addresses that people gave without letting them reach into our own network (SSRF). Only https on its usual ports;
 * the name is resolved once, every address it has must be public, and the connection goes to the checked address, so that
 * a second answer of the name server changes nothing. Redirects are followed by hand and checked like the first call.
 */
export function guardedFetch(options: GuardOptions = {}): Fetch {
  const allow = new Set(options.allow)
  const { resolve = everyAddress, permits = isPublicAddress } = options

  async function follow(request: FetchRequest, url: URL, left: number): Promise<FetchResponse> {
    const addresses = await checked(url)
    const response = await send(request, url, addresses, options.headMs ?? HEAD_MS)
    const status = response.statusCode ?? 0
    if (!REDIRECTS.has(status) || !response.headers.location) return answer(request, url, response)
    response.destroy()
    const next = redirected(request, url, response.headers.location, left)
    return follow({ ...request, ...withoutSecrets(request, url, next) }, next, left - 1)
  }

  function answer(request: FetchRequest, url: URL, response: IncomingMessage): FetchResponse {
    const headers = Object.fromEntries(
      Object.entries(response.headers).map(([name, value]) => [name, String(value)]),
    )
    const body = boundedBody(response, request.bytesMax, url.host, options.idleMs)
    return { status: response.statusCode ?? 0, headers, url: url.href, body }
  }

  /** The addresses that the connection may go to. */
  async function checked(url: URL): Promise<Resolved[]> {
    const isAllowed = allow.has(url.origin)
    if (!isAllowed) refuseForm(url)
    const literal = literalAddress(url.hostname)
    const addresses = literal
      ? [{ address: literal, family: literal.includes(':') ? 6 : 4 }]
      : await withinTime(resolve(url.hostname.replace(/\.$/, '')), url.hostname)
    if (addresses.length === 0) throw new FetchError('fetch.name', `${url.hostname} has no address.`)
    const wrong = isAllowed ? undefined : addresses.find(({ address }) => !permits(address))
    if (wrong)
      throw new FetchError(
        'fetch.address',
        `${url.hostname} is at ${wrong.address}, which is not a public address. If it is meant, an operator adds ${url.origin} to SERAI_FETCH_ALLOW.`,
      )
    return addresses
  }

  return async (request) => {
    const url = URL.parse(request.url)
    if (!url) throw new FetchError('fetch.url', 'The address is not a URL.')
    return follow(request, url, REDIRECTS_MAX)
  }
}

function refuseForm(url: URL): void {
  if (url.protocol !== 'https:')
    throw new FetchError(
      'fetch.scheme',
      `${url.host} is asked with ${url.protocol}//; only https is allowed.`,
    )
  if (url.username || url.password)
    throw new FetchError('fetch.credentials', `The address of ${url.host} holds a name or password.`)
  if (!PORTS.has(Number(url.port || 443)))
    throw new FetchError(
      'fetch.port',
      `Port ${url.port} of ${url.hostname} is not allowed; 443 and 8443 are. An operator can add ${url.origin} to SERAI_FETCH_ALLOW.`,
    )
}

function redirected(request: FetchRequest, from: URL, location: string, left: number): URL {
  if (request.body !== undefined)
    throw new FetchError('fetch.redirect', `${from.host} redirects; give the address that it leads to.`)
  if (left === 0)
    throw new FetchError('fetch.redirect', `${from.host} redirects more than ${REDIRECTS_MAX} times.`)
  const next = URL.parse(location, from.href)
  if (!next) throw new FetchError('fetch.redirect', `${from.host} redirects to something that is no URL.`)
  return next
}

function withoutSecrets(request: FetchRequest, from: URL, to: URL): Partial<FetchRequest> {
  return request.secretHeaders && from.origin !== to.origin ? { secretHeaders: {} } : {}
}

/** Sends the request over a connection of its own to the given addresses, and waits for the head of the answer. */
function send(
  request: FetchRequest,
  url: URL,
  addresses: Resolved[],
  headMs: number,
): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    const start = url.protocol === 'https:' ? requestHttps : requestHttp
    const outgoing = start(url, {
      method: request.method ?? 'GET',
      agent: false,
      lookup: pinned(addresses),
      maxHeaderSize: HEAD_BYTES_MAX,
      headers: {
        'user-agent': 'Serai',
        'accept-encoding': 'gzip, deflate, br',
        ...request.headers,
        ...request.secretHeaders,
      },
      ...(request.signal ? { signal: request.signal } : {}),
    })
    const late = () =>
      outgoing.destroy(
        new FetchError('fetch.timeout', `${url.host} did not answer within ${headMs / 1_000} seconds.`),
      )
    const timer = setTimeout(late, headMs)
    outgoing.on('response', (response) => {
      clearTimeout(timer)
      resolve(response)
    })
    outgoing.on('error', (error) => {
      clearTimeout(timer)
      reject(error instanceof FetchError ? error : unreachable(url, error))
    })
    if (typeof request.body === 'object')
      request.body.on('error', (error) => outgoing.destroy(error)).pipe(outgoing)
    else outgoing.end(request.body)
  })
}

/** Answers every question for a name with the addresses that were checked: there is no second look-up to lie in. */
function pinned(addresses: Resolved[]): LookupFunction {
  return (_hostname, options, callback) => {
    if (options.all) callback(null, addresses)
    else callback(null, addresses[0].address, addresses[0].family)
  }
}

function unreachable(url: URL, error: Error): FetchError {
  const { code } = error as NodeJS.ErrnoException
  return new FetchError(
    'fetch.unreachable',
    `${url.host} cannot be reached: ${code ?? error.message}.`,
    error,
  )
}

async function everyAddress(hostname: string): Promise<Resolved[]> {
  try {
    return await lookUp(hostname, { all: true, verbatim: true })
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    throw new FetchError('fetch.name', `${hostname} cannot be found: ${code}.`, error)
  }
}

async function withinTime<Result>(work: Promise<Result>, hostname: string): Promise<Result> {
  const { promise: late, reject } = Promise.withResolvers<never>()
  const error = new FetchError('fetch.timeout', `The name ${hostname} was not resolved in time.`)
  const timer = setTimeout(() => reject(error), LOOKUP_MS)
  return Promise.race([work, late]).finally(() => clearTimeout(timer))
}
