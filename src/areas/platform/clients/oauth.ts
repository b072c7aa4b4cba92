import type { Tx } from '../../../kernel/action.ts'
import type { JobContext } from '../../../kernel/area.ts'
import { parsePermission } from '../../../kernel/grants/permission.ts'
import type { ClientAuthenticator } from './authenticate.ts'
import { isClientToken, TOKEN_SECONDS } from './client-token.ts'
import { hashKey, isKey } from './key.ts'

type Client = { id: string; name: string; key: string }
type Token = { id: string; scopes: string[] | null; issued: number; expires: number }

/** What the OAuth 2 routes ask: `perform` acts as Serai's own work, for a client is not asked to grant itself a token. */
export function oauthService(
  query: Tx['query'],
  perform: JobContext['perform'],
  clients: ClientAuthenticator,
) {
  async function find(client: Client, token: string): Promise<Token | null> {
    if (!isClientToken(token)) return null
    const [found] = await query<Token>(
      `select t.id, t.scopes, extract(epoch from t.created_at)::int as issued, extract(epoch from t.expires_at)::int as expires
from client_token t join client c on c.id = t.client join client_key k on k.id = t.key
where t.hash = $1 and t.client = $2 and t.revoked_at is null and t.expires_at > now()
  and c.active and k.revoked_at is null and (k.expires_at is null or k.expires_at > now())`,
      [hashKey(token), client.id],
    )
    return found ?? null
  }

  return {
    async client(id: string, secret: string, address: string): Promise<Client | null> {
      const actor = isKey(secret) ? await clients.authenticate(secret, address) : null
      if (!actor?.client || !actor.key || (id !== actor.name && id !== actor.client)) return null
      return { id: actor.client, name: actor.name, key: actor.key }
    },
    async issue({ id, key }: Client, scopes: readonly string[] | null) {
      const input = { client: id, key, scopes }
      const { answer } = await perform({ resource: 'client_token', action: 'issue', input })
      return { token: String(answer?.token), seconds: TOKEN_SECONDS }
    },
    find,
    async revoke(client: Client, token: string): Promise<void> {
      const found = await find(client, token)
      if (!found) return
      await perform({ resource: 'client_token', action: 'revoke', targets: [found.id] })
      clients.forget()
    },
    isScope: (text: string) => parsePermission(text) !== undefined,
  }
}
