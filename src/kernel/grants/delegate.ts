import { isEverybody, type Rule, whoseFields } from '../rule.ts'
import { type Gift, type Grant, isLive, type Reach } from './grant.ts'
import { covers, type Permission, parsePermission } from './permission.ts'

/**
 * Why the holder of these grants may not give this on; undefined when it may. One only gives what one holds as delegable, at
 * most as wide and as long as one holds it, and nothing of which anything was denied.
 */
export function whyNotGive(
  held: readonly Grant[],
  gift: Gift,
  reach: Reach,
  now: number,
): string | undefined {
  const live = held.filter((grant) => isLive(grant, now))
  const wanted = parsePermission(gift.permission)
  if (!wanted) return `"${gift.permission}" is no permission`
  const denied = live.find(
    (grant) => grant.effect === 'deny' && overlap(parsePermission(grant.permission), wanted),
  )
  if (denied) return `${denied.permission} is denied to the giver`
  const allowing = live.filter((grant) => grant.effect === 'allow' && holds(grant, wanted, reach))
  if (allowing.length === 0) return `the giver does not hold ${gift.permission}`
  const giving = allowing.filter((grant) => grant.delegable)
  if (giving.length === 0) return `the giver holds ${gift.permission}, but may not give it on`
  if (!giving.some((grant) => isAsWide(grant, gift))) return 'the giver holds it for fewer records or fields'
  if (!giving.some((grant) => isAsWide(grant, gift) && isAsLong(grant, gift, now)))
    return 'the giver does not hold it that long'
  return undefined
}

/** A wildcard goes as far as the declarations open things; only who holds everything may name what lies beyond. */
function holds({ permission }: Grant, wanted: Permission, reach: Reach): boolean {
  const own = parsePermission(permission)
  if (!own || !covers(own, wanted)) return false
  if (permission === '*:*' || wanted.resource === '*' || wanted.verb === '*') return true
  const declared = reach(wanted.resource, wanted.verb)
  return declared !== undefined && isEverybody(declared.of(permission))
}

function isAsWide(grant: Grant, gift: Gift): boolean {
  const fields = grant.fields === null || gift.fields?.every((name) => grant.fields!.includes(name))
  return Boolean(fields) && (grant.rule === null || isSame(grant.rule, gift.rule))
}

/** The same condition; one that asks for `me` means other records for another holder. */
function isSame(held: Rule, given: Rule | null): boolean {
  return given !== null && whoseFields(held).length === 0 && JSON.stringify(held) === JSON.stringify(given)
}

function isAsLong(grant: Grant, gift: Gift, now: number): boolean {
  return grant.until >= gift.until && grant.from <= Math.max(gift.from, now)
}

function overlap(left: Permission | undefined, right: Permission): boolean {
  if (!left) return false
  const meets = (one: string, other: string) => one === '*' || other === '*' || one === other
  return meets(left.resource, right.resource) && meets(left.verb, right.verb)
}
