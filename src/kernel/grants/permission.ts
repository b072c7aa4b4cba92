/** A resource and a verb, as `booking:cancel` says it; `*` stands for every one. */
export type Permission = { readonly resource: string; readonly verb: string }

const PERMISSION = /^(\*|[a-z][a-z0-9_]{0,39}):(\*|[a-z][a-z0-9_]{0,39})$/

/** What `booking:cancel`, `booking:*`, `*:read` or `*:*` names; undefined for any other text. */
export function parsePermission(text: string): Permission | undefined {
  const match = PERMISSION.exec(text)
  return match ? { resource: match[1], verb: match[2] } : undefined
}

/** True when one of the scopes covers the permission; null are the scopes of a credential that has none. */
export function within(scopes: readonly string[] | null, permission: string): boolean {
  if (scopes === null) return true
  const narrow = parsePermission(permission)
  return (
    narrow !== undefined &&
    scopes.some((scope) => {
      const wide = parsePermission(scope)
      return wide !== undefined && covers(wide, narrow)
    })
  )
}

/** The scopes that lie within both lists. */
export function narrowScopes(
  left: readonly string[] | null,
  right: readonly string[] | null,
): string[] | null {
  if (left === null || right === null) return left === right ? null : [...(left ?? right)!]
  return [...new Set(left.flatMap((one) => right.flatMap((other) => meet(one, other) ?? [])))]
}

function meet(left: string, right: string): string | undefined {
  const [a, b] = [parsePermission(left), parsePermission(right)]
  if (!a || !b) return undefined
  const part = (one: string, other: string) =>
    one === '*' || one === other ? other : other === '*' ? one : undefined
  const [resource, verb] = [part(a.resource, b.resource), part(a.verb, b.verb)]
  return resource && verb ? `${resource}:${verb}` : undefined
}

/** True when whoever holds `wide` holds `narrow` too. */
export function covers(wide: Permission, narrow: Permission): boolean {
  return (
    (wide.resource === '*' || wide.resource === narrow.resource) &&
    (wide.verb === '*' || wide.verb === narrow.verb)
  )
}

/** The four spellings under which a verb of a resource may be granted, the plainest first. */
export function spellings(resource: string, verb: string): readonly string[] {
  return [`${resource}:${verb}`, `${resource}:*`, `*:${verb}`, '*:*']
}
