import type { Tx } from '../../../kernel/action.ts'
import type { Actor } from '../../../kernel/actor.ts'
import { narrowScopes } from '../../../kernel/grants/permission.ts'
import { isWithin } from './addresses.ts'
import { isClientToken } from './client-token.ts'
import { hashKey, isKey } from './key.ts'

const CACHE_MS = 1_000
const CACHE_MAX = 10_000
/** When a key was used last is written for all keys together, this often. */
const WRITE_MS = 60_000

type Held = {
  id: string
  client: string
  name: string
  scopes: string[] | null
  client_scopes: string[] | null
  token_scopes: string[] | null
  allowed_addresses: string[] | null
  expires: number | null
}
type Known = { actor: Actor; addresses: readonly string[] | null; expires: number } | null

/** Who holds a key or a token of a client. */
export type ClientAuthenticator = {
  /** null when nobody does, wherever the fault lies. What cannot be a key is refused without a query. */
  authenticate(secret: string, address?: string): Promise<Actor | null>
  /** Forgets what it knows: keys and clients may have changed. */
  forget(): void
  /** Writes when keys were used last, now. */
  flush(): Promise<void>
  close(): Promise<void>
}

/** Whether a text is meant as a key or token of a client, whether it is one or not. */
export function isOfClient(secret: string): boolean {
  return /^sr[ka]_/.test(secret)
}

/** `now` is the clock, in milliseconds. */
export function clientAuthenticator(query: Tx['query'], now: () => number = Date.now): ClientAuthenticator {
  const cache = new Map<string, { known: Known; until: number }>()
  const used = new Map<string, number>()
  const timer = setInterval(() => void flush().catch(() => undefined), WRITE_MS).unref() // tried again a minute later

  async function find(hash: string, secret: string): Promise<Known> {
    const cached = cache.get(hash)
    if (cached && cached.until > now()) return cached.known
    const known = knownOf(await lookUp(query, hash, isClientToken(secret)))
    if (cache.size >= CACHE_MAX) cache.clear()
    cache.set(hash, { known, until: now() + CACHE_MS })
    return known
  }

  async function flush(): Promise<void> {
    if (used.size === 0) return
    const entries = [...used]
    used.clear()
    await query(
      `update client_key k set last_used_at = greatest(k.last_used_at, u.at)
from unnest($1::uuid[], $2::timestamptz[]) as u(id, at) where k.id = u.id`,
      [entries.map(([id]) => id), entries.map(([, at]) => new Date(at).toISOString())],
    )
  }

  return {
    async authenticate(secret, address) {
      if (!isKey(secret) && !isClientToken(secret)) return null
      const known = await find(hashKey(secret), secret)
      if (!known || known.expires <= now()) return null
      if (known.addresses && !(address && isWithin(address, known.addresses))) return null
      used.set(known.actor.key!, now())
      // The same object as long as nothing changed: what it may do is found by it.
      return known.actor
    },
    forget: () => cache.clear(),
    flush,
    async close() {
      clearInterval(timer)
      await flush()
    },
  }
}

function knownOf(held: Held | undefined): Known {
  if (!held) return null
  const scopes = narrowScopes(narrowScopes(held.client_scopes, held.scopes), held.token_scopes)
  const actor: Actor = {
    id: `client:${held.client}`,
    name: held.name,
    roles: [],
    client: held.client,
    key: held.id,
    ...(scopes ? { scopes } : {}),
  }
  return { actor, addresses: held.allowed_addresses, expires: held.expires ?? Number.POSITIVE_INFINITY }
}

const COLUMNS = `k.id, c.id as client, c.name, k.scopes, c.scopes as client_scopes, c.allowed_addresses`
const LIVE = `c.active and k.revoked_at is null and (k.expires_at is null or k.expires_at > now())`

async function lookUp(query: Tx['query'], hash: string, token: boolean): Promise<Held | undefined> {
  const [held] = await query<Held>(
    token
      ? `select ${COLUMNS}, t.scopes as token_scopes, (extract(epoch from least(t.expires_at, k.expires_at)) * 1000)::float8 as expires
from client_token t join client_key k on k.id = t.key join client c on c.id = t.client
where t.hash = $1 and t.revoked_at is null and t.expires_at > now() and ${LIVE}`
      : `select ${COLUMNS}, null::jsonb as token_scopes, (extract(epoch from k.expires_at) * 1000)::float8 as expires
from client_key k join client c on c.id = k.client where k.hash = $1 and ${LIVE}`,
    [hash],
  )
  return held
}
