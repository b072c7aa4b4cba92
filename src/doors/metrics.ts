import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client'
import type { Actor } from '../kernel/actor.ts'
import { forbidden, Problem } from '../kernel/problem.ts'
import { hasRole } from '../kernel/rule.ts'
import { notThisMachine } from './http/local.ts'
import type { Route } from './http/route.ts'
import { actorOfHeader } from './identity.ts'
import type { Services } from './services.ts'

const BUCKETS_SECONDS = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30]
const READERS = ['owner', 'operator']

export type Metrics = {
  /** Counts a finished request under its route's pattern, never its path: paths are without number. */
  observe(method: string, route: string, status: number, milliseconds: number): void
  /** Everything, as Prometheus reads it. */
  text(): Promise<string>
  contentType: string
}

/** The numbers of this process: its requests, its resources, and what the services count. */
export function createMetrics(services: Pick<Services, 'gauges' | 'meters' | 'version'>): Metrics {
  const registry = processRegistry()
  const labelNames = ['method', 'route', 'status'] as const
  const registers = [registry]
  const requests = new Counter({
    name: 'http_requests_total',
    help: 'Requests answered.',
    labelNames,
    registers,
  })
  const durations = new Histogram({
    name: 'http_request_duration_seconds',
    help: 'Time from the first byte of a request to the last of its answer.',
    labelNames,
    buckets: BUCKETS_SECONDS,
    registers,
  })
  new Gauge({ name: 'serai_info', help: 'Release.', labelNames: ['version'], registers }).set(
    { version: services.version },
    1,
  )
  return {
    observe(method, route, status, milliseconds) {
      const labels = { method, route, status: String(status) }
      requests.inc(labels)
      durations.observe(labels, milliseconds / 1_000)
    },
    text: async () => {
      const parts = [registry.metrics(), services.meters?.() ?? '', servicesText(services)]
      return (await Promise.all(parts)).filter(Boolean).join('\n')
    },
    contentType: registry.contentType,
  }
}

/** What the runtime tells of the process, without the gauges whose names end as only those of counters may. */
function processRegistry(): Registry {
  const registry = new Registry()
  collectDefaultMetrics({ register: registry })
  for (const { name, type } of registry.getMetricsAsArray())
    if (String(type) === 'gauge' && name.endsWith('_total')) registry.removeSingleMetric(name)
  return registry
}

/** Numbers of the services; when they cannot be had, the rest is still told, and that they are missing. */
async function servicesText(services: Pick<Services, 'gauges'>): Promise<string> {
  const registry = new Registry()
  const registers = [registry]
  const gauges = await services.gauges().catch(() => null)
  new Gauge({
    name: 'serai_gauges_up',
    help: '1 when the numbers of the services could be read.',
    registers,
  }).set(gauges ? 1 : 0)
  for (const [name, series] of Map.groupBy(gauges ?? [], (gauge) => gauge.name)) {
    const [{ help, type }] = series
    const labelNames = [...new Set(series.flatMap(({ labels }) => Object.keys(labels ?? {})))]
    const metric = new (type === 'counter' ? Counter : Gauge)({ name, help, labelNames, registers })
    for (const { labels, value } of series) metric.inc(labels ?? {}, value)
  }
  return registry.metrics()
}

/** `GET /metrics`: free for a scraper on this machine, for others with a token of an owner or operator. */
export function metricsRoute(
  metrics: Metrics,
  authenticate: (token: string, address?: string) => Promise<Actor | null>,
): Route {
  return {
    method: 'GET',
    path: '/metrics',
    open: true,
    operation: {
      id: 'metrics',
      summary: 'Numbers of the process in the text format of Prometheus.',
      tag: 'operations',
      answers: { 200: { description: 'The numbers.', types: ['text/plain'], schema: { type: 'string' } } },
      problems: [401, 403],
    },
    async handle(request, reply) {
      if (notThisMachine(request)) await requireReader(request.headers.authorization, authenticate)
      return reply.type(metrics.contentType).send(await metrics.text())
    },
  }
}

async function requireReader(
  header: string | undefined,
  authenticate: (token: string, address?: string) => Promise<Actor | null>,
): Promise<void> {
  const actor = await actorOfHeader(header, authenticate)
  if (!actor)
    throw new Problem(401, 'unauthorized', 'Who are you?', 'From another machine, /metrics needs a token.')
  if (!hasRole(actor, READERS))
    throw forbidden(`${actor.name} may not read the metrics; an owner or operator may.`)
}
