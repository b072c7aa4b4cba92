import { Readable } from 'node:stream'
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import type { GraphQLParams } from 'graphql-yoga'
import { badRequest } from '../kernel/problem.ts'
import { createLoader } from './graphql/loader.ts'
import { operations } from './graphql/operations.ts'
import { createSchema } from './graphql/schema.ts'
import { createServer, type ServerContext } from './graphql/server.ts'
import { parseJson } from './http/body.ts'
import { onlyParameters } from './http/parameters.ts'
import type { BodyLimits } from './http/problems.ts'
import type { Route } from './http/route.ts'
import { actorOf } from './identity.ts'
import type { Services } from './services.ts'

const PATH = '/api/graphql'

/**
 * GraphQL over HTTP (https://graphql.github.io/graphql-over-http/draft/) and subscriptions over SSE. Who asks, how often,
 * and what a body may be is decided by the same hooks as for REST; problems of these are RFC 9457 as everywhere. What the
 * document asks is answered in GraphQL's own form.
 */
export function graphqlRoutes(app: FastifyInstance, services: Services, limits: BodyLimits): Route[] {
  const server = createServer(createSchema(services), PATH, { engine: services.engine, limits })
  const closing = new AbortController()
  // Subscriptions have no end of their own; the house could not close while one of them waits.
  app.addHook('preClose', async () => closing.abort())
  const handle: Route['handle'] = async (request, reply) => {
    refuseHeaders(request)
    const { signal, release } = signalOf(reply, closing.signal)
    const context: ServerContext = {
      actor: actorOf(request),
      requestId: request.id,
      signal,
      load: createLoader(services.engine, actorOf(request)),
      failed: (error, status) => request.log[status === 500 ? 'error' : 'warn']({ err: error }, 'GraphQL'),
      sent: request.method === 'POST' ? sentByBody(request) : sentByUrl(request),
    }
    const response = await server.fetch(`http://localhost${PATH}`, requestOf(request), context)
    return answer(reply, response, release)
  }
  return [
    { method: 'GET', path: PATH, operation: operations.get, handle },
    { method: 'POST', path: PATH, operation: operations.post, handle },
  ]
}

/** Ends when the caller goes away or the house closes. */
function signalOf(reply: FastifyReply, closing: AbortSignal): { signal: AbortSignal; release(): void } {
  const gone = new AbortController()
  const end = () => gone.abort()
  closing.addEventListener('abort', end)
  reply.raw.once('close', end)
  return { signal: gone.signal, release: () => closing.removeEventListener('abort', end) }
}

/** What Yoga should know of the request: which answers are understood. The rest comes with the context. */
function requestOf({ method, headers }: FastifyRequest): RequestInit {
  return {
    method: method === 'POST' ? 'POST' : 'GET',
    headers: headers.accept ? { accept: headers.accept } : {},
  }
}

async function answer(reply: FastifyReply, response: Response, release: () => void): Promise<FastifyReply> {
  reply.code(response.status)
  const stream = response.headers.get('content-type')?.startsWith('text/event-stream') ?? false
  for (const name of ['content-type', 'allow']) {
    const value = response.headers.get(name)
    if (value) reply.header(name, value)
  }
  reply.raw.once('close', release)
  if (!stream) return reply.send(await response.text())
  // Proxies that collect an answer before they pass it on would hold back every message; and a connection that waited for
  // the next request after the last message would keep the house from closing.
  reply.headers({ 'x-accel-buffering': 'no', connection: 'close' })
  return reply.send(Readable.from(response.body as AsyncIterable<Uint8Array>))
}

function sentByBody(request: FastifyRequest): GraphQLParams {
  onlyParameters(request, [])
  return request.body as GraphQLParams
}

/** The parameters of a GET, JSON where the specification says so. */
function sentByUrl(request: FastifyRequest): GraphQLParams {
  const given = onlyParameters(request, ['query', 'operationName', 'variables', 'extensions'])
  const value = (text: string | undefined) => (text ? parseJson(Buffer.from(text)) : undefined)
  return {
    query: given.query,
    operationName: given.operationName,
    variables: value(given.variables),
    extensions: value(given.extensions),
  } as GraphQLParams
}

const ARGUMENTS = { 'idempotency-key': 'key', 'if-match': 'if_version', 'serai-reason': 'reason' }

/** These headers speak of one change; a document may hold several, and ignoring them would break their promise. */
function refuseHeaders({ headers, method }: FastifyRequest): void {
  for (const [header, argument] of Object.entries(ARGUMENTS))
    if (headers[header] !== undefined)
      throw badRequest(
        header.replaceAll('-', '_'),
        `${header} is not for GraphQL ${method}; give the mutation its argument ${argument}.`,
      )
}
