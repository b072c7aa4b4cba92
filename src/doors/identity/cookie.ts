import type { IncomingHttpHeaders } from 'node:http'

const SECURE = '__Host-serai'
const PLAIN = 'serai'

/** How sessions travel in browsers. */
export type Cookies = {
  /** where browsers find the house. */
  origin: string
  /** without TLS, and meant so: the cookie goes without `Secure`, under a name of its own. */
  plain: boolean
}

/**
 * How cookies go for a house at this origin. Without TLS they go only on this machine, or where `plainAllowed` says that it is
 * meant; else browsers are given a cookie that they do not send over plain HTTP, and the operator is warned.
 */
export function cookiesFor(origin: string, plainAllowed: boolean): Cookies & { warning: string | null } {
  const { protocol, hostname } = new URL(origin)
  const isLocal = hostname === 'localhost' || hostname === '[::1]' || hostname.startsWith('127.')
  const plain = protocol === 'http:' && (isLocal || plainAllowed)
  const warning =
    protocol === 'https:' || plain
      ? null
      : `SERAI_URL is ${origin}, without TLS: browsers will not stay signed in. Put TLS in front of it, or set SERAI_PLAIN_COOKIES=1.`
  return { origin, plain, warning }
}

/** The token of a session in the Cookie header, if there is one. */
export function cookieToken(headers: IncomingHttpHeaders, { plain }: Cookies): string | undefined {
  const name = plain ? PLAIN : SECURE
  for (const pair of (headers.cookie ?? '').split(';')) {
    const at = pair.indexOf('=')
    if (at > 0 && pair.slice(0, at).trim() === name) return pair.slice(at + 1).trim()
  }
  return undefined
}

/** Set-Cookie of a session that ends at `until`, in milliseconds. */
export function sessionCookie({ plain }: Cookies, token: string, until: number): string {
  const seconds = Math.max(0, Math.floor((until - Date.now()) / 1_000))
  return `${plain ? PLAIN : SECURE}=${token}; Path=/; Max-Age=${seconds}; HttpOnly; SameSite=Lax${plain ? '' : '; Secure'}`
}

/** Set-Cookie that takes the session away. */
export function noCookie(cookies: Cookies): string {
  return sessionCookie(cookies, '', 0)
}
