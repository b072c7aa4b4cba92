/** A resource and a verb, as `booking:cancel` says it; `*` stands for every one. */
export type Permission = { readonly resource: string; readonly verb: string }

const PERMISSION = /^(\*|[a-z][a-z0-9_]{0,39}):(\*|[a-z][a-z0-9_]{0,39})$/

/** What `booking:cancel`, `booking:*`, `*:read` or `*:*` names; undefined for any other text. */
export function parsePermission(text: string): Permission | undefined {
  const match = PERMISSION.exec(text)
  return match ? { resource: match[1], verb: match[2] } : undefined
}

export function permissionText({ resource, verb }: Permission): string {
  return `${resource}:${verb}`
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
