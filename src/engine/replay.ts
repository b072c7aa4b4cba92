import { createHash } from 'node:crypto'
import type { Actor } from '../kernel/actor.ts'
import { conflict, Problem } from '../kernel/problem.ts'
import type { Queryable } from '../store/pool.ts'
import type { Perform } from './types.ts'

const KEY_CHARACTERS_MAX = 255

/** A request that is to be done once: who asks, the key they chose, and what makes two requests the same. */
export type Claim = { actor: Actor; key: string; fingerprint: string }

/** An answer that is kept with its key. */
type Kept = { change: string | null }
export type Replayed<Answer> = Answer & { replayed: true }

/** The claim of a request; undefined when it has no key, and may be done as often as it comes. */
export function claimOf(
  request: Pick<Perform, 'actor' | 'key' | 'resource' | 'action' | 'targets' | 'input' | 'dryRun'>,
): Claim | undefined {
  const { actor, key, resource, action, targets, input, dryRun } = request
  if (!key) return undefined
  const fingerprint = createHash('sha256')
    .update(JSON.stringify([resource, action, targets ?? [], input ?? null, dryRun ?? false]))
    .digest('base64url')
  return { actor, key, fingerprint }
}

/** The answer that was given to this key before. The same key with another request is refused. */
export async function findReplay<Answer extends Kept>(
  client: Queryable,
  { actor, key, fingerprint }: Claim,
): Promise<Replayed<Answer> | undefined> {
  if (key.length > KEY_CHARACTERS_MAX)
    throw new Problem(
      400,
      'idempotency_key.length',
      'Bad request',
      `An Idempotency-Key has at most ${KEY_CHARACTERS_MAX} characters.`,
    )
  const { rows } = await client.query<{ fingerprint: string; answer: Answer | null }>({
    name: 'find replay',
    text: 'select fingerprint, answer from replay where actor = $1 and key = $2',
    values: [actor.id, key],
  })
  const [known] = rows
  if (!known) return undefined
  if (known.fingerprint !== fingerprint)
    throw new Problem(
      422,
      'idempotency_key.reused',
      'Key used before',
      'This Idempotency-Key was used for another request. Use a new key for a new request.',
    )
  if (!known.answer)
    throw conflict(
      'idempotency_key.busy',
      'The first request with this Idempotency-Key is still running. Try again in a moment.',
    )
  return { ...known.answer, replayed: true }
}

/**
 * Does the work once: claims the key in the caller's transaction (waiting for another that holds it), works, and keeps the
 * answer there, so that the answer and what it speaks of are committed together. Without a claim it just works; work that
 * gives no answer is not kept, and rolled back by the caller.
 */
export async function once<Answer extends Kept | undefined>(
  client: Queryable,
  claim: Claim | undefined,
  work: () => Promise<Answer>,
): Promise<Answer | Replayed<NonNullable<Answer>>> {
  if (!claim) return work()
  const { rowCount } = await client.query({
    name: 'claim replay',
    text: 'insert into replay (actor, key, fingerprint) values ($1, $2, $3) on conflict do nothing',
    values: [claim.actor.id, claim.key, claim.fingerprint],
  })
  const known = rowCount ? undefined : await findReplay<NonNullable<Answer>>(client, claim)
  if (known) return known
  const answer = await work()
  if (!answer) return answer
  await client.query({
    name: 'keep answer',
    text: 'update replay set change = $3, answer = $4 where actor = $1 and key = $2',
    values: [claim.actor.id, claim.key, answer.change, JSON.stringify(answer)],
  })
  return answer
}
