import type { Action } from '../kernel/action.ts'
import { fault } from '../kernel/fault.ts'
import type { Row } from '../kernel/field.ts'
import { f } from '../kernel/fields/index.ts'
import { invalid } from '../kernel/problem.ts'
import { systemFields, type Trait } from '../kernel/resource.ts'

const fieldNames = f.list(f.text({ min: 1, max: 40, line: true }), { max: 100 })

const lock: Action = {
  description:
    'Locks fields of the records: imports leave them as they are, and say so. archived_at locks the archive state.',
  effect: 'write',
  on: 'records',
  input: { fields: fieldNames },
  set: (row, { input }) => ({ locked_fields: lockedWith(row, input.fields as string[]) }),
}

const unlock: Action = {
  description: 'Lets imports change the fields again; all of them when none are named.',
  effect: 'write',
  on: 'records',
  input: { fields: { ...fieldNames, optional: true } },
  set: (row, { input }) => ({ locked_fields: lockedWithout(row, input.fields as string[] | null) }),
}

/** A person's word stands: imports do not change the fields of a record that are named in `locked_fields`. */
export const lockable: Trait = {
  name: 'lockable',
  fields: {
    locked_fields: f.list(f.text(), {
      optional: true,
      managed: true,
      description: 'fields that imports leave as they are',
    }),
  },
  actions: { lock, unlock },
}

function lockedWith(row: Row, names: readonly string[]): string[] {
  const unknown = names.filter((name) => !Object.hasOwn(row, name) || name in systemFields)
  if (unknown.length)
    throw invalid(
      unknown.map((name) => fault('fields', 'fields.unknown', `names ${name}, which cannot be locked`)),
    )
  return [...new Set([...lockedOf(row), ...names])].sort()
}

function lockedWithout(row: Row, names: readonly string[] | null): string[] | null {
  const left = names ? lockedOf(row).filter((name) => !names.includes(name)) : []
  return left.length ? left : null
}

function lockedOf(row: Row): readonly string[] {
  return (row.locked_fields ?? []) as readonly string[]
}
