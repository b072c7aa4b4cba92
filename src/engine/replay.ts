import { createHash } from 'node:crypto'
import type { Actor } from '../kernel/actor.ts'
import { conflict, Problem } from '../kernel/problem.ts'
import type { Queryable } from '../store/pool.ts'
import type { Outcome, Perform } from './types.ts'

const KEY_CHARACTERS_MAX = 255

/** What makes two requests the same: the action, its targets and its input. */
export function fingerprintOf({ resource, action, targets, input, dryRun }: Perform): string {
  return createHash('sha256')
    .update(JSON.stringify([resource, action, targets ?? [], input ?? null, dryRun ?? false]))
    .digest('base64url')
}

/** The answer that was given to this key before. The same key with another request is refused. */
export async function findReplay(
  client: Queryable,
  actor: Actor,
  key: string,
  fingerprint: string,
): Promise<Outcome | undefined> {
  if (key.length > KEY_CHARACTERS_MAX)
    throw new Problem(
      400,
      'idempotency_key.length',
      'Bad request',
      `An Idempotency-Key has at most ${KEY_CHARACTERS_MAX} characters.`,
    )
  const { rows } = await client.query<{ fingerprint: string; answer: Outcome | null }>({
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

/** Claims the key for this transaction; waits for another that holds it, and returns its answer when it committed. */
export async function claimReplay(
  client: Queryable,
  actor: Actor,
  key: string,
  fingerprint: string,
): Promise<Outcome | undefined> {
  const { rowCount } = await client.query({
    name: 'claim replay',
    text: 'insert into replay (actor, key, fingerprint) values ($1, $2, $3) on conflict do nothing',
    values: [actor.id, key, fingerprint],
  })
  return rowCount ? undefined : findReplay(client, actor, key, fingerprint)
}

/** Keeps the answer with the key, in the same transaction as what it speaks of. */
export async function keepAnswer(
  client: Queryable,
  actor: Actor,
  key: string,
  outcome: Outcome,
): Promise<void> {
  await client.query({
    name: 'keep answer',
    text: 'update replay set change = $3, answer = $4 where actor = $1 and key = $2',
    values: [actor.id, key, outcome.change, JSON.stringify(outcome)],
  })
}
