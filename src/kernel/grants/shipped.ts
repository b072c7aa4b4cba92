import type { Resource } from '../resource.ts'
import { everybody, isEverybody, isNobody, type Rule, residueOf, rolesOf } from '../rule.ts'
import { EVERYONE, type Reach, SYSTEM } from './grant.ts'

const OWNER = 'owner'
/** Administrators give to people below them what they have themselves. */
const ADMIN = 'admin'

/** A grant that a declaration ships: its `access`, said of one role. */
export type Shipped = { role: string; permission: string; rule: Rule | null; delegable: boolean }

export function reachOf(resources: ReadonlyMap<string, Resource>): Reach {
  const known = new Map<string, { named: Rule; of(permission: string): Rule }>()
  for (const { name, access } of resources.values())
    for (const [verb, declared] of Object.entries(access)) {
      if (isNobody(declared)) continue
      const wide = residueOf(declared, [OWNER])
      known.set(`${name}:${verb}`, {
        named: everybody,
        of: (permission) => (permission.includes('*') ? wide : everybody),
      })
    }
  return (resource, verb) => known.get(`${resource}:${verb}`)
}

/** The grants that the declarations ship for people: each role's part of each rule, and `*:*` for the owner. */
export function shippedGrants(resources: Iterable<Resource>): Shipped[] {
  const parts = [...resources].flatMap((resource) =>
    Object.entries(resource.access).flatMap(([verb, rule]) => partsOf(`${resource.name}:${verb}`, rule)),
  )
  return [{ role: OWNER, permission: '*:*', rule: null, delegable: true }, ...parts]
}

/** What the declarations give to Serai's own work. */
export function systemGrants(resources: Iterable<Resource>): Shipped[] {
  return [...resources].flatMap((resource) =>
    Object.entries(resource.access).flatMap(([verb, rule]) =>
      shipped(SYSTEM, `${resource.name}:${verb}`, residueOf(rule, [SYSTEM])),
    ),
  )
}

/** What everybody has of a rule, and what each role has besides. */
function partsOf(permission: string, rule: Rule): Shipped[] {
  const everyone = residueOf(rule, [])
  const roles = rolesOf(rule).filter((role) => role !== OWNER && role !== SYSTEM)
  return [
    ...shipped(EVERYONE, permission, everyone),
    ...roles.flatMap((role) => {
      const part = residueOf(rule, [role])
      return same(part, everyone) ? [] : shipped(role, permission, part)
    }),
  ]
}

function shipped(role: string, permission: string, rule: Rule): Shipped[] {
  if (isNobody(rule)) return []
  return [{ role, permission, rule: isEverybody(rule) ? null : rule, delegable: role === ADMIN }]
}

function same(left: Rule, right: Rule): boolean {
  return JSON.stringify(left) === JSON.stringify(right)
}
