import {
  GraphQLBoolean,
  GraphQLID,
  GraphQLList,
  GraphQLNonNull,
  GraphQLObjectType,
  GraphQLString,
} from 'graphql'
import type { Feed, FeedMessage } from '../../engine/feed.ts'
import { parseFilter } from '../../engine/filter.ts'
import type { Resource } from '../../kernel/resource.ts'
import type { Context, FieldConfigs } from './context.ts'
import { DateTime, SafeInt } from './scalars.ts'
import type { RecordTypes } from './types.ts'

/** `products(…)` as a subscription: what happens to the records that match. */
export function subscriptionFields(feed: Feed, resource: Resource, { types }: RecordTypes): FieldConfigs {
  return {
    [resource.plural]: {
      type: messageType(types.get(resource.name)!),
      description: `What happens to ${resource.plural}, as the log has it.`,
      args: {
        filter: { type: GraphQLString, description: 'A condition in CEL.' },
        snapshot: { type: GraphQLBoolean, description: 'The matching records first.' },
        after: { type: GraphQLString, description: 'The `id` of the last message that was seen.' },
      },
      subscribe: (_, { filter, snapshot, after }, { actor, signal }: Context) =>
        feed.subscribe(
          {
            actor,
            resource: resource.name,
            ...(filter ? { filter: parseFilter(resource, filter) } : {}),
            ...(after ? { after } : {}),
            ...(snapshot ? { snapshot } : {}),
          },
          signal,
        ),
      resolve: (message: FeedMessage) => message,
    },
  }
}

function messageType(record: GraphQLObjectType): GraphQLObjectType {
  return new GraphQLObjectType({
    name: `${record.name}Message`,
    fields: {
      kind: {
        type: new GraphQLNonNull(GraphQLString),
        description: '`snapshot` (a part of it), `ready` (it is whole, events follow) or `event`.',
      },
      id: { type: GraphQLString, description: 'Give it as `after` to go on behind this message.' },
      items: {
        type: new GraphQLList(new GraphQLNonNull(record)),
        description: 'Records of the snapshot.',
      },
      event: { type: eventType(record) },
    },
  })
}

function eventType(record: GraphQLObjectType): GraphQLObjectType {
  const text = { type: new GraphQLNonNull(GraphQLString) }
  const id = { type: new GraphQLNonNull(GraphQLID) }
  return new GraphQLObjectType({
    name: `${record.name}Event`,
    fields: {
      time: { type: new GraphQLNonNull(DateTime) },
      change: id,
      actor: text,
      action: text,
      record: id,
      key: text,
      version: { type: new GraphQLNonNull(SafeInt) },
      effect: { ...text, description: '`added`, `changed` or `removed`, as this subscriber sees it.' },
      item: { type: record, description: 'The record as it became; null when it was removed.' },
    },
  })
}
