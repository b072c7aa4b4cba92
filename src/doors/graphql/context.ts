import type { GraphQLFieldConfig } from 'graphql'
import type { Actor } from '../../kernel/actor.ts'
import type { Row } from '../../kernel/field.ts'
import type { Resource } from '../../kernel/resource.ts'

/** What the resolvers of one request share. */
export type Context = {
  actor: Actor
  requestId: string
  /** ends when the caller went away or the house closes. */
  signal: AbortSignal
  /** a referenced record, read together with all others that are asked for at the same moment; `asOf` when it is to be of then. */
  load(resource: Resource, id: string, asOf?: string): Promise<Row>
  /** an answer that was not expected to fail did: for the log. */
  failed(error: unknown, status: number): void
}

/** A field whose parent is a record, an answer of the engine, or nothing (at the root). */
// biome-ignore lint/suspicious/noExplicitAny: GraphQL has checked the arguments against the field's own types
export type FieldConfig = GraphQLFieldConfig<any, Context>
export type FieldConfigs = { [name: string]: FieldConfig }

declare module 'graphql' {
  // biome-ignore lint/suspicious/noExplicitAny: the parameters must be those of the declaration that this adds to
  interface GraphQLFieldExtensions<_TSource, _TContext, _TArgs = any> {
    /** name of the argument that says how many items the lists below will have. */
    page?: { argument: string; usual: number; most: number }
    /** a list of as many items as the nearest `page` above says. */
    paged?: boolean
  }
}

/** One object of many; the same name twice is a mistake of the declarations, told at the start. */
export function join(what: string, parts: readonly FieldConfigs[]): FieldConfigs {
  const joined: FieldConfigs = {}
  for (const part of parts)
    for (const [name, config] of Object.entries(part)) {
      if (Object.hasOwn(joined, name))
        throw new Error(`GraphQL: two ${what} are named ${name}; rename a resource, its plural or an action`)
      joined[name] = config
    }
  return joined
}
