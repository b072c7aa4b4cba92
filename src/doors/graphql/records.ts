import {
  GraphQLBoolean,
  GraphQLEnumType,
  type GraphQLFieldConfigArgumentMap,
  GraphQLID,
  GraphQLList,
  GraphQLNonNull,
  GraphQLObjectType,
  type GraphQLResolveInfo,
  GraphQLString,
} from 'graphql'
import { type Parameters, parseQuery, parseTime } from '../../engine/query.ts'
import { read, readOne } from '../../engine/read.ts'
import type { Engine } from '../../engine/types.ts'
import { keepsHistory, type Resource, shownFields } from '../../kernel/resource.ts'
import { connectionOf, connectionType, firstOf, pageArguments, pageCost } from './connection.ts'
import type { Context, FieldConfig, FieldConfigs } from './context.ts'
import { ofTime } from './loader.ts'
import { Json, SafeInt } from './scalars.ts'
import { selectedBelow } from './selection.ts'
import type { RecordTypes } from './types.ts'

const Archived = new GraphQLEnumType({
  name: 'Archived',
  description: 'Whether archived records are shown.',
  values: { without: {}, only: {}, with: {} },
})

const Count = new GraphQLObjectType({
  name: 'Count',
  fields: {
    value: { type: new GraphQLNonNull(SafeInt) },
    capped: {
      type: new GraphQLNonNull(GraphQLBoolean),
      description: 'There are at least as many as `value` says.',
    },
  },
})

const FacetValue = new GraphQLObjectType({
  name: 'FacetValue',
  fields: { value: { type: Json }, count: { type: new GraphQLNonNull(SafeInt) } },
})

/** One by id, and a page of many; apart, so that a plural that is the name is found. */
export function recordQueries(engine: Engine, resource: Resource, { types }: RecordTypes): FieldConfigs[] {
  const type = types.get(resource.name)!
  const one: FieldConfig = {
    type,
    description: `One ${resource.name}, by id or natural key; an archived one too.`,
    args: { id: { type: new GraphQLNonNull(GraphQLID) }, ...pastArgument(resource) },
    async resolve(_, { id, as_of }, { actor }) {
      const asOf = parseTime('as_of', as_of ?? undefined)
      const row = await readOne(engine, actor, resource.name, id, asOf ? { asOf } : {})
      return ofTime([row], asOf)[0]
    },
  }
  const many: FieldConfig = {
    type: connectionType(type, { ...facetsField(resource, type.name), ...countField }),
    description: `${resource.plural}, a page at a time. ${resource.description}`.trim(),
    args: listArguments(resource),
    extensions: pageCost,
    resolve: list(engine, resource),
  }
  return [{ [resource.name]: one }, { [resource.plural]: many }]
}

type ListArguments = {
  q?: string | null
  filter?: string | null
  sort?: string[] | null
  archived?: string | null
  as_of?: string | null
  first?: number | null
  after?: string | null
}

function listArguments(resource: Resource): GraphQLFieldConfigArgumentMap {
  const search = { q: { type: GraphQLString, description: 'Words to search for.' } }
  return {
    ...(resource.traits.includes('searchable') ? search : {}),
    filter: { type: GraphQLString, description: 'A condition in CEL.' },
    sort: {
      type: new GraphQLList(new GraphQLNonNull(GraphQLString)),
      description: 'Fields to sort by; `-` before a name turns it round.',
    },
    archived: { type: Archived, description: '`without` when absent.' },
    ...pastArgument(resource),
    ...pageArguments,
  }
}

function pastArgument(resource: Resource): GraphQLFieldConfigArgumentMap {
  return keepsHistory(resource)
    ? { as_of: { type: GraphQLString, description: 'As it stood at this time (RFC 3339) instead of now.' } }
    : {}
}

// What is asked for says what is read: facets and counts cost a scan each.
function list(engine: Engine, resource: Resource): FieldConfig['resolve'] {
  return async (_, given: ListArguments, { actor }: Context, info) => {
    const query = parseQuery(engine, resource.name, parametersOf(given, info))
    const page = await read(engine, actor, resource.name, { ...query, cursors: true })
    return {
      ...connectionOf(ofTime(page.items, query.asOf), page.cursors!, { next: page.next, after: given.after }),
      facets: page.facets,
      count: page.count,
    }
  }
}

/** The arguments as the query string of `GET /api/{resources}`, so that both doors understand them alike. */
function parametersOf(
  { q, filter, sort, archived, as_of, first, after }: ListArguments,
  info: GraphQLResolveInfo,
): Parameters {
  const facets = [...selectedBelow(info, 'facets')].filter((name) => name !== '__typename')
  return {
    q: q ?? undefined,
    filter: filter ?? undefined,
    sort: sort?.join(','),
    archived: archived ?? undefined,
    as_of: as_of ?? undefined,
    limit: String(firstOf(first)),
    cursor: after ?? undefined,
    facets: facets.join(','),
    count: String(selectedBelow(info).has('count')),
  }
}

const countField: FieldConfigs = {
  count: { type: Count, description: 'How many records match, on all pages.' },
}

function facetsField(resource: Resource, typeName: string): FieldConfigs {
  const names = shownFields(resource).flatMap(([name, field]) => (field.facet ? [name] : []))
  if (names.length === 0) return {}
  const values = new GraphQLList(new GraphQLNonNull(FacetValue))
  const type = new GraphQLObjectType({
    name: `${typeName}Facets`,
    fields: Object.fromEntries(names.map((name) => [name, { type: values }])),
  })
  return {
    facets: { type, description: 'Values of the matching records with their numbers, largest first.' },
  }
}
