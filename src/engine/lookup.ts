import type { Action } from '../kernel/action.ts'
import type { Actor } from '../kernel/actor.ts'
import type { Access } from '../kernel/grants/access.ts'
import { nearest } from '../kernel/nearest.ts'
import { forbidden, notFound, Problem } from '../kernel/problem.ts'
import type { Resource } from '../kernel/resource.ts'
import { isEverybody, isNobody } from '../kernel/rule.ts'
import type { Engine } from './types.ts'

/** The resource of this name (singular or plural), or a 404 that names the nearest. */
export function resourceOf(engine: Engine, name: string): Resource {
  const found =
    engine.resources.get(name) ?? [...engine.resources.values()].find((each) => each.plural === name)
  if (found) return found
  const meant = nearest(
    name,
    [...engine.resources.values()].flatMap((each) => [each.name, each.plural]),
  )
  throw notFound(
    `There is no resource "${name}"${meant ? `; did you mean ${meant}?` : `; there are ${[...engine.resources.keys()].join(', ')}`}`,
  )
}

/** The action of this name, or a 404 that lists those there are. */
export function actionOf(resource: Resource, name: string): Action {
  const action = resource.actions[name]
  if (action) return action
  const there = Object.keys(resource.actions).join(', ')
  throw new Problem(
    404,
    'not_found',
    'Not found',
    `A ${resource.name} has no action "${name}"${there ? `; there are ${there}` : '; it is read only'}`,
  )
}

/** What the actor may do by a verb of a resource; asking costs less than a microsecond. */
export function accessTo(engine: Engine, actor: Actor, resource: Resource, verb: string): Access {
  return engine.access.of(actor, resource.name, verb)
}

/** Refuses at once what no row could allow; a rule that depends on the row is decided when the row is there. */
export function requirePossible(engine: Engine, actor: Actor, resource: Resource, verb: string): Access {
  const access = accessTo(engine, actor, resource, verb)
  if (!isNobody(access.rule)) return access
  throw forbidden(`${actor.name} may not ${verb} ${resource.plural}. An owner can grant it.`)
}

/** For what works on rows that were not looked at one by one: "it depends on the row" is never a yes. */
export function requireAll(engine: Engine, actor: Actor, resource: Resource, verb: string): void {
  requirePossible(engine, actor, resource, verb)
  if (mayAll(engine, actor, resource, verb)) return
  throw forbidden(
    `${actor.name} may ${verb} some ${resource.plural}, and this is for whoever may ${verb} them all.`,
  )
}

/** True when the actor may do it to every record, whole. */
export function mayAll(engine: Engine, actor: Actor, resource: Resource, verb: string): boolean {
  const { rule, always } = accessTo(engine, actor, resource, verb)
  return isEverybody(rule) && always === null
}
