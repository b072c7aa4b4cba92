import {
  GraphQLBoolean,
  GraphQLFloat,
  GraphQLID,
  GraphQLList,
  GraphQLNonNull,
  GraphQLObjectType,
  type GraphQLOutputType,
  GraphQLString,
} from 'graphql'
import { type Field, type Fields, isObjectList, type Row } from '../../kernel/field.ts'
import { type Resource, shownFields } from '../../kernel/resource.ts'
import { pascal, recordName } from '../openapi/names.ts'
import type { FieldConfig, FieldConfigs } from './context.ts'
import { timeOf } from './loader.ts'
import { DateOnly, DateTime, Json, Money, Period, SafeInt } from './scalars.ts'
import { selectedBelow } from './selection.ts'

/** The object type of every resource, by the resource's name. */
export type RecordTypes = {
  readonly resources: ReadonlyMap<string, Resource>
  readonly types: ReadonlyMap<string, GraphQLObjectType>
}

// A choice is text, not an enum: its values may be no GraphQL names, and old records may hold one that is offered no more.
const KINDS: { [kind: string]: GraphQLOutputType } = {
  boolean: GraphQLBoolean,
  choice: GraphQLString,
  date: DateOnly,
  file: GraphQLString,
  money: Money,
  period: Period,
  ref: GraphQLID,
  text: GraphQLString,
  time: DateTime,
}

/** An object type for each resource: its fields, secrets left out, references as the records they point to. */
export function recordTypes(resources: ReadonlyMap<string, Resource>): RecordTypes {
  const types = new Map<string, GraphQLObjectType>()
  const all: RecordTypes = { resources, types }
  for (const resource of resources.values())
    types.set(
      resource.name,
      new GraphQLObjectType({
        name: recordName(resource),
        description: resource.description || `A ${resource.name}.`,
        fields: () => recordFields(resource, all),
      }),
    )
  return all
}

/** What a field of this kind is called in the schema; a kind that is not known here is JSON. */
export function scalarOf(field: Field): GraphQLOutputType {
  if (field.kind === 'number') return field.schema.type === 'integer' ? SafeInt : GraphQLFloat
  return KINDS[field.kind] ?? Json
}

/** What people should know of a field. */
export function describeField(field: Field): string | undefined {
  const values = field.values ? `One of: ${field.values.join(', ')}.` : ''
  return [field.description, values].filter(Boolean).join(' ') || undefined
}

// Only the id is sure: a referenced record that the actor may not see shows nothing else.
function recordFields(resource: Resource, all: RecordTypes): FieldConfigs {
  const { id: _, ...fields } = Object.fromEntries(shownFields(resource))
  return { id: { type: new GraphQLNonNull(GraphQLID) }, ...fieldsOf(recordName(resource), fields, all) }
}

function fieldsOf(owner: string, fields: Fields, all: RecordTypes): FieldConfigs {
  const shown = Object.entries(fields).filter(([, field]) => !field.secret)
  return Object.fromEntries(
    shown.map(([name, field]) => [name, fieldOf(`${owner}${pascal(name)}`, name, field, all)]),
  )
}

function fieldOf(typeName: string, name: string, field: Field, all: RecordTypes): FieldConfig {
  const config: FieldConfig = { type: typeOf(typeName, field, all), description: describeField(field) }
  const target = targetOf(field, all)
  return target ? { ...config, resolve: reference(name, target) } : config
}

function typeOf(typeName: string, field: Field, all: RecordTypes): GraphQLOutputType {
  if (field.item !== undefined) {
    const item = isObjectList(field)
      ? new GraphQLObjectType({ name: typeName, fields: fieldsOf(typeName, field.item, all) })
      : typeOf(typeName, field.item as Field, all)
    return new GraphQLList(new GraphQLNonNull(item))
  }
  return all.types.get(field.to ?? '') ?? scalarOf(field)
}

/** The resource that a reference, or a list of them, points to. */
function targetOf(field: Field, { resources }: RecordTypes): Resource | undefined {
  if (field.item === undefined) return resources.get(field.to ?? '')
  return isObjectList(field) ? undefined : resources.get((field.item as Field).to ?? '')
}

function reference(name: string, target: Resource): FieldConfig['resolve'] {
  return (row: Row, _arguments, { load }, info) => {
    const asked = selectedBelow(info)
    const idAlone = [...asked].every((each) => each === 'id' || each === '__typename')
    const one = (id: unknown) => (idAlone ? { id } : load(target, id as string, timeOf(row)))
    const value = row[name]
    if (value == null) return null
    return Array.isArray(value) ? value.map(one) : one(value)
  }
}
