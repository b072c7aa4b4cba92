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
import { Problem } from '../../kernel/problem.ts'
import type { Resource } from '../../kernel/resource.ts'
import type { Context, FieldConfigs } from './context.ts'
import { DateTime, SafeInt } from './scalars.ts'
import type { RecordTypes } from './types.ts'

/** Subscriptions that one actor may have open in this process: tills and screens, not programs that forgot to close them. */
export const SUBSCRIPTIONS_MAX = 100

/** A feed that refuses an actor too many subscriptions, with Problem `subscriptions` (429). */
export function countedFeed(feed: Feed): Pick<Feed, 'subscribe'> {
  const open = new Map<string, number>()
  return {
    async *subscribe(request, signal) {
      const { id, name } = request.actor
      const count = open.get(id) ?? 0
      if (count >= SUBSCRIPTIONS_MAX)
        throw new Problem(
          429,
          'subscriptions',
          'Too many subscriptions',
          `${name} has ${count} subscriptions open, the most there may be. Close those that are not needed.`,
        )
      open.set(id, count + 1)
      try {
        yield* feed.subscribe(request, signal)
      } finally {
        const left = open.get(id)! - 1
        if (left > 0) open.set(id, left)
        else open.delete(id)
      }
    },
  }
}

/** The plural as a subscription: what happens to the records that match. */
export function subscriptionFields(
  feed: Pick<Feed, 'subscribe'>,
  resource: Resource,
  { types }: RecordTypes,
): FieldConfigs {
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
