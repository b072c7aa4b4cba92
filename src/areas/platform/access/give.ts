import type { Tx } from '../../../kernel/action.ts'
import type { Actor } from '../../../kernel/actor.ts'
import { whyNotGive } from '../../../kernel/grants/delegate.ts'
import type { Grant } from '../../../kernel/grants/grant.ts'
import { within } from '../../../kernel/grants/permission.ts'
import { forbidden } from '../../../kernel/problem.ts'
import type { GrantWords, Model } from '../../../kernel/validation.ts'
import { levelOf, requireAbove } from '../people/levels.ts'
import type { Found } from './holder.ts'
import { grantsHeldBy } from './source.ts'

/** 403 unless the actor stands above the holder and holds what it gives, as delegable, as wide and as long. */
export async function requireGivable(
  actor: Actor,
  holder: Pick<Found, 'name' | 'level'>,
  words: GrantWords,
  tx: Tx,
  model: Model,
): Promise<void> {
  const gift = model.gift(words)
  requireAbove(actor, await levelOf(actor, tx), holder.level, `change what ${holder.name} may do`)
  if (!within(actor.scopes ?? null, words.permission))
    throw forbidden(`The credential of ${actor.name} does not reach to ${words.permission}.`)
  const why = whyNotGive(await grantsHeldBy(actor, tx, model), gift, model.reach, Date.now())
  if (why) throw forbidden(`${actor.name} may not give ${words.permission}: ${why}.`)
}

/** 403 unless the actor could give each of these grants itself: whoever makes a key can use it. */
export async function requireEachGivable(
  actor: Actor,
  grants: readonly Grant[],
  tx: Tx,
  model: Model,
): Promise<void> {
  const held = await grantsHeldBy(actor, tx, model)
  for (const grant of grants.filter(({ effect }) => effect === 'allow')) {
    const gift = { ...grant, from: Number.NEGATIVE_INFINITY, until: Math.min(grant.until, Date.now() + 1) }
    const why = whyNotGive(held, gift, model.reach, Date.now())
    if (why)
      throw forbidden(`The key would open ${grant.permission}, and ${why}. Ask somebody who may give it.`)
  }
}
