import type { Action } from './action.ts'
import type { Fault } from './fault.ts'
import type { Field, Fields, Row } from './field.ts'
import { f } from './fields/index.ts'
import { inputFields } from './record.ts'
import { all, nobody, type Rule } from './rule.ts'
import type { Model } from './validation.ts'

/** A pure rule over a whole record: returns what is wrong with it. */
export type Check = (row: Row, model: Model) => Fault[]

/** A partial resource, merged at declaration. A name that is declared twice is an error. */
export type Trait = {
  name: string
  fields?: Fields
  actions?: { [name: string]: Action }
  checks?: readonly Check[]
  /** rows that lists show unless asked for the others. */
  live?: Rule
  /** rows that hold their natural key, so that no other row may have it. */
  keyed?: Rule
}

/** What an area writes down. */
export type Declaration = {
  /** plural for URLs; by default the name with an `s`. */
  plural?: string
  description?: string
  fields: Fields
  /** fields that identify a record in files and URLs. */
  key: readonly string[]
  traits?: readonly Trait[]
  /**
   * The shipped default: a rule per action, which becomes the grants of the roles that it names. `read` guards every read
   * and stands for `history` and `export`; `write` stands for the actions that are not named. No rule is nobody.
   */
  access: { read: Rule; write?: Rule; [action: string]: Rule | undefined }
  actions?: { [name: string]: Action }
  checks?: readonly Check[]
  /** built-in actions that this resource does not have. */
  without?: readonly ('create' | 'update')[]
  /** a view: read only, its rows from this table or SQL view. */
  view?: boolean
}

/** A frozen resource: everything that any projection (REST, CLI, export, docs, …) needs to know. */
export type Resource = {
  readonly name: string
  readonly plural: string
  readonly description: string
  /** every stored field in order: the declared ones, then those of the traits. */
  readonly fields: Fields
  readonly key: readonly string[]
  readonly actions: { readonly [name: string]: Action }
  readonly access: { readonly [action: string]: Rule }
  readonly checks: readonly Check[]
  readonly live: Rule
  readonly keyed: Rule
  readonly traits: readonly string[]
  /** its rows come from elsewhere: what happened to them is not all in the log. */
  readonly view: boolean
}

/** Fields that every record has besides its own. */
export const systemFields: Fields = {
  id: { ...f.ref('self', { managed: true, description: 'UUIDv7' }) },
  version: { ...f.number({ integer: true, managed: true, description: 'grows by one with every change' }) },
  created_at: { ...f.time({ managed: true }) },
  updated_at: { ...f.time({ managed: true }) },
}

const NAME = /^[a-z][a-z0-9_]{0,39}$/

/** Declares a resource: merges its traits, adds the built-in actions, refuses names that clash. Does nothing else. */
export function resource(name: string, declaration: Declaration): Resource {
  const traits = declaration.traits ?? []
  const fields = merge(`fields of ${name}`, [
    declaration.fields,
    ...traits.map((trait) => trait.fields ?? {}),
  ])
  const builtin = declaration.view ? {} : builtinActions(fields, declaration.without ?? [])
  const actions = merge(`actions of ${name}`, [
    builtin,
    ...traits.map((trait) => trait.actions ?? {}),
    declaration.actions ?? {},
  ])
  for (const each of [name, ...Object.keys(fields), ...Object.keys(actions)]) checkName(name, each)
  for (const each of Object.keys(fields))
    if (each in systemFields) throw new Error(`${name}.${each}: every record has this field already`)
  for (const each of declaration.key)
    if (!fields[each]) throw new Error(`${name}: its key names ${each}, which is no field`)
  return deepFreeze({
    name,
    plural: declaration.plural ?? `${name}s`,
    description: declaration.description ?? '',
    fields,
    key: declaration.key,
    actions,
    access: accessOf(declaration, Object.keys(actions)),
    checks: [...(declaration.checks ?? []), ...traits.flatMap((trait) => trait.checks ?? [])],
    live: all(...traits.flatMap((trait) => (trait.live ? [trait.live] : []))),
    keyed: all(...traits.flatMap((trait) => (trait.keyed ? [trait.keyed] : []))),
    traits: traits.map((trait) => trait.name),
    view: declaration.view ?? false,
  })
}

/** All fields of a record as it is shown: the engine's own first, secrets left out. */
export function shownFields(resource: Resource): readonly [string, Field][] {
  return kept(shown, resource, () =>
    Object.entries(storedFields(resource)).filter(([, field]) => !field.secret),
  )
}

/** All fields that are columns. */
export function storedFields(resource: Pick<Resource, 'fields'>): Fields {
  return kept(stored, resource, () => ({ ...systemFields, ...resource.fields }))
}

const shown = new WeakMap<object, readonly [string, Field][]>()
const stored = new WeakMap<object, Fields>()

// Every read asks for them, and a resource never changes.
function kept<Value>(known: WeakMap<object, Value>, resource: object, make: () => Value): Value {
  let value = known.get(resource)
  if (!value) {
    value = make()
    known.set(resource, value)
  }
  return value
}

/** Every fault that the resource's own checks find in a whole record. */
export function checkRow(resource: Resource, row: Row, model: Model): Fault[] {
  return resource.checks.flatMap((check) => check(row, model))
}

/** Whether events tell what happened to its records: rows that only the house itself writes leave none. */
export function keepsHistory(resource: Resource): boolean {
  return !resource.view && Object.values(resource.actions).some(({ effect }) => effect === 'write')
}

/** The natural key of a row as one text: its key fields, joined by a character that no key may contain. */
export function keyOf(resource: Resource, row: Row): string {
  return resource.key.map((name) => String(row[name] ?? '')).join('\u001f')
}

/** The natural key for people: `Dubai_AinDubai`, `flat-7 / Airbnb / HM123`. */
export function keyLabel(resource: Pick<Resource, 'key'>, row: Row): string {
  return resource.key.map((name) => String(row[name] ?? '—')).join(' / ')
}

function builtinActions(fields: Fields, without: readonly string[]): { [name: string]: Action } {
  const given = Object.fromEntries(inputFields(fields))
  const changeable = Object.fromEntries(Object.entries(given).filter(([, field]) => !field.immutable))
  const create: Action = {
    description: 'Makes a new record.',
    effect: 'write',
    on: 'collection',
    input: given,
    make: ({ input }) => ({ ...managedDefaults(fields), ...input }),
  }
  const update: Action = {
    description: 'Changes the fields that are given (merge patch).',
    effect: 'write',
    on: 'records',
    input: changeable,
    partial: true,
    set: (_row, { input }) => input,
  }
  return Object.fromEntries(Object.entries({ create, update }).filter(([name]) => !without.includes(name)))
}

/** Fields of a new record that no input may set. */
export function managedDefaults(fields: Fields): Row {
  return Object.fromEntries(
    Object.entries(fields)
      .filter(([, field]) => field.managed)
      .map(([name, field]) => [name, field.default ?? null]),
  )
}

/** Verbs that every resource has besides its actions, and what stands for them where they are not named. */
const VERBS = { history: 'read', export: 'read', ingest: 'write', undo: 'write' } as const

function accessOf(declaration: Declaration, actions: string[]): { [action: string]: Rule } {
  const { access } = declaration
  const usual = { read: access.read, write: access.write ?? nobody }
  for (const name of Object.keys(access))
    if (name !== 'read' && name !== 'write' && !Object.hasOwn(VERBS, name) && !actions.includes(name))
      throw new Error(`access names ${name}, which is no action`)
  return {
    read: access.read,
    ...Object.fromEntries(Object.entries(VERBS).map(([verb, like]) => [verb, access[verb] ?? usual[like]])),
    ...Object.fromEntries(actions.map((name) => [name, access[name] ?? usual.write])),
  }
}

function merge<Value>(what: string, parts: { [name: string]: Value }[]): { [name: string]: Value } {
  const merged: { [name: string]: Value } = {}
  for (const part of parts)
    for (const [name, value] of Object.entries(part)) {
      if (name in merged) throw new Error(`${what}: ${name} is declared twice`)
      merged[name] = value
    }
  return merged
}

function checkName(resource: string, name: string): void {
  if (!NAME.test(name))
    throw new Error(`${resource}: "${name}" is not a name (small letters, digits and _, at most 40)`)
}

function deepFreeze<Value>(value: Value): Value {
  if (typeof value === 'object' && value !== null && !Object.isFrozen(value) && !(value instanceof RegExp)) {
    Object.freeze(value)
    for (const member of Object.values(value)) deepFreeze(member)
  }
  return value
}
