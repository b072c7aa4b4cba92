import type { FastifyReply, FastifyRequest } from 'fastify'
import type { Route } from './http/route.ts'
import type { Services } from './services.ts'

/** Is everything there that answering needs? `checks` says `ok` or what is wrong, by part. */
export type Ready = () => Promise<{ ok: boolean; checks: Record<string, string> }>

const READY_TIMEOUT_MS = 5_000

const PLACES = {
  docs: '/api/docs',
  api: '/api/openapi.json',
  live: '/livez',
  ready: '/readyz',
  metrics: '/metrics',
} as const

/** `/livez`, `/readyz`, and the page at `/` that says where things are. */
export function healthRoutes(services: Pick<Services, 'version' | 'environment'>, ready: Ready): Route[] {
  return [live(services.environment), readiness(ready), front(services)]
}

function live(environment: string): Route {
  return {
    method: 'GET',
    path: '/livez',
    open: true,
    operation: {
      id: 'live',
      summary: 'Does the process run?',
      tag: 'operations',
      answers: { 200: { description: 'It runs.', types: ['application/json'], schema: statusSchema } },
    },
    handle: async (_request, reply) =>
      reply.header('cache-control', 'no-store').send({ status: 'ok', environment }),
  }
}

function readiness(ready: Ready): Route {
  return {
    method: 'GET',
    path: '/readyz',
    open: true,
    operation: {
      id: 'ready',
      summary: 'Can it answer requests? Says what each part that it needs is doing.',
      tag: 'operations',
      answers: {
        200: { description: 'It can.', types: ['application/json'], schema: statusSchema },
        503: { description: 'Not now.', types: ['application/json'], schema: statusSchema },
      },
    },
    async handle(_request, reply) {
      const { ok, checks } = await within(READY_TIMEOUT_MS, ready)
      return reply
        .code(ok ? 200 : 503)
        .header('cache-control', 'no-store')
        .send({ status: ok ? 'ok' : 'unavailable', checks })
    },
  }
}

/** A check that fails or hangs is an answer too. */
async function within(milliseconds: number, ready: Ready): ReturnType<Ready> {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<Awaited<ReturnType<Ready>>>((resolve) => {
    timer = setTimeout(
      () => resolve({ ok: false, checks: { all: `no answer within ${milliseconds} ms` } }),
      milliseconds,
    )
  })
  const failed = (error: Error) => ({ ok: false, checks: { all: error.message } })
  return Promise.race([ready().catch(failed), late]).finally(() => clearTimeout(timer))
}

function front({ version, environment }: Pick<Services, 'version' | 'environment'>): Route {
  return {
    method: 'GET',
    path: '/',
    open: true,
    operation: {
      id: 'front',
      summary: 'Where things are.',
      tag: 'operations',
      answers: {
        200: {
          description: 'The places, as a page or as JSON, whichever is accepted.',
          types: ['application/json', 'text/html'],
          schema: { type: 'object' },
        },
      },
    },
    handle: async (request, reply) => {
      reply.header('vary', 'accept').header('cache-control', 'no-cache')
      if (wantsPage(request)) return sendPage(reply, version, environment)
      return reply.send({ name: 'Serai', version, environment, ...PLACES })
    },
  }
}

function wantsPage({ headers }: FastifyRequest): boolean {
  return headers.accept?.includes('text/html') ?? false
}

function sendPage(reply: FastifyReply, version: string, environment: string): FastifyReply {
  return reply.type('text/html; charset=utf-8').send(`<!doctype html>
<html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>Serai</title>
<h1>Serai ${version}</h1>
<p>Environment: <strong>${environment}</strong></p>
<p>It runs. The API answers under <code>/api</code> to <code>Authorization: Bearer &lt;token&gt;</code>;
an owner makes a token with <code>serai token create</code>.</p>
<ul>
<li><a href="${PLACES.docs}">${PLACES.docs}</a>: how to use the API</li>
<li><a href="${PLACES.api}">${PLACES.api}</a>: the same for programs (OpenAPI 3.1)</li>
<li><a href="${PLACES.live}">${PLACES.live}</a>: does the process run?</li>
<li><a href="${PLACES.ready}">${PLACES.ready}</a>: can it answer?</li>
<li><a href="${PLACES.metrics}">${PLACES.metrics}</a>: its numbers, for Prometheus</li>
</ul>
</html>
`)
}

const statusSchema = {
  type: 'object',
  properties: {
    status: { enum: ['ok', 'unavailable'] },
    environment: { type: 'string', description: 'which installation this is' },
    checks: { type: 'object', additionalProperties: { type: 'string' } },
  },
  required: ['status'],
}
