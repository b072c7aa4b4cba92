import type { FeedRequest } from '../../engine/feed.ts'
import { parseQuery } from '../../engine/query.ts'
import type { Engine } from '../../engine/types.ts'
import type { Actor } from '../../kernel/actor.ts'
import { badRequest } from '../../kernel/problem.ts'

/** A subscription as it is asked for, in texts. */
export type Wish = {
  resource?: string | undefined
  filter?: string | undefined
  fields?: string | undefined
  after?: string | undefined
  snapshot: boolean
}

/** The same as the feed takes it; a filter or field that is wrong is told as for a list. */
export function feedRequestOf(engine: Engine, actor: Actor, wish: Wish): FeedRequest {
  const { resource, filter, fields, after, snapshot } = wish
  if (!resource) throw badRequest('resource', 'Say which resource to follow, such as resource=products.')
  const query = parseQuery(engine, resource, { filter, fields })
  return {
    actor,
    resource,
    ...(filter && query.filter ? { filter: query.filter } : {}),
    ...(query.fields ? { fields: query.fields } : {}),
    ...(after ? { after } : {}),
    snapshot,
  }
}
