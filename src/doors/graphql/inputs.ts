import {
  GraphQLBoolean,
  GraphQLFloat,
  GraphQLID,
  type GraphQLInputFieldConfigMap,
  GraphQLInputObjectType,
  type GraphQLInputType,
  GraphQLList,
  GraphQLNonNull,
  GraphQLString,
} from 'graphql'
import type { Action } from '../../kernel/action.ts'
import { type Field, type Fields, isObjectList } from '../../kernel/field.ts'
import { inputFields } from '../../kernel/record.ts'
import type { Resource } from '../../kernel/resource.ts'
import { inputName, pascal, recordName } from '../openapi/names.ts'
import { DateOnly, DateTime, Json, MoneyInput, PeriodInput, SafeInt } from './scalars.ts'
import { describeField } from './types.ts'

const KINDS: { [kind: string]: GraphQLInputType } = {
  boolean: GraphQLBoolean,
  choice: GraphQLString,
  date: DateOnly,
  file: GraphQLString,
  money: MoneyInput,
  period: PeriodInput,
  ref: GraphQLID,
  secret: GraphQLString,
  text: GraphQLString,
  time: DateTime,
}

/** The input type of an action; undefined when it takes nothing. */
export type InputTypes = (resource: Resource, name: string, action: Action) => GraphQLInputType | undefined

/** Makes input types: one for each action, and one for the items of each list, which `create` and `update` share. */
export function inputTypes(): InputTypes {
  const items = new Map<string, { fields: Fields; type: GraphQLInputObjectType }>()
  const typeOf = (typeName: string, field: Field): GraphQLInputType => {
    if (field.item === undefined) return scalarOf(field)
    const item = isObjectList(field)
      ? itemOf(`${typeName}Input`, field.item)
      : typeOf(typeName, field.item as Field)
    return new GraphQLList(new GraphQLNonNull(item))
  }
  const membersOf = (owner: string, fields: Fields, partial: boolean): GraphQLInputFieldConfigMap =>
    Object.fromEntries(
      inputFields(fields).map(([name, field]) => [
        name,
        { type: typeOf(`${owner}${pascal(name)}`, field), description: describeInput(field, partial) },
      ]),
    )
  const itemOf = (name: string, fields: Fields): GraphQLInputType => {
    const known = items.get(name)
    // Another list of the same name gets a type of its own, and the schema refuses to start with two of one name.
    if (known?.fields === fields) return known.type
    const type = new GraphQLInputObjectType({ name, fields: membersOf(name, fields, false) })
    items.set(name, { fields, type })
    return type
  }
  return (resource, action, { input, partial = false }) => {
    if (inputFields(input).length === 0) return undefined
    const name = inputName(resource, action)
    const owner = action === 'create' || action === 'update' ? recordName(resource) : name
    return new GraphQLInputObjectType({ name, fields: membersOf(owner, input, partial) })
  }
}

/**
 * No member is required by its type: the engine reads the whole form, so that it is told of all its faults at once, each
 * with its pointer, as at every other door. The description says what is needed.
 */
function describeInput(field: Field, partial: boolean): string | undefined {
  const required = !partial && !field.optional && field.default === undefined
  const usual = !partial && field.default !== undefined ? `${JSON.stringify(field.default)} when absent.` : ''
  return [required ? 'Required.' : usual, describeField(field)].filter(Boolean).join(' ') || undefined
}

function scalarOf(field: Field): GraphQLInputType {
  if (field.kind === 'number') return field.schema.type === 'integer' ? SafeInt : GraphQLFloat
  return KINDS[field.kind] ?? Json
}
