import { fault } from './fault.ts'
import type { Field, Fields, JsonSchema, Reading, Row } from './field.ts'
import { nearest } from './nearest.ts'

/**
 * Reads the members of an object into canonical values: every fault is collected, defaults are filled in, absent optional
 * fields become null. Returns undefined when any field is wrong.
 */
export function readFields(fields: Fields, given: Row, reading: Reading): Row | undefined {
  const before = reading.faults.length
  refuseUnknown(fields, given, reading)
  const row: Row = {}
  for (const [name, field] of inputFields(fields)) row[name] = readField(name, field, given[name], reading)
  return reading.faults.length === before ? row : undefined
}

/**
 * Reads only the members that are there (RFC 7396, JSON Merge Patch): null clears an optional field and is a fault for a
 * required one, an absent member keeps its value.
 */
export function readPatch(fields: Fields, given: Row, reading: Reading): Row | undefined {
  const before = reading.faults.length
  refuseUnknown(fields, given, reading)
  const row: Row = {}
  for (const [name, field] of inputFields(fields))
    if (given[name] !== undefined)
      row[name] =
        given[name] === null ? cleared(name, field, reading) : readField(name, field, given[name], reading)
  return reading.faults.length === before ? row : undefined
}

const inputs = new WeakMap<Fields, readonly [string, Field][]>()

/** Fields that may be given: not derived by the database, not managed by actions. Asked for every record, so it is kept. */
export function inputFields(fields: Fields): readonly [string, Field][] {
  let known = inputs.get(fields)
  if (!known) {
    known = Object.entries(fields).filter(([, field]) => !field.derived && !field.managed)
    if (Object.isFrozen(fields)) inputs.set(fields, known)
  }
  return known
}

/** One value: required, default or as its kind reads it. */
export function readField(name: string, field: Field, value: unknown, reading: Reading): unknown {
  const at = { ...reading, path: join(reading.path, name) }
  if (value !== undefined && value !== null) return field.read(value, at)
  if (field.default !== undefined && (value === undefined || reading.lenient)) return field.default
  if (field.optional) return null
  at.faults.push(fault(at.path, `${name}.required`, 'is required'))
  return undefined
}

/** JSON Schema of an object with these fields; the input shape leaves out what cannot be given. */
export function objectSchema(fields: Fields, shape: 'input' | 'output' = 'input'): JsonSchema {
  const shown =
    shape === 'input' ? inputFields(fields) : Object.entries(fields).filter(([, field]) => !field.secret)
  const required = shown.filter(
    ([, field]) => shape === 'output' || (!field.optional && field.default === undefined),
  )
  return {
    type: 'object',
    properties: Object.fromEntries(shown.map(([name, field]) => [name, fieldSchema(field)])),
    ...(required.length ? { required: required.map(([name]) => name) } : {}),
    additionalProperties: false,
  }
}

/** JSON Schema of one field, null allowed when it is optional. */
export function fieldSchema(field: Field): JsonSchema {
  const described: JsonSchema = field.description
    ? { ...field.schema, description: field.description }
    : field.schema
  if (!field.optional)
    return field.default === undefined ? described : { ...described, default: field.default }
  return 'type' in described
    ? { ...described, type: [described.type, 'null'] }
    : { anyOf: [described, { type: 'null' }] }
}

/** A fresh reading at the root of a record. */
export function reading(options: { lenient?: boolean; path?: string } = {}): Reading {
  return { path: options.path ?? '', lenient: options.lenient ?? false, faults: [], warnings: [] }
}

/** Structural equality of two canonical values. */
export function same(left: unknown, right: unknown): boolean {
  if (left === right) return true
  if (left == null || right == null) return left == null && right == null
  if (typeof left !== 'object' || typeof right !== 'object') return false
  if (Array.isArray(left) !== Array.isArray(right)) return false
  const names = Object.keys(left)
  return (
    names.length === Object.keys(right).length &&
    names.every((name) => name in right && same((left as Row)[name], (right as Row)[name]))
  )
}

/** The fields in which two rows differ, with the values of `after`. */
export function difference(fields: Fields, before: Row, after: Row): Row {
  const changed: Row = {}
  for (const name of Object.keys(after))
    if (Object.hasOwn(fields, name) && !fields[name].derived && !same(before[name], after[name]))
      changed[name] = after[name]
  return changed
}

/** `pricing[1]` and `price` → `pricing[1].price`. */
export function join(path: string, name: string): string {
  return path === '' ? name : `${path}.${name}`
}

function cleared(name: string, field: Field, reading: Reading): unknown {
  // A blank cell of a field that has a default means the default.
  if (reading.lenient && field.default !== undefined) return field.default
  if (!field.optional)
    reading.faults.push(
      fault(join(reading.path, name), `${name}.required`, 'is required and cannot be cleared'),
    )
  return null
}

function refuseUnknown(fields: Fields, given: Row, reading: Reading): void {
  for (const name of Object.keys(given)) {
    const field = Object.hasOwn(fields, name) ? fields[name] : undefined
    if (field && !field.derived && !field.managed) continue
    const path = join(reading.path, name)
    if (field) reading.faults.push(fault(path, 'field.read_only', 'cannot be set; leave it out'))
    else {
      const meant = nearest(name, Object.keys(fields))
      reading.faults.push(
        fault(
          path,
          'field.unknown',
          meant ? `is not a field; did you mean ${meant}?` : 'is not a field',
          undefined,
          meant,
        ),
      )
    }
  }
}
