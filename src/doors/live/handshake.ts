import type { IncomingHttpHeaders } from 'node:http'
import { forbidden } from '../../kernel/problem.ts'

/** Where live streams are. */
export const LIVE_PATH = '/api/live'
/** The name of our messages; a client that offers it gets it confirmed. */
export const PROTOCOL = 'serai.live.1'
/** Browsers cannot set headers of a socket, but can offer protocols: one of them may carry the token. */
const TOKEN_PREFIX = 'serai.token.'

/** Whether a request asks for a socket. Every other upgrade (h2c, which some clients always offer) is left alone. */
export function isUpgrade({ headers }: { headers: IncomingHttpHeaders }): boolean {
  return headers.upgrade?.toLowerCase() === 'websocket'
}

/** Whether it asks for one where there is one. */
export function isLiveUpgrade(request: {
  headers: IncomingHttpHeaders
  url?: string
  method?: string
}): boolean {
  const [path] = (request.url ?? '').split('?')
  return isUpgrade(request) && request.method === 'GET' && path.replace(/\/$/, '') === LIVE_PATH
}

/** What the client shows of itself: the Authorization header, a key in X-API-Key, or the token among the protocols of a socket. */
export function credentialsOf(request: { headers: IncomingHttpHeaders }): string | undefined {
  const { 'x-api-key': key, 'sec-websocket-protocol': offered } = request.headers
  const authorization =
    request.headers.authorization ?? (typeof key === 'string' ? `Bearer ${key}` : undefined)
  if (authorization !== undefined || !offered || !isUpgrade(request)) return authorization
  const token = offered
    .split(',')
    .map((each) => each.trim())
    .find((each) => each.startsWith(TOKEN_PREFIX))
  return token === undefined ? undefined : `Bearer ${token.slice(TOKEN_PREFIX.length)}`
}

/** A page of another site may open sockets in the name of whoever looks at it, so only pages of our own may. */
export function checkOrigin(request: { headers: IncomingHttpHeaders }): void {
  const { origin, host } = request.headers
  if (!isUpgrade(request) || origin === undefined) return
  if (URL.canParse(origin) && new URL(origin).host === host) return
  throw forbidden(
    `A page of ${origin.slice(0, 80)} may not open sockets here; only pages of ${host} and programs may.`,
  )
}
