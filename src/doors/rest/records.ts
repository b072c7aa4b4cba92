import type { FastifyReply, FastifyRequest } from 'fastify'
import { perform } from '../../engine/perform.ts'
import { parseQuery } from '../../engine/query.ts'
import { read, readOne } from '../../engine/read.ts'
import type { Engine } from '../../engine/types.ts'
import { withView } from '../../engine/views.ts'
import type { Row } from '../../kernel/field.ts'
import type { Resource } from '../../kernel/resource.ts'
import { recordTag, sendRead } from '../http/conditional.ts'
import { nextLink, onlyParameters, parametersOf } from '../http/parameters.ts'
import type { Route } from '../http/route.ts'
import { actorOf } from '../identity.ts'
import * as operations from '../openapi/records.ts'
import {
  callOf,
  expectedVersion,
  objectOf,
  refuseIfMatch,
  sendOne,
  tellOutcome,
  warningsHeader,
} from './call.ts'

type Handle = Route['handle']
type Named = { id: string }

/** List, create, read, change and put away: the plain use of a resource. A verb it does not have has no route. */
export function recordRoutes(engine: Engine, resource: Resource): Route[] {
  const collection = `/api/${resource.plural}`
  const record = `${collection}/{id}`
  const has = (action: string) => resource.actions[action] !== undefined
  const routes: (Route | false)[] = [
    { method: 'GET', path: collection, operation: operations.list(resource), handle: list(engine, resource) },
    { method: 'GET', path: record, operation: operations.one(resource), handle: one(engine, resource) },
    has('create') && {
      method: 'POST',
      path: collection,
      operation: operations.create(resource),
      handle: create(engine, resource),
    },
    has('update') && {
      method: 'PATCH',
      path: record,
      operation: operations.update(resource),
      handle: update(engine, resource),
    },
    has('archive') && {
      method: 'DELETE',
      path: record,
      operation: operations.archive(resource),
      handle: archive(engine, resource),
    },
  ]
  return routes.filter((route) => route !== false)
}

function list(engine: Engine, resource: Resource): Handle {
  return async (request, reply) => {
    const actor = actorOf(request)
    const { parameters, warnings } = await withView(engine, actor, resource.name, parametersOf(request))
    const page = await read(engine, actor, resource.name, parseQuery(engine, resource.name, parameters))
    if (warnings.length) reply.header('serai-warnings', warningsHeader(warnings))
    if (page.next) reply.header('link', nextLink(request, 'cursor', page.next))
    return sendRead(request, reply, page)
  }
}

function one(engine: Engine, resource: Resource): Handle {
  return async (request, reply) => {
    const { id } = request.params as Named
    const { fields, expand, asOf } = parseQuery(
      engine,
      resource.name,
      onlyParameters(request, ['fields', 'expand', 'as_of']),
    )
    const record = await readOne(engine, actorOf(request), resource.name, id, {
      ...(fields ? { fields: [...fields, 'version'] } : {}),
      ...(expand ? { expand } : {}),
      ...(asOf ? { asOf } : {}),
    })
    return sendRecord(request, reply, record, fields)
  }
}

/** The version was read for the tag; it is shown when it was asked for. */
function sendRecord(
  request: FastifyRequest,
  reply: FastifyReply,
  record: Row,
  fields: readonly string[] | undefined,
): FastifyReply {
  const { version: _, ...others } = record
  const shown = !fields || fields.includes('version') ? record : others
  return sendRead(request, reply, shown, (text) => recordTag(record, text))
}

function create(engine: Engine, resource: Resource): Handle {
  return async (request, reply) => {
    refuseIfMatch(request)
    const many = Array.isArray(request.body)
    const input = many ? request.body : objectOf(request.body)
    const outcome = await perform(engine, callOf(request, resource, 'create', { input }))
    tellOutcome(reply, outcome)
    reply.code(outcome.dryRun ? 200 : 201)
    if (many) return reply.send({ items: outcome.records })
    const [record] = outcome.records
    if (record && !outcome.dryRun) reply.header('location', `/api/${resource.plural}/${record.id}`)
    return sendOne(reply, outcome)
  }
}

function update(engine: Engine, resource: Resource): Handle {
  return async (request, reply) => {
    const { id } = request.params as Named
    const version = await expectedVersion(engine, request, resource, id)
    const input = objectOf(request.body)
    const outcome = await perform(
      engine,
      callOf(request, resource, 'update', { targets: [id], input, ...version }),
    )
    tellOutcome(reply, outcome)
    return sendOne(reply, outcome)
  }
}

/** 204; a dry run answers with the record as it would be, for there would be nothing to see otherwise. */
function archive(engine: Engine, resource: Resource): Handle {
  return async (request, reply) => {
    const { id } = request.params as Named
    const version = await expectedVersion(engine, request, resource, id)
    const input = objectOf(request.body)
    const outcome = await perform(
      engine,
      callOf(request, resource, 'archive', { targets: [id], input, ...version }),
    )
    tellOutcome(reply, outcome)
    return outcome.dryRun ? sendOne(reply, outcome) : reply.code(204).send()
  }
}
