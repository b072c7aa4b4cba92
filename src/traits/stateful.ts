import type { Action } from '../kernel/action.ts'
import { f } from '../kernel/fields/index.ts'
import type { Trait } from '../kernel/resource.ts'

/** From each state, the states it may become, each with the verb that does it. The first state is where records begin. */
export type Transitions = { readonly [from: string]: { readonly [verb: string]: string } }

/** A record moves through named states by verbs; nothing else changes `state`. */
export function stateful(transitions: Transitions): Trait {
  const states = [
    ...new Set([
      ...Object.keys(transitions),
      ...Object.values(transitions).flatMap((verbs) => Object.values(verbs)),
    ]),
  ]
  return {
    name: 'stateful',
    fields: { state: f.choice(states, { managed: true, default: states[0], facet: true }) },
    actions: Object.fromEntries(verbsOf(transitions).map((verb) => [verb, transition(verb, transitions)])),
  }
}

function verbsOf(transitions: Transitions): string[] {
  return [...new Set(Object.values(transitions).flatMap((verbs) => Object.keys(verbs)))]
}

function transition(verb: string, transitions: Transitions): Action {
  const from = Object.keys(transitions).filter((state) => verb in transitions[state])
  return {
    description: `${verb}: from ${from.join(' or ')}.`,
    effect: 'write',
    on: 'records',
    input: {},
    from,
    set: (row) => ({ state: transitions[String(row.state)][verb] }),
  }
}
