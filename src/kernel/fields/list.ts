import type { Field, FieldFlags, Fields, Row } from '../field.ts'
import { isObjectList, operators } from '../field.ts'
import { objectSchema, readFields } from '../record.ts'
import { describe, refuse } from './text.ts'

const ITEMS_MAX = 1_000

export type ListOptions = FieldFlags & {
  /** most items, 1..1,000 */
  max?: number
}

/** An ordered list of values, or of objects without an identity of their own. Stored as JSON, validated item by item. */
export function list(item: Field | Fields, options: ListOptions = {}): Field<unknown[]> {
  const { max = ITEMS_MAX, ...flags } = options
  const field: Field<unknown[]> = {
    ...flags,
    kind: 'list',
    column: 'jsonb',
    item,
    operators: operators.list,
    get schema() {
      return {
        type: 'array',
        maxItems: max,
        items: isObjectList(field) ? objectSchema(field.item) : (item as Field).schema,
      }
    },
    read(value, reading) {
      if (!Array.isArray(value))
        return refuse(reading, 'type', `must be a list, got ${describe(value)}`, value)
      if (value.length > max)
        return refuse(reading, 'length', `has ${value.length} items, at most ${max} are allowed`)
      const before = reading.faults.length
      const items = value.map((element, index) => {
        const at = { ...reading, path: `${reading.path}[${index}]` }
        return isObjectList(field) ? readItem(field.item, element, at) : (item as Field).read(element, at)
      })
      return reading.faults.length === before ? items : undefined
    },
  }
  return field
}

function readItem(fields: Fields, value: unknown, reading: Parameters<Field['read']>[1]): Row | undefined {
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    return refuse(reading, 'type', `must be an object, got ${describe(value)}`, value)
  return readFields(fields, value as Row, reading)
}
