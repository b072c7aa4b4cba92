/**
 * A set of field names that can also be "all" (null) or "all but these", so that taking a field away needs no list of all
 * fields there are.
 */
export type Names = null | { readonly except: boolean; readonly names: ReadonlySet<string> }

export function only(names: readonly string[]): Names {
  return { except: false, names: new Set(names) }
}

export function has(set: Names, name: string): boolean {
  return set === null || set.names.has(name) !== set.except
}

/** In one or the other. */
export function union(left: Names, right: Names): Names {
  if (left === null || right === null) return null
  if (left.except && right.except) return except(left.names.intersection(right.names))
  if (left.except) return except(left.names.difference(right.names))
  if (right.except) return except(right.names.difference(left.names))
  return { except: false, names: left.names.union(right.names) }
}

/** In both. */
export function intersection(left: Names, right: Names): Names {
  if (left === null) return right
  if (right === null) return left
  if (left.except && right.except) return except(left.names.union(right.names))
  if (left.except) return { except: false, names: right.names.difference(left.names) }
  if (right.except) return { except: false, names: left.names.difference(right.names) }
  return { except: false, names: left.names.intersection(right.names) }
}

/** In the left one and not in the right one. */
export function minus(left: Names, right: Names): Names {
  return intersection(
    left,
    right === null ? NONE : right.except ? { ...right, except: false } : except(right.names),
  )
}

export const NONE: Names = { except: false, names: new Set() }

function except(names: ReadonlySet<string>): Names {
  return names.size === 0 ? null : { except: true, names }
}
