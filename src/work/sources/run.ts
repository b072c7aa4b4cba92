import { perform } from '../../engine/perform.ts'
import { systemActor } from '../../kernel/actor.ts'
import type { Row } from '../../kernel/field.ts'
import { conflict, Problem } from '../../kernel/problem.ts'
import { uuidv7 } from '../../kernel/uuid.ts'
import { FetchError } from '../../ports/fetch.ts'
import {
  getSource,
  leaseSource,
  noteCheck,
  releaseSource,
  renewLease,
  type SourceRecord,
  settleSource,
} from '../../store/sources.ts'
import { fromAddress } from './address.ts'
import { fromFolder } from './folder.ts'
import { nextRun } from './schedule.ts'
import type { Brought, Outcome, RunReport, RunRequest, SourceContext } from './types.ts'

export const LEASE_SECONDS = 120
const RENEW_MS = 30_000
const ACTOR = systemActor('sources')
/** From the worst to the best; a run is as good as the worst of its files. */
const WORST: Outcome[] = ['failed', 'refused', 'planned', 'applied', 'unchanged']

/**
 * Runs one source under its lease: fetches, takes in, and writes what became of it. 409 when another run is at it. `token` is
 * the lease that whoever found the source due has taken for this run.
 */
export async function runSource(
  context: SourceContext,
  target: string,
  request: { force?: boolean; token?: string } = {},
): Promise<RunReport> {
  const { pool } = context.engine
  const { id, name } = await getSource(pool, target)
  const token = request.token ?? uuidv7()
  if (!(await leaseSource(pool, id, token, LEASE_SECONDS)))
    throw conflict('source.busy', `The source ${name} is running already.`)
  const renewing = setInterval(() => void renew(context, id, token), RENEW_MS)
  try {
    // Read under the lease: the run before may have ended just now.
    const source = await getSource(pool, id)
    const { report, brought } = await attempt(context, source, {
      force: request.force ?? false,
      dryRun: false,
    })
    await settle(context, source, token, report, brought)
    return report
  } finally {
    clearInterval(renewing)
    await releaseSource(pool, id, token)
  }
}

/** Fetches and plans, and writes nothing of the resource; what was found is kept as `last_check`. */
export async function checkSource(context: SourceContext, target: string): Promise<RunReport> {
  const { pool } = context.engine
  const source = await getSource(pool, target)
  const { report } = await attempt(context, source, { force: true, dryRun: true })
  const files = report.files.slice(0, 20)
  await noteCheck(pool, source.id, { time: new Date().toISOString(), ...report, files } satisfies Row)
  return report
}

type Attempt = { report: RunReport; brought: Brought }

/** Whatever goes wrong with a source is a report, so that it backs off and people are told; the next one runs all the same. */
async function attempt(context: SourceContext, source: SourceRecord, request: RunRequest): Promise<Attempt> {
  try {
    const brought = await (source.kind === 'folder' ? fromFolder : fromAddress)(context, source, request)
    const outcomes = brought.files.map((file) => file.outcome)
    const outcome = WORST.find((each) => outcomes.includes(each)) ?? 'unchanged'
    const error = brought.files.find((file) => file.error)?.error ?? null
    return { report: { source: source.name, outcome, error, files: brought.files }, brought }
  } catch (error) {
    const expected = error instanceof FetchError || error instanceof Problem
    if (!expected) context.log.error({ source: source.name, err: error }, 'source failed unexpectedly')
    const report = {
      source: source.name,
      outcome: 'failed' as const,
      error: (error as Error).message,
      files: [],
    }
    return { report, brought: { files: [] } }
  }
}

async function settle(
  context: SourceContext,
  source: SourceRecord,
  token: string,
  report: RunReport,
  { remember }: Brought,
): Promise<void> {
  const good = report.outcome === 'applied' || report.outcome === 'unchanged'
  // An empty folder says nothing about the file that failed before.
  const silent = good && report.files.length === 0
  const failures = silent ? (source.failures ?? 0) : good ? 0 : (source.failures ?? 0) + 1
  const stillFailing = failures > 0 && silent
  await tell(context, source, report, failures)
  const kept =
    good && remember
      ? remember
      : { content: source.content, etag: source.etag, lastModified: source.last_modified }
  await settleSource(context.engine.pool, source.id, token, {
    outcome: stillFailing ? null : report.outcome,
    error: report.error,
    import: report.files.findLast((file) => file.import)?.import ?? null,
    failures,
    next: nextRun(source, new Date(), { failures, random: (context.random ?? Math.random)() }),
    ...kept,
  })
}

/** An event, a line at error and the gauge `serai_failing_sources`: once when a source begins to fail, once when it works again. */
async function tell(
  { engine, log }: SourceContext,
  source: SourceRecord,
  { outcome, error }: RunReport,
  failures: number,
): Promise<void> {
  const call = { actor: ACTOR, resource: 'import_source', targets: [source.id] }
  if (failures >= source.alert_after && source.failing_since === null) {
    await perform(engine, { ...call, action: 'alarm', reason: error })
    log.error({ source: source.name, outcome, failures, error }, 'import source fails')
  } else if (failures === 0 && source.failing_since !== null) {
    await perform(engine, { ...call, action: 'recover' })
    log.info({ source: source.name }, 'import source works again')
  }
}

async function renew({ engine, log }: SourceContext, id: string, token: string): Promise<void> {
  try {
    if (!(await renewLease(engine.pool, id, token, LEASE_SECONDS)))
      log.warn({ source: id }, 'another run took the lease of this source')
  } catch (error) {
    log.warn({ source: id, error: (error as Error).message }, 'the lease of a source was not renewed')
  }
}
