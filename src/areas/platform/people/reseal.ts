import type { PeopleContext } from './context.ts'
import { sealContext } from './proofs.ts'

type Sealed = { id: string; user: string; kind: string; credential: string; secret: string }

/**
 * Puts every sealed secret under the newest key, one at a time: stopped half-way, each is under exactly one key, and the
 * next run goes on. Returns how many it was.
 */
export async function resealAll({
  query,
  perform,
  keys,
}: Pick<PeopleContext, 'query' | 'perform' | 'keys'>): Promise<number> {
  const sealed = await query<Sealed>(
    `select id, "user", kind, credential, secret from factor where kind = 'totp' and secret is not null order by id`,
  )
  const old = sealed.filter(({ secret }) => keys.isOld(secret))
  for (const factor of old) {
    const context = sealContext(factor)
    await perform({
      actor: { id: 'system:keys', name: 'Serai (keys)', roles: ['system'] },
      resource: 'factor',
      action: 'reseal',
      targets: [factor.id],
      input: { secret: keys.seal(keys.open(factor.secret, context), context), was: factor.secret },
    })
  }
  return old.length
}
