import type { Socket } from 'node:net'
import multipart from '@fastify/multipart'
import Fastify, {
  type FastifyBaseLogger,
  type FastifyInstance,
  type FastifyReply,
  type FastifyRequest,
  LogController,
} from 'fastify'
import type { Logger } from 'pino'
import { withTrace } from '../engine/trace.ts'
import type { Actor } from '../kernel/actor.ts'
import { Problem } from '../kernel/problem.ts'
import { continueTrace, type Trace } from '../kernel/trace.ts'
import { docsRoutes } from './docs.ts'
import { graphqlRoutes } from './graphql.ts'
import { healthRoutes, type Ready } from './health.ts'
import { takeJson } from './http/body.ts'
import { answerBroken } from './http/broken.ts'
import { requestIdOf } from './http/headers.ts'
import { checkUrl } from './http/parameters.ts'
import { type BodyLimits, sendProblem, toProblem } from './http/problems.ts'
import type { Rate } from './http/rate.ts'
import { addRoutes, type Route } from './http/route.ts'
import { unmatched } from './http/unmatched.ts'
import type { Cookies } from './identity/cookie.ts'
import { peopleRoutes } from './identity/routes.ts'
import { identifyBy } from './identity.ts'
import { checkOrigin, isLiveUpgrade } from './live/handshake.ts'
import type { LiveLimits } from './live/limits.ts'
import { liveRoute } from './live.ts'
import { createMetrics, type Metrics, metricsRoute } from './metrics.ts'
import { openApi, openApiRoute } from './openapi.ts'
import { restRoutes } from './rest/routes.ts'
import type { Services } from './services.ts'

/** What the HTTP door is given. */
export type HttpOptions = {
  services: Services
  /** who holds a token; null when nobody does. */
  authenticate(token: string, address?: string): Promise<Actor | null>
  logger: Logger | false
  /** bytes of a JSON body; 1 MB when absent. */
  bodyLimitBytes?: number
  /** bytes of an uploaded file; 64 MB when absent. */
  uploadLimitBytes?: number
  /** requests that one actor may make. */
  rate?: Rate
  /** how much live streams may take. */
  live?: Partial<LiveLimits>
  ready: Ready
  /** how sessions travel in browsers; by a secure cookie of an origin that no page has when absent. */
  cookies?: Cookies
  /** ordinary routes of areas; closed like all others. */
  routes?(app: FastifyInstance): void
}

const BODY_BYTES = 1 << 20
const UPLOAD_BYTES = 64 << 20
/** Far above what people and tills do, and where a program that runs wild on one token is stopped. */
const RATE: Rate = { requests: 300_000, windowSeconds: 60 }
/** A head may be larger than the longest query, so that too long a query is told as such. */
const HEAD_BYTES_MAX = 40 * 1024
const HEAD_TIMEOUT_MS = 20_000
/** A whole request: an upload of 64 MB over a slow line. */
const REQUEST_TIMEOUT_MS = 15 * 60_000
const KEEP_ALIVE_MS = 72_000
/** Time that running requests have when the process is asked to end. */
const CLOSING_MS = 10_000
const PARAMETER_CHARACTERS_MAX = 4_096
const NO_PAGES: Cookies = { origin: 'https://serai.invalid', plain: false }

declare module 'fastify' {
  interface FastifyRequest {
    /** the trace of the caller, continued; null when there is none. */
    trace: Trace | null
  }
}

/** Builds the app; nothing listens yet. Tests use `inject`. */
export async function createHttp(options: HttpOptions): Promise<FastifyInstance> {
  const { services, authenticate, ready } = options
  const limits: BodyLimits = {
    bodyBytes: options.bodyLimitBytes ?? BODY_BYTES,
    uploadBytes: options.uploadLimitBytes ?? UPLOAD_BYTES,
  }
  const app = newApp(options, limits)
  const metrics = createMetrics(services)
  // Before the hooks that may refuse, for it is what hangs up on refused sockets.
  const live = await liveRoute(app, {
    services,
    authenticate,
    toProblem: (error) => toProblem(services.engine, error, limits),
    limits: options.live ?? {},
  })
  addHooks(app, options, metrics)
  takeJson(app)
  const document = () => openApi(routes, services.engine.resources, services.version)
  const routes: Route[] = [
    ...healthRoutes(services, ready),
    metricsRoute(metrics, authenticate),
    openApiRoute(document),
    ...docsRoutes(document),
    ...restRoutes(app, services, limits.uploadBytes),
    ...(services.people ? peopleRoutes(services.people, options.cookies ?? NO_PAGES) : []),
    ...graphqlRoutes(app, services, limits),
    live,
  ]
  await addAll(app, routes)
  const plurals = [...services.engine.resources.values()].map((resource) => resource.plural)
  app.setNotFoundHandler(unmatched(routes, plurals))
  options.routes?.(app)
  return app
}

function newApp({ services, logger }: HttpOptions, limits: BodyLimits): FastifyInstance {
  const app: FastifyInstance = Fastify({
    ...(logger ? { loggerInstance: logger as FastifyBaseLogger } : { logger: false }),
    logController: new LogController({ disableRequestLogging: true, requestIdLogLabel: 'request_id' }),
    genReqId: (raw) => requestIdOf(raw.headers),
    bodyLimit: limits.bodyBytes,
    requestTimeout: REQUEST_TIMEOUT_MS,
    keepAliveTimeout: KEEP_ALIVE_MS,
    forceCloseConnections: 'idle',
    return503OnClosing: false,
    http: {
      maxHeaderSize: HEAD_BYTES_MAX,
      headersTimeout: HEAD_TIMEOUT_MS,
      shouldUpgradeCallback: isLiveUpgrade,
    },
    routerOptions: { ignoreTrailingSlash: true, maxParamLength: PARAMETER_CHARACTERS_MAX },
    clientErrorHandler: answerBroken,
    // No hook has seen these requests: their URL could not be read.
    frameworkErrors: async (error, request, reply) => {
      const problem = await toProblem(services.engine, error, limits)
      request.log.info({ method: request.method, route: 'unmatched', status: problem.status }, 'request')
      return sendProblem(request, reply.headers(standardHeaders(request, services.environment)), problem)
    },
  })
  app.setErrorHandler(async (error, request, reply) => {
    const problem = await toProblem(services.engine, error, limits)
    if (problem.status >= 500)
      request.log[problem.status === 500 ? 'error' : 'warn']({ err: error }, problem.title)
    return sendProblem(request, reply, problem)
  })
  return app
}

/** What happens to every request: its ids and headers, who asks, and one line in the log when it is over. */
function addHooks(
  app: FastifyInstance,
  { authenticate, rate, services, cookies }: HttpOptions,
  metrics: Metrics,
): void {
  const identify = identifyBy(authenticate, rate ?? RATE, cookies ?? NO_PAGES)
  app.decorateRequest('actor', null)
  app.decorateRequest('credential', undefined)
  app.decorateRequest('isCookie', false)
  app.decorateRequest('trace', null)
  const isClosing = closeInTime(app)
  app.addHook('onRequest', async (request, reply) => {
    reply.headers(standardHeaders(request, services.environment))
    continueTraceOf(request, reply)
    if (isClosing()) {
      reply.header('connection', 'close')
      throw new Problem(
        503,
        'closing',
        'Shutting down',
        'This process is shutting down. Try again in a moment.',
      )
    }
    checkUrl(request.raw.url ?? '')
    checkOrigin(request)
    return identify(request, reply)
  })
  // Not earlier: what runs before has not read the body yet, whose events come in a context of their own.
  app.addHook('preHandler', (request, _reply, done) => withTrace(request.trace, done))
  app.addHook('onResponse', async (request, reply) => {
    const { method, log, actor } = request
    const route = request.routeOptions.url ?? 'unmatched'
    const milliseconds = reply.elapsedTime
    const status = request.ws && reply.statusCode === 200 ? 101 : reply.statusCode
    metrics.observe(method, route, status, milliseconds)
    log.info(
      {
        method,
        route,
        status,
        ms: Math.round(milliseconds * 100) / 100,
        actor: actor?.id,
        ...(reply.raw.writableFinished ? {} : { cut: true }),
      },
      'request',
    )
  })
}

/** A trace that the caller began goes on in the answer, in every line of the log, and in all that is done for the request. */
function continueTraceOf(request: FastifyRequest, reply: FastifyReply): void {
  const trace = continueTrace(request.headers.traceparent)
  if (!trace) return
  request.trace = trace
  reply.header('traceparent', trace.header)
  request.log = request.log.child({ trace_id: trace.id })
}

/**
 * Says whether the app is closing; whoever is still being answered after a while is cut off. Connections on which nothing was
 * asked yet (browsers open them ahead) are cut off at once: Node does not count them as idle.
 */
function closeInTime(app: FastifyInstance): () => boolean {
  let timer: NodeJS.Timeout | undefined
  const sockets = new Set<Socket>()
  app.server.on('connection', (socket: Socket) => {
    sockets.add(socket)
    socket.once('close', () => sockets.delete(socket))
  })
  app.addHook('preClose', async () => {
    for (const socket of sockets) if (socket.bytesRead === 0) socket.destroy()
    timer = setTimeout(() => app.server.closeAllConnections(), CLOSING_MS)
  })
  app.addHook('onClose', async () => clearTimeout(timer))
  return () => timer !== undefined
}

/** Of every answer: which request it answers, who answers, and what browsers may do with it (nothing). */
function standardHeaders(request: FastifyRequest, environment: string) {
  return {
    'cache-control': 'no-store',
    'content-security-policy': "default-src 'none'; frame-ancestors 'none'",
    'referrer-policy': 'no-referrer',
    'x-content-type-options': 'nosniff',
    'x-frame-options': 'DENY',
    'x-request-id': request.id,
    'x-serai-environment': environment,
  }
}

/** Uploads live in a scope of their own, where bodies are streams of any type. */
async function addAll(app: FastifyInstance, routes: readonly Route[]): Promise<void> {
  addRoutes(
    app,
    routes.filter(({ stream }) => !stream),
  )
  await app.register(async (scope) => {
    scope.removeAllContentTypeParsers()
    await scope.register(multipart, { throwFileSizeLimit: false })
    scope.addContentTypeParser('*', async () => undefined)
    addRoutes(
      scope,
      routes.filter(({ stream }) => stream),
    )
  })
}
