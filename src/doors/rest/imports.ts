import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { readOne } from '../../engine/read.ts'
import { claimOf, findReplay } from '../../engine/replay.ts'
import type { Row } from '../../kernel/field.ts'
import { VERDICTS } from '../../kernel/proposal.ts'
import { sendRead } from '../http/conditional.ts'
import { idempotencyKeyOf } from '../http/headers.ts'
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
    {
      method: 'POST',
      path: `${ROOT}/{id}/undo`,
      operation: operations.undoImport,
      handle: takeBack(services, 'undo'),
    },
    {
      method: 'POST',
      path: `${ROOT}/{id}/redo`,
      operation: operations.redoImport,
      handle: takeBack(services, 'redo'),
    },
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
    return sendRead(request, reply, page)
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
    const { id, actor, key, dryRun, reason } = verbOf(request, ['wait_seconds'])
    const { wait_seconds: wait } = request.query as { wait_seconds?: string }
    const waitSeconds = wholeOf('wait_seconds', wait, 0, WAIT_SECONDS_MAX)
    // The plan is the rehearsal: applying does what it says and nothing else.
    if (dryRun) return rehearsed(reply, await readOne(services.engine, actor, IMPORT, id))
    const known = await replayOf(services, request, 'apply')
    if (known) return replayed(services, request, reply, known)
    const before = await readOne(services.engine, actor, IMPORT, id)
    const applied = await services.imports.apply(id, {
      actor,
      key,
      requestId: request.id,
      ...(reason ? { reason } : {}),
      ...(waitSeconds === undefined ? {} : { wait_seconds: waitSeconds }),
    })
    const change = before.change === applied.change ? null : (applied.change as string | null)
    tellOutcome(reply, { change, dryRun: false, replayed: false })
    return reply.send(applied)
  }
}

function takeBack({ imports }: Services, verb: 'undo' | 'redo'): Handle {
  return async (request, reply) => {
    const { id, actor, key, dryRun, reason } = verbOf(request)
    const outcome = await imports[verb](id, {
      actor,
      dryRun,
      key,
      requestId: request.id,
      ...(reason ? { reason } : {}),
    })
    tellOutcome(reply, outcome)
    return reply.send(undoBody(outcome))
  }
}

function cancel(services: Services): Handle {
  return async (request, reply) => {
    const { id, actor, key, dryRun } = verbOf(request)
    if (dryRun) return rehearsed(reply, await readOne(services.engine, actor, IMPORT, id))
    const known = await replayOf(services, request, 'cancel')
    if (known) return replayed(services, request, reply, known)
    return reply.send(await services.imports.cancel(id, { actor, key }))
  }
}

/** What every verb of an import is told: which import, by whom, under which key, and how. */
function verbOf(request: FastifyRequest, more: readonly string[] = []) {
  refuseIfMatch(request)
  refuseInput(request.body)
  const { id } = request.params as Named
  const options = writeOptionsOf(request, more)
  return { id, actor: actorOf(request), key: idempotencyKeyOf(request), ...options }
}

/** What this verb did under the same key before. */
async function replayOf({ engine }: Services, request: FastifyRequest, action: string) {
  const { id, actor, key } = verbOf(request, ['wait_seconds'])
  const claim = claimOf({ actor, key, resource: IMPORT, action, targets: [id] })
  return claim && findReplay<{ change: string | null }>(engine.pool, claim)
}

/** The import as it stands now, with the change that the key made. */
async function replayed(
  { engine }: Services,
  request: FastifyRequest,
  reply: FastifyReply,
  { change }: { change: string | null },
): Promise<FastifyReply> {
  tellOutcome(reply, { change, dryRun: false, replayed: true })
  return reply.send(await readOne(engine, actorOf(request), IMPORT, (request.params as Named).id))
}

function rehearsed(reply: FastifyReply, record: Row): FastifyReply {
  tellOutcome(reply, { change: null, dryRun: true, replayed: false })
  return reply.send(record)
}
