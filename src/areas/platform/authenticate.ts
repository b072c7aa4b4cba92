import type { Tx } from '../../kernel/action.ts'
import type { Actor } from '../../kernel/actor.ts'
import { hashToken } from './token.ts'

const CACHE_MS = 1_000
const CACHE_TOKENS_MAX = 10_000
const SHAPE = /^srt_[A-Za-z0-9_-]{20,60}$/

type Known = { actor: Actor | null; until: number }

/**
 * Who holds a token. A token that cannot be one is refused without a query; what was found is remembered for a second, so
 * that a revoked token is refused within a second on every process.
 */
export function tokenAuthenticator(query: Tx['query']): (token: string) => Promise<Actor | null> {
  const known = new Map<string, Known>()
  return async (token) => {
    if (!SHAPE.test(token)) return null
    const hash = hashToken(token)
    const cached = known.get(hash)
    if (cached && cached.until > Date.now()) return cached.actor
    const actor = await lookUp(query, hash)
    if (known.size >= CACHE_TOKENS_MAX) known.clear()
    known.set(hash, { actor, until: Date.now() + CACHE_MS })
    return actor
  }
}

async function lookUp(query: Tx['query'], hash: string): Promise<Actor | null> {
  const [row] = await query<{ id: string; name: string; role: string }>(
    'select id, name, role from token where hash = $1 and revoked_at is null and (expires_at is null or expires_at > now())',
    [hash],
  )
  return row ? { id: `token:${row.id}`, name: row.name, roles: [row.role] } : null
}
