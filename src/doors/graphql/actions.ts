import {
  GraphQLBoolean,
  type GraphQLFieldConfigArgumentMap,
  GraphQLID,
  GraphQLList,
  GraphQLNonNull,
  GraphQLObjectType,
  GraphQLString,
} from 'graphql'
import { perform, TARGETS_MAX } from '../../engine/perform.ts'
import type { Engine, Perform } from '../../engine/types.ts'
import type { Action } from '../../kernel/action.ts'
import { badRequest } from '../../kernel/problem.ts'
import type { Resource } from '../../kernel/resource.ts'
import { keyText, reasonText } from '../http/headers.ts'
import { pagedList } from './connection.ts'
import type { Context, FieldConfig, FieldConfigs } from './context.ts'
import type { InputTypes } from './inputs.ts'
import { Json, SafeInt } from './scalars.ts'
import type { RecordTypes } from './types.ts'

type Verb = { resource: Resource; name: string; action: Action }
type Given = {
  ids?: string[]
  input?: unknown
  dry_run?: boolean | null
  reason?: string | null
  key?: string | null
  if_version?: number | null
}

/** What every write is told besides its input. */
export const writeArguments: GraphQLFieldConfigArgumentMap = {
  dry_run: {
    type: GraphQLBoolean,
    description: 'Shows what would happen, under the real constraints, and writes nothing.',
  },
  reason: { type: GraphQLString, description: 'Why; kept with every event.' },
}

/**
 * A field for each action: those that write are mutations, those that only read are queries. It is named as its URL is
 * walked, the resource before the verb (`product_archive`, as `/api/products/archive`): names stay snake_case as at every
 * door, nothing is turned round or put in the plural, and the verbs of a resource stand together.
 */
export function actionFields(
  engine: Engine,
  resource: Resource,
  inputs: InputTypes,
  { types }: RecordTypes,
): { queries: FieldConfigs; mutations: FieldConfigs } {
  const outcome = outcomeType(types.get(resource.name)!)
  const queries: FieldConfigs = {}
  const mutations: FieldConfigs = {}
  for (const [name, action] of Object.entries(resource.actions)) {
    const verb = { resource, name, action }
    const fields = action.effect === 'read' ? queries : mutations
    fields[`${resource.name}_${name}`] = {
      type: outcome,
      description: action.description,
      args: argumentsOf(verb, inputs),
      extensions: { page: { argument: countedBy(action), usual: 1, most: TARGETS_MAX } },
      resolve: call(engine, verb),
    }
  }
  return { queries, mutations }
}

function outcomeType(record: GraphQLObjectType): GraphQLObjectType {
  return new GraphQLObjectType({
    name: `${record.name}Outcome`,
    description: 'What an action did.',
    fields: {
      records: { ...pagedList(record), description: 'The records as they are now.' },
      change: { type: GraphQLID, description: 'The change that was made; null when nothing was.' },
      answer: { type: Json, description: 'What the action says besides; a secret is shown once, here.' },
      replayed: {
        type: new GraphQLNonNull(GraphQLBoolean),
        description: 'This is the answer to an earlier call with the same key.',
      },
      dry_run: {
        type: new GraphQLNonNull(GraphQLBoolean),
        description: 'Nothing was written, on purpose.',
      },
    },
  })
}

/** The argument whose length says how many records come back. */
function countedBy({ on }: Action): string {
  return on === 'records' ? 'ids' : 'input'
}

function argumentsOf({ resource, name, action }: Verb, inputs: InputTypes): GraphQLFieldConfigArgumentMap {
  const type = inputs(resource, name, action)
  const input = type && { input: { type: action.make ? new GraphQLList(new GraphQLNonNull(type)) : type } }
  const ids = {
    type: new GraphQLNonNull(new GraphQLList(new GraphQLNonNull(GraphQLID))),
    description: `Ids or natural keys, at most ${TARGETS_MAX}: all of them, or none.`,
  }
  const key = {
    type: GraphQLString,
    description: 'The same key with the same call is done once and answered again.',
  }
  const version = { type: SafeInt, description: 'The version that the change of one record is meant for.' }
  return {
    ...(action.on === 'records' ? { ids } : {}),
    ...input,
    ...(action.effect === 'write' ? { ...writeArguments, key } : {}),
    ...(action.effect === 'write' && action.on === 'records' ? { if_version: version } : {}),
  }
}

function call(engine: Engine, { resource, name }: Verb): FieldConfig['resolve'] {
  return async (_, given: Given, { actor, requestId }: Context) => {
    const outcome = await perform(engine, {
      actor,
      resource: resource.name,
      action: name,
      requestId,
      targets: given.ids ?? [],
      input: oneOrMany(given.input),
      dryRun: given.dry_run ?? false,
      reason: given.reason == null ? null : reasonText(given.reason),
      key: given.key == null ? null : keyText(given.key),
      ...versionOf(given),
    })
    return { ...outcome, dry_run: outcome.dryRun }
  }
}

// GraphQL makes a list of one of a single input; faults of a single record have no index in their pointers.
function oneOrMany(input: unknown): unknown {
  return Array.isArray(input) && input.length === 1 ? input[0] : (input ?? {})
}

function versionOf({ ids = [], if_version }: Given): Pick<Perform, 'ifVersion'> {
  if (if_version == null) return {}
  if (ids.length > 1)
    throw badRequest('if_version', 'if_version is for a change of one record. Leave it out here.')
  return { ifVersion: if_version }
}
