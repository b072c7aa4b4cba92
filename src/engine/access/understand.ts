import { type Fault, fault } from '../../kernel/fault.ts'
import { type Gift, type Grant, type Reach, SYSTEM } from '../../kernel/grants/grant.ts'
import { type Permission, parsePermission } from '../../kernel/grants/permission.ts'
import { type Shipped, shippedGrants, systemGrants } from '../../kernel/grants/shipped.ts'
import type { StoredGrant } from '../../kernel/grants/source.ts'
import { nearest } from '../../kernel/nearest.ts'
import { invalid, Problem } from '../../kernel/problem.ts'
import { type Resource, storedFields } from '../../kernel/resource.ts'
import { all, compare, type Rule } from '../../kernel/rule.ts'
import type { GrantWords } from '../../kernel/validation.ts'
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
    by: stored.by,
    reason: stored.reason,
  }
}

/** What somebody words as a grant, or a Problem with a fault for each part that cannot be understood. */
export function understandGift(resources: Resources, reach: Reach, words: GrantWords): Gift {
  const faults: Fault[] = []
  const permission = parsePermission(words.permission)
  const about = permission && resources.get(permission.resource)
  if (!permission || !names(resources, reach, permission))
    faults.push(
      fault('permission', 'permission.unknown', unknownPermission(resources, permission), words.permission),
    )
  else if (!about)
    for (const part of ['rule', 'record', 'fields'] as const)
      if (words[part] != null)
        faults.push(fault(part, `${part}.resource`, 'needs a permission that names one resource'))
  if (about) faults.push(...faultsOfFields(about, words.fields))
  const rule = about && words.rule !== null ? parsed(about, words.rule, faults) : null
  if (faults.length) throw invalid(faults)
  const one = words.record === null ? [] : [compare('id', '=', words.record)]
  const parts = rule ? [...one, rule] : one
  return {
    permission: words.permission,
    rule: parts.length === 0 ? null : parts.length === 1 ? parts[0] : all(...parts),
    fields: words.fields,
    from: words.from === null ? Number.NEGATIVE_INFINITY : Date.parse(words.from),
    until: words.until === null ? Number.POSITIVE_INFINITY : Date.parse(words.until),
  }
}

/** Whether there is anything that this permission can open. */
function names(resources: Resources, reach: Reach, { resource, verb }: Permission): boolean {
  const about = resource === '*' ? [...resources.values()] : [resources.get(resource)]
  return about.some(
    (each) =>
      each && (verb === '*' || reach(each.name, verb) !== undefined) && Object.keys(each.access).length > 0,
  )
}

function unknownPermission(resources: Resources, permission: Permission | undefined): string {
  if (!permission) return 'must be a resource and a verb, such as product:read, product:* or *:read'
  const { resource, verb } = permission
  const about = resources.get(resource)
  const meant = about ? nearest(verb, Object.keys(about.access)) : nearest(resource, [...resources.keys()])
  const what =
    about || resource === '*' ? `nobody can be let ${verb} ${resource}` : `there is no resource "${resource}"`
  return `${what}${meant && meant !== verb ? `; did you mean ${meant}?` : ''}`
}

function faultsOfFields(resource: Resource, fields: readonly string[] | null): Fault[] {
  const known = storedFields(resource)
  return (fields ?? []).flatMap((name, index) =>
    Object.hasOwn(known, name)
      ? []
      : [fault(`fields[${index}]`, 'fields.unknown', `is not a field of ${resource.name}`, name)],
  )
}

function parsed(resource: Resource, text: string, faults: Fault[]): Rule | null {
  try {
    return parseFilter(resource, text)
  } catch (error) {
    if (!(error instanceof Problem)) throw error
    faults.push({ ...(error.faults[0] ?? fault('rule', error.code, error.message)), path: 'rule' })
    return null
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
    by: 'system:access',
    reason: 'comes with Serai',
  }
}
