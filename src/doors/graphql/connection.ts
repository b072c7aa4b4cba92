import {
  GraphQLBoolean,
  type GraphQLFieldConfigArgumentMap,
  GraphQLInt,
  GraphQLList,
  GraphQLNonNull,
  GraphQLObjectType,
  type GraphQLOutputType,
  GraphQLString,
} from 'graphql'
import { LIMIT_DEFAULT, LIMIT_MAX } from '../../engine/query.ts'
import { wholeOf } from '../http/parameters.ts'
import type { FieldConfig, FieldConfigs } from './context.ts'

/**
 * A page as the Relay connection specification has it (https://relay.dev/graphql/connections.htm), whose own words stay in
 * its own spelling: `pageInfo`, `endCursor`, `first`, `after`.
 */
export type Connection = {
  edges: { cursor: string; node: unknown }[]
  nodes: unknown[]
  pageInfo: {
    hasNextPage: boolean
    hasPreviousPage: boolean
    startCursor: string | null
    endCursor: string | null
  }
}

/** How many there are on a page, and which page. */
export const pageArguments: GraphQLFieldConfigArgumentMap = {
  first: {
    type: GraphQLInt,
    description: `Size of the page, 1 to ${LIMIT_MAX}; ${LIMIT_DEFAULT} when absent.`,
  },
  after: { type: GraphQLString, description: 'Where the page before ended: its `endCursor`.' },
}

/** What the cost of a page is reckoned by. */
export const pageCost: NonNullable<FieldConfig['extensions']> = {
  page: { argument: 'first', usual: LIMIT_DEFAULT, most: LIMIT_MAX },
}

const PageInfo = new GraphQLObjectType({
  name: 'PageInfo',
  fields: {
    hasNextPage: { type: new GraphQLNonNull(GraphQLBoolean) },
    hasPreviousPage: { type: new GraphQLNonNull(GraphQLBoolean) },
    startCursor: { type: GraphQLString },
    endCursor: { type: GraphQLString },
  },
})

/** The type of a page of these nodes, with what else comes with it. */
export function connectionType(node: GraphQLObjectType, more: FieldConfigs = {}): GraphQLObjectType {
  const required = new GraphQLNonNull(node)
  const edge = new GraphQLObjectType({
    name: `${node.name}Edge`,
    fields: {
      cursor: { type: new GraphQLNonNull(GraphQLString), description: 'Goes on behind this one.' },
      node: { type: required },
    },
  })
  return new GraphQLObjectType({
    name: `${node.name}Connection`,
    fields: {
      edges: pagedList(edge),
      nodes: pagedList(node),
      pageInfo: { type: new GraphQLNonNull(PageInfo) },
      ...more,
    },
  })
}

/** A list of as many items as the page has. */
export function pagedList(type: GraphQLOutputType): FieldConfig {
  return {
    type: new GraphQLNonNull(new GraphQLList(new GraphQLNonNull(type))),
    extensions: { paged: true },
  }
}

/** Size of a page; 400 when it is too small or too large. */
export function firstOf(first: number | null | undefined): number {
  return first == null ? LIMIT_DEFAULT : (wholeOf('first', String(first), 1, LIMIT_MAX) as number)
}

/** A page from its nodes, the cursor of each, and where the next page begins. */
export function connectionOf(
  nodes: readonly unknown[],
  cursors: readonly string[],
  { next, after }: { next: string | null; after: string | null | undefined },
): Connection {
  return {
    edges: nodes.map((node, index) => ({ cursor: cursors[index], node })),
    nodes: [...nodes],
    pageInfo: {
      hasNextPage: next !== null,
      hasPreviousPage: after != null,
      startCursor: cursors[0] ?? null,
      endCursor: next ?? cursors.at(-1) ?? null,
    },
  }
}
