import type { Action } from '../kernel/action.ts'
import type { Actor } from '../kernel/actor.ts'
import { nearest } from '../kernel/nearest.ts'
import { forbidden, notFound, Problem } from '../kernel/problem.ts'
import type { Resource } from '../kernel/resource.ts'
import { hasRole, type Rule } from '../kernel/rule.ts'
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

/** The rule that guards an action or `read`; an action that nobody gave access to has none, and is nobody's. */
export function ruleOf(resource: Resource, action: string): Rule {
  return resource.access[action] ?? { op: 'any', rules: [] }
}

/** Refuses at once what no row could allow; a rule that depends on the row is decided when the row is there. */
export function requirePossible(resource: Resource, action: string, actor: Actor): void {
  if (possible(ruleOf(resource, action), actor)) return
  throw forbidden(`${actor.name} may not ${action} ${resource.plural}. An owner can grant it.`)
}

/** False when the rule refuses the actor whatever the row. */
export function possible(rule: Rule, actor: Actor): boolean {
  switch (rule.op) {
    case 'all':
      return rule.rules.every((each) => possible(each, actor))
    case 'any':
      return rule.rules.some((each) => possible(each, actor))
    case 'role':
      return hasRole(actor, rule.roles)
    case 'self':
      return actor.user !== undefined
    default:
      return true
  }
}
