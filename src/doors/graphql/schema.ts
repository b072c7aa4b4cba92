import { GraphQLObjectType, GraphQLSchema } from 'graphql'
import type { Services } from '../services.ts'
import { actionFields } from './actions.ts'
import { type FieldConfigs, join } from './context.ts'
import { inputTypes } from './inputs.ts'
import { countedFeed, subscriptionFields } from './live.ts'
import { logQueries, undoMutations } from './log.ts'
import { recordQueries } from './records.ts'
import { recordTypes } from './types.ts'

/** The schema of all resources, made once: declarations do not change while the process runs. */
export function createSchema({ engine, feed }: Pick<Services, 'engine' | 'feed'>): GraphQLSchema {
  const all = recordTypes(engine.resources)
  const inputs = inputTypes()
  const resources = [...engine.resources.values()]
  const actions = resources.map((resource) => actionFields(engine, resource, inputs, all))
  const queries = [
    ...resources.flatMap((resource) => recordQueries(engine, resource, all)),
    ...actions.map(({ queries }) => queries),
    logQueries(engine),
  ]
  const mutations = [...actions.map(({ mutations }) => mutations), undoMutations(engine)]
  const counted = countedFeed(feed)
  const subscriptions = resources.map((resource) => subscriptionFields(counted, resource, all))
  return new GraphQLSchema({
    query: root('Query', 'queries', queries),
    mutation: root('Mutation', 'mutations', mutations),
    subscription: root('Subscription', 'subscriptions', subscriptions),
  })
}

function root(name: string, what: string, parts: readonly FieldConfigs[]): GraphQLObjectType {
  return new GraphQLObjectType({ name, fields: join(what, parts) })
}
