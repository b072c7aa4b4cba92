import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import type { WebSocket } from 'ws'
import type { JsonSchema } from '../../kernel/field.ts'
import { Problem } from '../../kernel/problem.ts'

/** A parameter of an operation, as OpenAPI 3.1 writes it. */
export type Parameter = {
  name: string
  in: 'query' | 'path' | 'header'
  required?: boolean
  description?: string
  schema: JsonSchema
}

/** An answer that is no problem. `types` are its media types; none when there is no body. */
export type Answer = {
  description: string
  types?: readonly string[]
  schema?: JsonSchema
  /** names of response headers, described once for all operations. */
  headers?: readonly string[]
}

/** What the documentation says of a route. Every route carries its own, so the two cannot part. */
export type Operation = {
  /** unique name for generated clients: `listProducts`. */
  id: string
  summary: string
  tag: string
  parameters?: readonly Parameter[]
  body?: { types: readonly string[]; schema: JsonSchema; required: boolean }
  answers: { readonly [status: number]: Answer }
  /** statuses of the problems that may be answered, besides those that every route has. */
  problems?: readonly number[]
}

export type Method = 'GET' | 'POST' | 'PATCH' | 'DELETE'

/** One door in the wall: where it is, what it is for, what it does. */
export type Route = {
  method: Method
  /** as OpenAPI writes it: `/api/products/{id}`. */
  path: string
  operation: Operation
  /** answers without a token. A route that does not say so is closed. */
  open?: boolean
  /** is about whoever asks: also for people who have yet to add a second factor. */
  own?: boolean
  /** the body is handed on as a stream, whatever its type. */
  stream?: boolean
  /** answers with a file: HEAD, which would read all of it for nothing, is not for it. */
  file?: boolean
  handle(request: FastifyRequest, reply: FastifyReply): Promise<unknown>
  /** what happens on a WebSocket that was asked for at this path. */
  socket?(socket: WebSocket, request: FastifyRequest): void
}

/** Adds the routes to an app. Fastify refuses to start when two of them are the same. */
export function addRoutes(app: FastifyInstance, routes: readonly Route[]): void {
  for (const { method, path, open, own, file, handle, socket } of routes)
    app.route({
      method,
      url: fastifyPath(path),
      exposeHeadRoute: method === 'GET' && !file,
      config: { open: open ?? false, own: own ?? false },
      handler: handle,
      ...(socket ? { wsHandler: socket } : {}),
    })
  for (const { path } of routes.filter(({ file }) => file))
    app.route({ method: 'HEAD', url: fastifyPath(path), handler: refuseHead })
}

// Without a route of its own, HEAD of `export` would be taken for a question after a record of that name.
async function refuseHead(_request: FastifyRequest, reply: FastifyReply): Promise<never> {
  reply.header('allow', 'GET')
  throw new Problem(405, 'method', 'Method not allowed', 'HEAD is not for files; use GET.')
}

/** `/api/products/{id}` → `/api/products/:id` */
function fastifyPath(path: string): string {
  return path.replaceAll(/\{(\w+)\}/g, ':$1')
}

declare module 'fastify' {
  interface FastifyContextConfig {
    /** answers without a token. */
    open?: boolean
    /** is about whoever asks. */
    own?: boolean
  }
}
