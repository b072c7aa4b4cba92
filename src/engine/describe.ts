import type { Actor } from '../kernel/actor.ts'
import { fieldSchema } from '../kernel/record.ts'
import { shownFields } from '../kernel/resource.ts'
import { possible, ruleOf } from './lookup.ts'
import type { Engine } from './types.ts'

/** What a client needs to know of the resources that the actor may read: fields, keys, and the actions open to it. */
export function describe(engine: Engine, actor: Actor): object {
  const readable = [...engine.resources.values()].filter((resource) =>
    possible(ruleOf(resource, 'read'), actor),
  )
  return {
    resources: readable.map((resource) => ({
      name: resource.name,
      plural: resource.plural,
      description: resource.description,
      key: resource.key,
      traits: resource.traits,
      fields: shownFields(resource).map(([name, field]) => ({
        name,
        kind: field.kind,
        schema: fieldSchema(field),
        operators: field.operators,
        optional: field.optional ?? false,
        read_only: Boolean(field.derived || field.managed),
        facet: field.facet ?? false,
        ...(field.to ? { to: field.to } : {}),
      })),
      actions: Object.entries(resource.actions)
        .filter(([name]) => possible(ruleOf(resource, name), actor))
        .map(([name, action]) => ({
          name,
          description: action.description,
          on: action.on,
          effect: action.effect,
          input: Object.keys(action.input),
        })),
    })),
  }
}
