import { type Field, type Fields, isObjectList } from '../../kernel/field.ts'
import { type Resource, shownFields } from '../../kernel/resource.ts'

/** What is known of a value before there is one. `any` may be everything; everything may be null. */
export type Type = {
  kind:
    | 'any'
    | 'null'
    | 'boolean'
    | 'number'
    | 'text'
    | 'date'
    | 'time'
    | 'money'
    | 'period'
    | 'list'
    | 'object'
  /** lists: what an item is. */
  item?: Type
  /** objects with known members. */
  members?: { [name: string]: Type }
}

export const ANY: Type = { kind: 'any' }
export const NULL: Type = { kind: 'null' }
export const BOOLEAN: Type = { kind: 'boolean' }
export const NUMBER: Type = { kind: 'number' }
export const TEXT: Type = { kind: 'text' }
export const DATE: Type = { kind: 'date' }

/** A record of this resource as an object with known members. */
export function recordType(resource: Resource): Type {
  return objectType(Object.fromEntries(shownFields(resource)))
}

function objectType(fields: Fields): Type {
  return {
    kind: 'object',
    members: Object.fromEntries(Object.entries(fields).map(([name, field]) => [name, fieldType(field)])),
  }
}

function fieldType(field: Field): Type {
  switch (field.kind) {
    case 'boolean':
    case 'number':
    case 'date':
    case 'time':
      return { kind: field.kind }
    case 'money':
      return { kind: 'money', members: { amount: NUMBER, currency: TEXT } }
    case 'period':
      return { kind: 'period', members: { start: DATE, end: DATE } }
    case 'list':
      return {
        kind: 'list',
        item: isObjectList(field) ? objectType(field.item) : fieldType(field.item as Field),
      }
    case 'json':
      return ANY
    default:
      return TEXT
  }
}

const WORDS: { [kind in Type['kind']]: string } = {
  any: 'any value',
  null: 'null',
  boolean: 'true or false',
  number: 'a number',
  text: 'a text',
  date: 'a date',
  time: 'a time',
  money: 'money',
  period: 'a period',
  list: 'a list',
  object: 'an object',
}

/** A kind for people: `a number`. */
export function kindWords(kind: Type['kind']): string {
  return WORDS[kind]
}

/** Kinds whose values can stand on the two sides of a comparison. */
export function comparable(left: Type, right: Type): boolean {
  const [a, b] = [left.kind, right.kind]
  if (a === b || a === 'any' || b === 'any' || a === 'null' || b === 'null') return true
  const textual = ['text', 'date', 'time']
  if (textual.includes(a) && textual.includes(b)) return true
  return (a === 'money' && b === 'number') || (a === 'number' && b === 'money')
}
