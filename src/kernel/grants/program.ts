import { isNobody } from '../rule.ts'
import { type Access, accessOf, clauseOf, NO_ACCESS } from './access.ts'
import { type Grant, isLive, type Reach } from './grant.ts'
import { spellings, within } from './permission.ts'

/** The grants of one set of holders, compiled: asking costs two look-ups in maps. */
export type Program = {
  /** the moment at which one of its grants begins or ends; it must not be asked after that. */
  readonly until: number
  access(resource: string, verb: string): Access
  /** the live grants that speak of this verb, whichever way. */
  grants(resource: string, verb: string): readonly Grant[]
}

/**
 * Compiles what a set of holders was granted, as it stands at `now`. Wildcards are looked at once for each verb that is
 * asked for. `scopes` are permissions to which a credential narrows it; null when it does not.
 */
export function compileGrants(
  grants: readonly Grant[],
  reach: Reach,
  now: number,
  scopes: readonly string[] | null = null,
): Program {
  const live = Map.groupBy(
    grants.filter((grant) => isLive(grant, now)),
    ({ permission }) => permission,
  )
  const compiled = new Map<string, Map<string, Access>>()
  const spoken = (resource: string, verb: string) =>
    spellings(resource, verb).flatMap((spelling) => live.get(spelling) ?? [])
  const compile = (resource: string, verb: string) =>
    within(scopes, `${resource}:${verb}`)
      ? accessBy(spoken(resource, verb), resource, verb, reach)
      : NO_ACCESS
  return {
    until: nextMoment(grants, now),
    grants: spoken,
    access(resource, verb) {
      const known = compiled.get(resource)?.get(verb)
      if (known) return known
      const access = compile(resource, verb)
      const verbs = compiled.get(resource) ?? new Map<string, Access>()
      compiled.set(resource, verbs.set(verb, access))
      return access
    },
  }
}

function accessBy(grants: readonly Grant[], resource: string, verb: string, reach: Reach): Access {
  const declared = reach(resource, verb)
  // A verb that is declared for nobody does not exist for anybody.
  if (!declared) return NO_ACCESS
  const clauses = (effect: Grant['effect']) =>
    grants
      .filter((grant) => grant.effect === effect)
      .map((grant) => clauseOf(grant, effect === 'deny' ? declared.named : declared.of(grant.permission)))
      .filter(({ rule }) => !isNobody(rule))
  return accessOf(clauses('allow'), clauses('deny'))
}

function nextMoment(grants: readonly Grant[], now: number): number {
  let next = Number.POSITIVE_INFINITY
  for (const { from, until } of grants) {
    if (from > now && from < next) next = from
    if (until > now && until < next && from < until) next = until
  }
  return next
}
