import type { Field, Row } from '../kernel/field.ts'
import { type Resource, shownFields } from '../kernel/resource.ts'

/** A stored row as it is shown: the engine's fields first, secrets left out, only `only` when given. */
export function present(resource: Resource, row: Row, only?: readonly string[]): Row {
  const shown: Row = {}
  for (const name of namesOf(resource)) if (!only || only.includes(name)) shown[name] = row[name] ?? null
  return shown
}

/** The part of a row that the log keeps: what actions can set, secrets and derived values left out. */
export function facts(resource: Resource, row: Row): Row {
  return Object.fromEntries(factFields(resource).map(([name]) => [name, row[name] ?? null]))
}

/** The fields that events hold. */
export function factFields(resource: Resource): [string, Field][] {
  let known = logged.get(resource)
  if (!known) {
    known = Object.entries(resource.fields).filter(([, field]) => !field.secret && !field.derived)
    logged.set(resource, known)
  }
  return known
}

const logged = new WeakMap<Resource, [string, Field][]>()
const names = new WeakMap<Resource, string[]>()

function namesOf(resource: Resource): string[] {
  let known = names.get(resource)
  if (!known) {
    known = shownFields(resource).map(([name]) => name)
    names.set(resource, known)
  }
  return known
}
