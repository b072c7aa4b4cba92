import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { readOne } from '../../../engine/read.ts'
import type { Row } from '../../../kernel/field.ts'
import { idempotencyKeyOf } from '../../http/headers.ts'
import type { Route } from '../../http/route.ts'
import { actorOf } from '../../identity.ts'
import { upload as operation } from '../../openapi/files.ts'
import type { Services } from '../../services.ts'
import { refuseIfMatch } from '../call.ts'
import { uploadRequest } from './options.ts'
import { createPlanner, type Planner } from './planner.ts'
import { sourceOf } from './source.ts'

/** States in which a plan is still to be made, or may have been lost with a crash and is made again. */
const PLANNABLE = ['uploaded', 'parsed', 'planned']

/** Takes a file: keeps its bytes, plans it, and answers with the import, or with where it will be. */
export function uploadRoute(app: FastifyInstance, services: Services, root: string, bytesMax: number): Route {
  const planner = createPlanner(services)
  app.addHook('onClose', () => planner.close())
  return {
    method: 'POST',
    path: root,
    stream: true,
    operation,
    async handle(request, reply) {
      refuseIfMatch(request)
      const kept = await keep(services, request, bytesMax)
      reply.header('location', `${root}/${kept.import.id}`)
      return plannedAnswer(services, planner, request, reply, kept)
    },
  }
}

async function keep(
  { imports }: Services,
  request: FastifyRequest,
  bytesMax: number,
): Promise<{ import: Row; again: boolean }> {
  const { parameters, fileName, body } = await sourceOf(request, bytesMax)
  try {
    const { resource, options } = uploadRequest(parameters)
    const [actor, key] = [actorOf(request), idempotencyKeyOf(request)]
    return await imports.upload({ actor, resource, fileName, body, options, key, requestId: request.id })
  } finally {
    body.destroy()
  }
}

async function plannedAnswer(
  { engine }: Services,
  planner: Planner,
  request: FastifyRequest,
  reply: FastifyReply,
  { import: record, again }: { import: Row; again: boolean },
): Promise<FastifyReply> {
  if (again && !PLANNABLE.includes(String(record.state))) return reply.code(200).send(record)
  const id = String(record.id)
  const planned = await planner.plan(id, actorOf(request), request.log)
  if (planned) return reply.code(again ? 200 : 201).send(planned)
  return reply.code(202).send(await readOne(engine, actorOf(request), 'import', id))
}
