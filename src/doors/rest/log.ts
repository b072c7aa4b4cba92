import { describe } from '../../engine/describe.ts'
import { getChange, history, listChanges, listEvents } from '../../engine/history.ts'
import type { Engine } from '../../engine/types.ts'
import { redo, undo } from '../../engine/undo.ts'
import type { Resource } from '../../kernel/resource.ts'
import { sendRead } from '../http/conditional.ts'
import { idempotencyKeyOf } from '../http/headers.ts'
import { limitOf, nextLink, onlyParameters } from '../http/parameters.ts'
import type { Route } from '../http/route.ts'
import { actorOf } from '../identity.ts'
import * as operations from '../openapi/log.ts'
import { refuseIfMatch, refuseInput, tellOutcome, undoBody, writeOptionsOf } from './call.ts'

type Handle = Route['handle']
type Named = { id: string }

/** What happened to one record. */
export function historyRoute(engine: Engine, resource: Resource): Route {
  return {
    method: 'GET',
    path: `/api/${resource.plural}/{id}/history`,
    operation: operations.history(resource),
    async handle(request, reply) {
      const { before, limit } = onlyParameters(request, ['before', 'limit'])
      const { id } = request.params as Named
      const page = { limit: limitOf(limit), ...(before ? { before } : {}) }
      const found = await history(engine, actorOf(request), resource.name, id, page)
      if (found.next) reply.header('link', nextLink(request, 'before', found.next))
      return sendRead(request, reply, found)
    },
  }
}

/** Facts and changes of all resources, the way back, and what there is. */
export function logRoutes(engine: Engine): Route[] {
  return [
    { method: 'GET', path: '/api/events', operation: operations.events, handle: events(engine) },
    { method: 'GET', path: '/api/changes', operation: operations.changes, handle: changes(engine) },
    { method: 'GET', path: '/api/changes/{id}', operation: operations.change, handle: change(engine) },
    {
      method: 'POST',
      path: '/api/changes/{id}/undo',
      operation: operations.undo,
      handle: takeBack(engine, undo),
    },
    {
      method: 'POST',
      path: '/api/changes/{id}/redo',
      operation: operations.redo,
      handle: takeBack(engine, redo),
    },
    {
      method: 'GET',
      path: '/api/describe',
      operation: operations.describe,
      handle: async (request, reply) => {
        onlyParameters(request, [])
        return sendRead(request, reply, describe(engine, actorOf(request)))
      },
    },
  ]
}

function events(engine: Engine): Handle {
  return async (request, reply) => {
    const { limit, ...conditions } = onlyParameters(request, [
      'resource',
      'record',
      'change',
      'actor',
      'action',
      'trace',
      'before',
      'limit',
    ])
    const found = await listEvents(engine, actorOf(request), { ...conditions, limit: limitOf(limit) })
    if (found.next) reply.header('link', nextLink(request, 'before', found.next))
    return sendRead(request, reply, found)
  }
}

function changes(engine: Engine): Handle {
  return async (request, reply) => {
    const { before, limit } = onlyParameters(request, ['before', 'limit'])
    const page = { limit: limitOf(limit), ...(before ? { before } : {}) }
    const found = await listChanges(engine, actorOf(request), page)
    if (found.next) reply.header('link', nextLink(request, 'before', found.next))
    return sendRead(request, reply, found)
  }
}

function change(engine: Engine): Handle {
  return async (request, reply) => {
    onlyParameters(request, [])
    const found = await getChange(engine, actorOf(request), (request.params as Named).id)
    return sendRead(request, reply, found)
  }
}

function takeBack(engine: Engine, way: typeof undo): Handle {
  return async (request, reply) => {
    refuseIfMatch(request)
    refuseInput(request.body)
    const outcome = await way(engine, {
      actor: actorOf(request),
      change: (request.params as Named).id,
      ...writeOptionsOf(request),
      key: idempotencyKeyOf(request),
      requestId: request.id,
    })
    tellOutcome(reply, outcome)
    return reply.send(undoBody(outcome))
  }
}
