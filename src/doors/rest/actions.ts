import type { FastifyRequest } from 'fastify'
import { perform } from '../../engine/perform.ts'
import type { Engine } from '../../engine/types.ts'
import type { Action } from '../../kernel/action.ts'
import { fault } from '../../kernel/fault.ts'
import type { Row } from '../../kernel/field.ts'
import { invalid } from '../../kernel/problem.ts'
import { inputFields, readFields, reading } from '../../kernel/record.ts'
import type { Resource } from '../../kernel/resource.ts'
import { onlyParameters } from '../http/parameters.ts'
import type { Route } from '../http/route.ts'
import { actorOf } from '../identity.ts'
import * as operations from '../openapi/actions.ts'
import { callOf, expectedVersion, objectOf, refuseIfMatch, sendOne, tellOutcome } from './call.ts'

type Handle = Route['handle']
type Named = { id: string }
type Verb = { resource: Resource; name: string; action: Action }

/** Every other verb, on one record, on many, or on none; a verb that only reads answers GET too. */
export function actionRoutes(engine: Engine, resource: Resource): Route[] {
  return Object.entries(resource.actions)
    .filter(([name]) => name !== 'create')
    .flatMap(([name, action]) => verbRoutes(engine, { resource, name, action }))
}

function verbRoutes(engine: Engine, verb: Verb): Route[] {
  const { resource, name, action } = verb
  const collection = `/api/${resource.plural}/${name}`
  const record = `/api/${resource.plural}/{id}/${name}`
  const reads = action.effect === 'read'
  if (action.on === 'collection')
    return [
      { method: 'POST', path: collection, operation: operations.onNone(verb), handle: onNone(engine, verb) },
      ...(reads ? [ask(collection, operations.askNone(verb), askNone(engine, verb))] : []),
    ]
  const many: Route = {
    method: 'POST',
    path: collection,
    operation: operations.onMany(verb),
    handle: onMany(engine, verb),
  }
  // One record is changed by PATCH.
  if (name === 'update') return [many]
  return [
    many,
    { method: 'POST', path: record, operation: operations.onOne(verb), handle: onOne(engine, verb) },
    ...(reads ? [ask(record, operations.askOne(verb), askOne(engine, verb))] : []),
  ]
}

function ask(path: string, operation: Route['operation'], handle: Handle): Route {
  return { method: 'GET', path, operation, handle }
}

function onOne(engine: Engine, { resource, name }: Verb): Handle {
  return async (request, reply) => {
    const { id } = request.params as Named
    const version = await expectedVersion(engine, request, resource, id)
    const input = objectOf(request.body)
    const outcome = await perform(
      engine,
      callOf(request, resource, name, { targets: [id], input, ...version }),
    )
    tellOutcome(reply, outcome)
    return sendOne(reply, outcome)
  }
}

function onMany(engine: Engine, { resource, name }: Verb): Handle {
  return async (request, reply) => {
    refuseIfMatch(request)
    const { ids, ...input } = objectOf(request.body)
    const outcome = await perform(engine, callOf(request, resource, name, { targets: idsOf(ids), input }))
    tellOutcome(reply, outcome)
    return reply.send({ items: outcome.records, ...outcome.answer })
  }
}

function onNone(engine: Engine, { resource, name }: Verb): Handle {
  return async (request, reply) => {
    refuseIfMatch(request)
    const outcome = await perform(engine, callOf(request, resource, name, { input: objectOf(request.body) }))
    tellOutcome(reply, outcome)
    return reply.send(outcome.answer ?? { items: outcome.records })
  }
}

function askOne(engine: Engine, { resource, name, action }: Verb): Handle {
  return async (request, reply) => {
    const { id } = request.params as Named
    const asked = { actor: actorOf(request), resource: resource.name, action: name, requestId: request.id }
    const outcome = await perform(engine, {
      ...asked,
      targets: [id],
      input: inputOfQuery(action, askedOf(request, action)),
    })
    return reply.send({ ...outcome.records[0], ...outcome.answer })
  }
}

function askNone(engine: Engine, { resource, name, action }: Verb): Handle {
  return async (request, reply) => {
    const asked = { actor: actorOf(request), resource: resource.name, action: name, requestId: request.id }
    const { as_of: asOf, ...given } = askedOf(request, action, ['as_of'])
    const past = asOf === undefined ? {} : { asOf }
    const outcome = await perform(engine, { ...asked, ...past, input: inputOfQuery(action, given) })
    return reply.send(outcome.answer ?? { items: outcome.records })
  }
}

/** The parameters of a question: its input, and what else it may say. */
function askedOf(
  request: FastifyRequest,
  action: Action,
  more: readonly string[] = [],
): { [name: string]: string | undefined } {
  return onlyParameters(request, [...inputFields(action.input).map(([name]) => name), ...more])
}

/** The input of a question, from its parameters: all text, so it is read as a column file would be. */
function inputOfQuery(action: Action, given: Row): Row {
  const at = reading({ lenient: true })
  const input = readFields(action.input, { ...given }, at)
  if (!input) throw invalid(at.faults)
  return input
}

/** The records of a call on many; how many there may be is the engine's matter. */
function idsOf(ids: unknown): string[] {
  if (Array.isArray(ids) && ids.every((id) => typeof id === 'string')) return ids
  throw invalid([fault('ids', 'ids.type', 'must be a list of ids or natural keys')])
}
