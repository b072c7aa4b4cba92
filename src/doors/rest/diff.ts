import { diff } from '../../engine/diff.ts'
import { parseTime } from '../../engine/query.ts'
import type { Engine } from '../../engine/types.ts'
import { badRequest } from '../../kernel/problem.ts'
import type { Resource } from '../../kernel/resource.ts'
import { limitOf, nextLink, onlyParameters } from '../http/parameters.ts'
import type { Route } from '../http/route.ts'
import { actorOf } from '../identity.ts'
import * as operations from '../openapi/log.ts'

/** Which records are not as they stood at a time. */
export function diffRoute(engine: Engine, resource: Resource): Route {
  return {
    method: 'GET',
    path: `/api/${resource.plural}/diff`,
    operation: operations.diff(resource),
    async handle(request, reply) {
      const given = onlyParameters(request, ['as_of', 'until', 'limit', 'cursor'])
      const asOf = parseTime('as_of', given.as_of)
      if (!asOf) throw badRequest('as_of', 'Say since when: as_of=2026-01-31T09:30:00Z.')
      const until = parseTime('until', given.until)
      const found = await diff(engine, actorOf(request), resource.name, {
        asOf,
        limit: limitOf(given.limit),
        ...(until ? { until } : {}),
        ...(given.cursor ? { cursor: given.cursor } : {}),
      })
      if (found.next) reply.header('link', nextLink(request, 'cursor', found.next))
      return reply.send(found)
    },
  }
}
