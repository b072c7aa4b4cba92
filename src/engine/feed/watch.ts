import type { Actor } from '../../kernel/actor.ts'
import { type Access, sameAccess } from '../../kernel/grants/access.ts'
import { forbidden, Problem } from '../../kernel/problem.ts'
import type { Resource } from '../../kernel/resource.ts'
import { accessTo } from '../lookup.ts'
import type { Engine } from '../types.ts'

/** Who an actor is by now: with the roles that it has now; null when its credential is no longer good. */
export type Current = (actor: Actor) => Promise<Actor | null>

/** Looks after one subscriber for as long as it is there: what it may see may change meanwhile. */
export type Watch = {
  /** Throws when the subscriber may not see any more what it was let in for, or not so. */
  check(): Promise<void>
  /** Aborted as soon as that is known, also while nothing happens. */
  readonly lost: AbortSignal
  end(): void
}

export function watchAccess(
  engine: Engine,
  current: Current,
  granted: Access,
  { actor, resource }: { actor: Actor; resource: Resource },
): Watch {
  const losing = new AbortController()
  let checked = engine.access.stamp
  let now = actor

  async function check(): Promise<void> {
    losing.signal.throwIfAborted()
    const { stamp } = engine.access
    if (stamp !== checked) {
      now = (await current(actor)) ?? fail(gone())
      checked = stamp
    }
    const access = accessTo(engine, now, resource, 'read')
    if (!sameAccess(access, granted)) fail(changed(actor, resource))
  }

  function fail(problem: Problem): never {
    losing.abort(problem)
    throw problem
  }

  const leave = engine.access.onChange(() => {
    // Why it failed is the reason of the signal; a database that is away is asked again with the next message.
    check().catch(() => undefined)
  })
  return { check, lost: losing.signal, end: leave }
}

function gone(): Problem {
  return new Problem(401, 'unauthorized', 'Who are you?', 'Your session, token or key is no longer valid.')
}

function changed(actor: Actor, resource: Resource): Problem {
  return forbidden(`What ${actor.name} may see of ${resource.plural} has changed. Subscribe again.`)
}
