import type { Action } from '../kernel/action.ts'
import type { Actor } from '../kernel/actor.ts'
import { type Field, type Fields, isObjectList } from '../kernel/field.ts'
import { isEverOpen } from '../kernel/grants/access.ts'
import { fieldSchema, inputFields } from '../kernel/record.ts'
import { type Resource, shownFields } from '../kernel/resource.ts'
import { fieldsOf, isNobody, type Rule, residue } from '../kernel/rule.ts'
import { accessTo } from './lookup.ts'
import type { Engine } from './types.ts'

/** A field as a form, a column or a filter needs it. `schema` is JSON Schema 2020-12; absent members are false or none. */
export type FieldDescription = {
  name: string
  kind: string
  description?: string
  schema: object
  operators: readonly string[]
  optional: boolean
  default?: unknown
  /** set by the database or by actions, never by create or update. */
  read_only: boolean
  /** set when the record is made, never afterwards. */
  immutable: boolean
  unique: boolean
  /** can be given, is never shown. */
  secret: boolean
  facet: boolean
  /** weight in search, A is the heaviest. */
  search?: string
  /** what it may be, in order. */
  values?: readonly string[]
  /** name of the resource it points to. */
  to?: string
  /** of a list: what one item is, or the fields that one has. */
  item?: FieldDescription | FieldDescription[]
}

/**
 * What is left of a rule for this actor: null when every record will do, a condition on the record, or `hidden` when the
 * condition looks at what the actor cannot see.
 */
export type Condition = Rule | 'hidden' | null

export type ActionDescription = {
  name: string
  description: string
  on: Action['on']
  effect: Action['effect']
  /** the states a record must be in. */
  from?: readonly string[]
  /** for archived records only. */
  archived: boolean
  /** the input is a merge patch: only what is to change. */
  partial: boolean
  input: FieldDescription[]
  when: Condition
}

export type ResourceDescription = {
  name: string
  plural: string
  description: string
  key: readonly string[]
  traits: readonly string[]
  /** which records the actor sees. */
  read: Condition
  fields: FieldDescription[]
  actions: ActionDescription[]
}

export type Description = { actor: Actor; resources: ResourceDescription[] }

/** What a client needs to know: who it is, and of each resource that it may read the fields, the key and the actions open to it. */
export function describe(engine: Engine, actor: Actor): Description {
  const readable = [...engine.resources.values()].filter((resource) =>
    isOpen(engine, resource, 'read', actor),
  )
  return {
    actor: { id: actor.id, name: actor.name, roles: actor.roles },
    resources: readable.map((resource) => describeResource(engine, resource, actor)),
  }
}

function describeResource(engine: Engine, resource: Resource, actor: Actor): ResourceDescription {
  const { name, plural, description, key, traits } = resource
  return {
    name,
    plural,
    description,
    key,
    traits,
    read: conditionOf(engine, resource, 'read', actor),
    fields: shownFields(resource)
      .filter(([each]) => isEverOpen(accessTo(engine, actor, resource, 'read'), each))
      .map(([each, field]) => describeField(each, field)),
    actions: Object.entries(resource.actions)
      .filter(([each]) => isOpen(engine, resource, each, actor))
      .map(([each, action]) => describeAction(engine, resource, each, action, actor)),
  }
}

function describeAction(
  engine: Engine,
  resource: Resource,
  name: string,
  action: Action,
  actor: Actor,
): ActionDescription {
  const { description, on, effect, from, archived = false, partial = false, input } = action
  return {
    name,
    description,
    on,
    effect,
    ...(from ? { from } : {}),
    archived,
    partial,
    input: inputFields(input).map(([each, field]) => describeField(each, field)),
    when: conditionOf(engine, resource, name, actor),
  }
}

function describeField(name: string, field: Field): FieldDescription {
  const { kind, description, operators, search, values, to } = field
  return {
    name,
    kind,
    ...(description ? { description } : {}),
    schema: fieldSchema(field),
    operators,
    optional: field.optional ?? false,
    ...(field.default === undefined ? {} : { default: field.default }),
    read_only: Boolean(field.derived || field.managed),
    immutable: field.immutable ?? false,
    unique: field.unique ?? false,
    secret: field.secret ?? false,
    facet: field.facet ?? false,
    ...(search ? { search } : {}),
    ...(values ? { values } : {}),
    ...(to ? { to } : {}),
    ...(field.item ? { item: describeItem(field) } : {}),
  }
}

function describeItem(field: Field): FieldDescription | FieldDescription[] {
  return isObjectList(field)
    ? Object.entries(field.item as Fields).map(([name, each]) => describeField(name, each))
    : describeField('', field.item as Field)
}

function isOpen(engine: Engine, resource: Resource, action: string, actor: Actor): boolean {
  return !isNobody(residue(accessTo(engine, actor, resource, action).rule, actor))
}

function conditionOf(engine: Engine, resource: Resource, action: string, actor: Actor): Condition {
  const left = residue(accessTo(engine, actor, resource, action).rule, actor)
  const asked = fieldsOf(left)
  if (asked.length === 0) return null
  const shown = new Set(shownFields(resource).map(([name]) => name))
  return asked.every((name) => shown.has(name)) ? left : 'hidden'
}
