import { type Grant, SYSTEM } from '../../kernel/grants/grant.ts'
import { parsePermission } from '../../kernel/grants/permission.ts'
import { type Shipped, shippedGrants, systemGrants } from '../../kernel/grants/shipped.ts'
import type { StoredGrant } from '../../kernel/grants/source.ts'
import { Problem } from '../../kernel/problem.ts'
import type { Resource } from '../../kernel/resource.ts'
import { all, compare, type Rule } from '../../kernel/rule.ts'
import { parseFilter } from '../filter.ts'

type Resources = ReadonlyMap<string, Resource>

/**
 * A kept grant as the decision takes it. One that cannot be understood any more (its resource or a field is gone) allows
 * nothing, and denies everything it speaks of: null when nothing is left of it.
 */
export function understandGrant(resources: Resources, stored: StoredGrant): Grant | null {
  const rule = ruleOfGrant(resources, stored)
  if (rule === undefined && stored.effect === 'allow') return null
  return {
    id: stored.id,
    holder: { kind: stored.holder_kind, id: stored.holder },
    effect: stored.effect,
    permission: stored.permission,
    rule: rule ?? null,
    fields: rule === undefined ? null : stored.fields,
    from: stored.from === null ? Number.NEGATIVE_INFINITY : Date.parse(stored.from),
    until: stored.until === null ? Number.POSITIVE_INFINITY : Date.parse(stored.until),
    delegable: stored.delegable,
  }
}

/** The records that a grant is about, null for all; undefined when its condition is not understood. */
export function ruleOfGrant(
  resources: Resources,
  { permission, rule, record }: Pick<StoredGrant, 'permission' | 'rule' | 'record'>,
): Rule | null | undefined {
  if (rule === null && record === null) return null
  const resource = resources.get(parsePermission(permission)?.resource ?? '')
  if (!resource) return undefined
  const one = record === null ? [] : [compare('id', '=', record)]
  try {
    const parts = rule === null ? one : [...one, parseFilter(resource, rule)]
    return parts.length === 1 ? parts[0] : all(...parts)
  } catch (error) {
    if (!(error instanceof Problem)) throw error
    return undefined
  }
}

/** What the declarations ship, as grants. */
export function declaredGrants(resources: Resources): Grant[] {
  return shippedGrants(resources.values()).map(grantOfDeclaration)
}

/** What the declarations give to Serai's own work. */
export function houseGrants(resources: Resources): Grant[] {
  return systemGrants(resources.values()).map(grantOfDeclaration)
}

function grantOfDeclaration({ role, permission, rule, delegable }: Shipped): Grant {
  return {
    id: `${role === SYSTEM ? 'house' : 'declared'}:${role}:${permission}`,
    holder: { kind: 'role', id: role },
    effect: 'allow',
    permission,
    rule,
    fields: null,
    from: Number.NEGATIVE_INFINITY,
    until: Number.POSITIVE_INFINITY,
    delegable,
  }
}
