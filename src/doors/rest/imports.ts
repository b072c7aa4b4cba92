import type { FastifyInstance, FastifyReply } from 'fastify'
import { readOne } from '../../engine/read.ts'
import type { Row } from '../../kernel/field.ts'
import { VERDICTS } from '../../kernel/proposal.ts'
import { limitOf, nextLink, onlyParameters, wholeOf, wordOf } from '../http/parameters.ts'
import type { Route } from '../http/route.ts'
import { actorOf } from '../identity.ts'
import * as operations from '../openapi/files.ts'
import type { Services } from '../services.ts'
import { refuseIfMatch, refuseInput, tellOutcome, undoBody, writeOptionsOf } from './call.ts'
import { sendFile } from './download.ts'
import { uploadRoute } from './imports/upload.ts'

type Handle = Route['handle']
type Named = { id: string }

const ROOT = '/api/imports'
/** The resource as which the service shows its imports. */
const IMPORT = 'import'
const WAIT_SECONDS_MAX = 300

/**
 * The verbs of an import: take a file, look at its plan, apply it, take it back. Reading imports is the generic part, for they
 * are records like any other.
 */
export function importRoutes(app: FastifyInstance, services: Services, uploadBytes: number): Route[] {
  return [
    uploadRoute(app, services, ROOT, uploadBytes),
    { method: 'GET', path: `${ROOT}/{id}/rows`, operation: operations.rows, handle: rows(services) },
    {
      method: 'GET',
      path: `${ROOT}/{id}/rejects`,
      file: true,
      operation: operations.rejects,
      handle: rejects(services),
    },
    { method: 'POST', path: `${ROOT}/{id}/apply`, operation: operations.apply, handle: apply(services) },
    { method: 'POST', path: `${ROOT}/{id}/undo`, operation: operations.undoImport, handle: undo(services) },
    { method: 'POST', path: `${ROOT}/{id}/cancel`, operation: operations.cancel, handle: cancel(services) },
  ]
}

function rows({ imports }: Services): Handle {
  return async (request, reply) => {
    const given = onlyParameters(request, ['verdict', 'after', 'limit'])
    const verdict = wordOf('verdict', given.verdict, VERDICTS)
    const after = wholeOf('after', given.after, 0, Number.MAX_SAFE_INTEGER)
    const page = await imports.rows((request.params as Named).id, {
      actor: actorOf(request),
      limit: limitOf(given.limit),
      ...(verdict ? { verdict } : {}),
      ...(after === undefined ? {} : { after }),
    })
    if (page.next !== null) reply.header('link', nextLink(request, 'after', page.next))
    return reply.send(page)
  }
}

function rejects({ imports }: Services): Handle {
  return async (request, reply) => {
    onlyParameters(request, [])
    const { fileName, contentType, body } = await imports.rejects((request.params as Named).id, {
      actor: actorOf(request),
    })
    return sendFile(reply, { name: fileName, type: contentType, body })
  }
}

function apply(services: Services): Handle {
  return async (request, reply) => {
    refuseIfMatch(request)
    refuseInput(request.body)
    const { id } = request.params as Named
    const { dryRun, reason } = writeOptionsOf(request, ['wait_seconds'])
    const { wait_seconds: wait } = request.query as { wait_seconds?: string }
    const waitSeconds = wholeOf('wait_seconds', wait, 0, WAIT_SECONDS_MAX)
    const actor = actorOf(request)
    // The plan is the rehearsal: applying does what it says and nothing else.
    if (dryRun) return rehearsed(reply, await readOne(services.engine, actor, IMPORT, id))
    const before = await readOne(services.engine, actor, IMPORT, id)
    const applied = await services.imports.apply(id, {
      actor,
      requestId: request.id,
      ...(reason ? { reason } : {}),
      ...(waitSeconds === undefined ? {} : { wait_seconds: waitSeconds }),
    })
    const change = before.change === applied.change ? null : (applied.change as string | null)
    tellOutcome(reply, { change, dryRun: false, replayed: false })
    return reply.send(applied)
  }
}

function undo({ imports }: Services): Handle {
  return async (request, reply) => {
    refuseIfMatch(request)
    refuseInput(request.body)
    const { dryRun, reason } = writeOptionsOf(request)
    const outcome = await imports.undo((request.params as Named).id, {
      actor: actorOf(request),
      dryRun,
      requestId: request.id,
      ...(reason ? { reason } : {}),
    })
    tellOutcome(reply, { ...outcome, replayed: false })
    return reply.send(undoBody(outcome))
  }
}

function cancel({ engine, imports }: Services): Handle {
  return async (request, reply) => {
    refuseIfMatch(request)
    refuseInput(request.body)
    const { id } = request.params as Named
    const actor = actorOf(request)
    if (writeOptionsOf(request).dryRun) return rehearsed(reply, await readOne(engine, actor, IMPORT, id))
    return reply.send(await imports.cancel(id, { actor }))
  }
}

function rehearsed(reply: FastifyReply, record: Row): FastifyReply {
  tellOutcome(reply, { change: null, dryRun: true, replayed: false })
  return reply.send(record)
}
