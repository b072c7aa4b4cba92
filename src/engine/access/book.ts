import type { Actor } from '../../kernel/actor.ts'
import type { Access } from '../../kernel/grants/access.ts'
import { EVERYONE, type Grant, holderKey, type Reach, SYSTEM } from '../../kernel/grants/grant.ts'
import { compileGrants, type Program } from '../../kernel/grants/program.ts'
import { reachOf } from '../../kernel/grants/shipped.ts'
import type { Resource } from '../../kernel/resource.ts'
import { declaredGrants, houseGrants } from './understand.ts'

/** Compiled programs that are kept; people with grants of their own each have one. */
const PROGRAMS_MAX = 10_000

/** Who may do what, as this process knows it. */
export type AccessBook = {
  /** What an actor may do by a verb of a resource, at this moment. */
  of(actor: Actor, resource: string, verb: string): Access
  /** The live grants of an actor that speak of a verb, whichever way. */
  grants(actor: Actor, resource: string, verb: string): readonly Grant[]
  readonly reach: Reach
  /** under which all of this stands; null when it is not kept anywhere. */
  readonly stamp: string | null
  /** Calls the listener after what somebody may do has changed; returns what ends that. */
  onChange(listener: () => void): () => void
}

/** A book whose grants can be replaced. */
export type OpenBook = AccessBook & { replace(grants: readonly Grant[], stamp: string): void }

/** What the declarations ship, until `replace` brings what is kept. */
export function createBook(resources: ReadonlyMap<string, Resource>): OpenBook {
  const reach = reachOf(resources)
  const house = houseGrants(resources)
  const listeners = new Set<() => void>()
  let page = pageOf([...declaredGrants(resources), ...house], null)

  function programOf(actor: Actor): Program {
    const known = page.actors.get(actor)
    const now = Date.now()
    if (known && now < known.until) return known
    const program = programFor(page, actor, reach, now)
    page.actors.set(actor, program)
    return program
  }

  return {
    reach,
    of: (actor, resource, verb) => programOf(actor).access(resource, verb),
    grants: (actor, resource, verb) => programOf(actor).grants(resource, verb),
    get stamp() {
      return page.stamp
    },
    onChange(listener) {
      listeners.add(listener)
      return () => void listeners.delete(listener)
    },
    replace(grants, stamp) {
      page = pageOf([...grants, ...house], stamp)
      for (const listener of listeners) listener()
    },
  }
}

/** What was loaded at one stamp, and what has been compiled of it. */
type Page = {
  stamp: string | null
  byHolder: ReadonlyMap<string, readonly Grant[]>
  programs: Map<string, Program>
  /** by the actor itself, so that the usual question costs one look-up. */
  actors: WeakMap<Actor, Program>
}

function pageOf(grants: readonly Grant[], stamp: string | null): Page {
  const byHolder = Map.groupBy(grants, ({ holder }) => holderKey(holder))
  return { stamp, byHolder, programs: new Map(), actors: new WeakMap() }
}

function programFor({ byHolder, programs }: Page, actor: Actor, reach: Reach, now: number): Program {
  const holders = holdersOf(actor).filter((key) => byHolder.has(key))
  const key = `${holders.join('\n')}${actor.scopes ? JSON.stringify(actor.scopes) : ''}`
  const known = programs.get(key)
  if (known && now < known.until) return known
  const grants = holders.flatMap((each) => byHolder.get(each)!)
  const program = compileGrants(grants, reach, now, actor.scopes ?? null)
  if (programs.size >= PROGRAMS_MAX) programs.clear()
  programs.set(key, program)
  return program
}

/** Under which names an actor holds grants. Serai's own work holds what the declarations give it, and nothing else. */
function holdersOf({ roles, user, client }: Actor): string[] {
  if (roles.includes(SYSTEM)) return [holderKey({ kind: 'role', id: SYSTEM })]
  return [
    ...new Set([EVERYONE, ...roles].sort().map((id) => holderKey({ kind: 'role', id }))),
    ...(user === undefined ? [] : [holderKey({ kind: 'user', id: user })]),
    ...(client === undefined ? [] : [holderKey({ kind: 'client', id: client })]),
  ]
}
