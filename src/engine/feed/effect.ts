import type { Actor } from '../../kernel/actor.ts'
import type { Row } from '../../kernel/field.ts'
import type { Resource } from '../../kernel/resource.ts'
import { all, matches, type Rule } from '../../kernel/rule.ts'

/** What became of a record for one subscriber; null when it has no part in it. */
export type Effect = 'added' | 'changed' | 'removed' | null

/** How a subscriber looks at a resource: what it may read, and which of that it wants. */
export type View = { actor: Actor; readable: Rule; wanted: Rule; unknown: ReadonlySet<string> }

/** The view of a list: the read rule, and not archived and the filter. */
export function viewOf(resource: Resource, actor: Actor, readable: Rule, filter: Rule | undefined): View {
  return {
    actor,
    readable,
    wanted: filter ? all(resource.live, filter) : resource.live,
    unknown: unknownBefore(resource),
  }
}

/**
 * The effect of an event on a subscriber, from the record before it and after it. Where it cannot be known whether the
 * record was there before (the log does not keep derived values), it is told as if it had been: a needless `removed`
 * does no harm, a missing one would leave a record behind. What may not be read leaves no trace either way.
 */
export function effectOf(view: View, before: Row | null, after: Row | null): Effect {
  const was = before !== null && stood(view, before)
  const is = after !== null && isReadable(view, after) && matches(view.wanted, after, view.actor)
  if (is) return was === false ? 'added' : 'changed'
  return was === false ? null : 'removed'
}

/** Whether the subscriber may read the record as it is in this row. */
export function isReadable({ actor, readable }: View, row: Row): boolean {
  return matches(readable, row, actor)
}

function stood({ actor, readable, wanted, unknown }: View, before: Row): boolean | undefined {
  return verdict(readable, before, actor, unknown) === true && verdict(wanted, before, actor, unknown)
}

/** A rule over a row of which some fields are unknown (Kleene's three values); undefined when they decide. */
export function verdict(
  rule: Rule,
  row: Row,
  actor: Actor,
  unknown: ReadonlySet<string>,
): boolean | undefined {
  switch (rule.op) {
    case 'all':
      return together(rule.rules, false, (each) => verdict(each, row, actor, unknown))
    case 'any':
      return together(rule.rules, true, (each) => verdict(each, row, actor, unknown))
    case 'not': {
      const inner = verdict(rule.rule, row, actor, unknown)
      return inner === undefined ? undefined : !inner
    }
    case 'compare':
    case 'owns':
    case 'self':
      return unknown.has(rule.field) ? undefined : matches(rule, row, actor)
    default:
      return matches(rule, row, actor)
  }
}

/** `decisive` as soon as one of them is it; unknown when one of the others is. */
function together(
  rules: readonly Rule[],
  decisive: boolean,
  verdictOf: (rule: Rule) => boolean | undefined,
): boolean | undefined {
  let result: boolean | undefined = !decisive
  for (const rule of rules) {
    const each = verdictOf(rule)
    if (each === decisive) return decisive
    if (each === undefined) result = undefined
  }
  return result
}

const unknowns = new WeakMap<Resource, ReadonlySet<string>>()

/** Fields that cannot be told of a row that is laid back. */
function unknownBefore(resource: Resource): ReadonlySet<string> {
  let known = unknowns.get(resource)
  if (!known) {
    const derived = Object.entries(resource.fields).filter(([, field]) => field.derived)
    known = new Set(['updated_at', ...derived.map(([name]) => name)])
    unknowns.set(resource, known)
  }
  return known
}
