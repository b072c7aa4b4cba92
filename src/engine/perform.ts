import type pg from 'pg'
import type { Action, Call, Effects } from '../kernel/action.ts'
import { type Fault, fault } from '../kernel/fault.ts'
import type { Row } from '../kernel/field.ts'
import { badRequest, conflict, forbidden, invalid, Problem } from '../kernel/problem.ts'
import { difference, join, readFields, reading, readPatch } from '../kernel/record.ts'
import { checkRow, keepsHistory, keyLabel, keyOf, type Resource } from '../kernel/resource.ts'
import { matches } from '../kernel/rule.ts'
import { uuidv7 } from '../kernel/uuid.ts'
import { enterPast } from '../store/past.ts'
import type { Queryable } from '../store/pool.ts'
import { addJobs } from '../store/queue.ts'
import { insertRows, patchAll, type Stamp, type Update, updateRows, type Write } from '../store/rows.ts'
import { traceparent } from '../store/trace.ts'
import { explain } from './constraints.ts'
import { loadTargets } from './load.ts'
import { actionOf, requirePossible, resourceOf, ruleOf } from './lookup.ts'
import { facts, present } from './present.ts'
import { parseTime } from './query.ts'
import { type Claim, claimOf, findReplay, once } from './replay.ts'
import type { Engine, Outcome, Perform } from './types.ts'

/** Most records or inputs of one call. More is a batch. */
export const TARGETS_MAX = 1_000
const ATTEMPTS_MAX = 5

/**
 * The only way anything changes, in nine steps: 1 parse · 2 replay · 3 guard · 4 begin · 5 load · 6 check · 7 run ·
 * 8 write · 9 commit. An action that is a pure function of one record does 4–9 as one statement that compares the
 * version it read; everything else runs in a transaction with its records locked.
 */
export async function perform(engine: Engine, request: Perform): Promise<Outcome> {
  const plan = parse(engine, request)
  const known = plan.claim && (await findReplay<Outcome>(engine.pool, plan.claim))
  if (known) return known
  try {
    const outcome = oneStatement(plan)
      ? await withoutTransaction(engine, plan)
      : await inTransaction(engine, plan)
    if (outcome.change) engine.wake()
    return outcome
  } catch (error) {
    throw await explain(engine.pool, error).catch(() => error)
  }
}

/** A call that was understood: what to do, on what, with which checked inputs. */
type Plan = {
  request: Perform
  resource: Resource
  action: Action
  inputs: Row[]
  targets: readonly string[]
  stamp: Stamp
  asOf: string | undefined
  attempts: Engine['attempts']
  claim: Claim | undefined
}

function parse(engine: Engine, request: Perform): Plan {
  const resource = resourceOf(engine, request.resource)
  const action = actionOf(resource, request.action)
  requirePossible(resource, request.action, request.actor)
  const targets = request.targets ?? []
  if (action.on === 'records' && targets.length === 0)
    throw invalid([], `${request.action} needs the ${resource.plural} it is for`)
  if (targets.length > TARGETS_MAX)
    throw invalid(
      [],
      `${targets.length} records in one call; at most ${TARGETS_MAX} are allowed. Use an import for more.`,
    )
  return {
    request,
    resource,
    action,
    inputs: readInputs(action, request.input ?? {}),
    targets,
    stamp: stampOf(request),
    asOf: pastOf(request, action),
    attempts: engine.attempts,
    claim: claimOf(request),
  }
}

/** Only what reads can be asked of another time, and only of all records at once: a single one is found as it is now. */
function pastOf({ action: name, asOf }: Perform, action: Action): string | undefined {
  if (asOf !== undefined && (action.effect !== 'read' || action.on !== 'collection'))
    throw badRequest('as_of', `as_of is for reading; ${name} cannot be asked of another time.`)
  return parseTime('as_of', asOf)
}

function readInputs(action: Action, input: unknown): Row[] {
  const many = Array.isArray(input) && action.make !== undefined
  const given = many ? (input as unknown[]) : [input]
  if (given.length > TARGETS_MAX)
    throw invalid(
      [],
      `${given.length} records in one call; at most ${TARGETS_MAX} are allowed. Use an import for more.`,
    )
  const faults: Fault[] = []
  const inputs = given.map((each, index) => readInput(action, each, many ? `[${index}]` : '', faults))
  if (faults.length) throw invalid(faults)
  return inputs
}

function readInput(action: Action, given: unknown, path: string, faults: Fault[]): Row {
  const at = reading({ path })
  if (typeof given !== 'object' || given === null || Array.isArray(given))
    at.faults.push(fault(path, 'input.type', 'must be an object'))
  else {
    const row = (action.partial ? readPatch : readFields)(action.input, given as Row, at)
    if (row) return row
  }
  faults.push(...at.faults)
  return {}
}

function stampOf(request: Perform): Stamp {
  return {
    change: uuidv7(),
    actor: request.actor.id,
    action: request.action,
    reason: request.reason ?? null,
    request: request.requestId ?? null,
    cause: request.cause ?? null,
    trace: traceparent(),
  }
}

function oneStatement({ request, action, targets }: Plan): boolean {
  return !request.dryRun && !request.key && action.run === undefined && targets.length <= 1
}

/** Steps 4–9 on a plain connection: the write compares versions, and starts over when another writer was faster. */
async function withoutTransaction(engine: Engine, plan: Plan): Promise<Outcome> {
  for (let attempt = 1; attempt <= ATTEMPTS_MAX; attempt++) {
    const outcome = await execute(engine.pool, plan, false)
    if (outcome) return outcome
  }
  throw conflict('busy', 'Others keep changing this record. Read it again and try once more.')
}

async function inTransaction(engine: Engine, plan: Plan): Promise<Outcome> {
  const client = await engine.pool.connect()
  let broken: Error | undefined
  try {
    await client.query('begin')
    if (plan.asOf) await enterPast(client, [...engine.resources.values()].filter(keepsHistory), plan.asOf)
    const outcome = await executeClaimed(client, plan)
    await client.query(plan.request.dryRun || plan.asOf ? 'rollback' : 'commit')
    return outcome
  } catch (error) {
    broken = await client.query('rollback').then(
      () => undefined,
      (failure: Error) => failure,
    )
    throw error
  } finally {
    client.release(broken)
  }
}

function executeClaimed(client: pg.PoolClient, plan: Plan): Promise<Outcome> {
  return once(client, plan.claim, async () => {
    const outcome = await execute(client, plan, true)
    if (!outcome) throw conflict('busy', 'The record changed at the same moment. Try again.')
    return outcome
  })
}

/** Steps 5–8. Undefined when a record moved between reading and writing, which cannot happen when it is locked. */
async function execute(client: Queryable, plan: Plan, lock: boolean): Promise<Outcome | undefined> {
  const { request, resource, action, stamp } = plan
  const rows =
    action.on === 'records' ? await loadTargets(client, resource, request.actor, plan.targets, lock) : []
  for (const row of rows) checkTarget(plan, row)
  const effects = await effectsOf(client, plan, rows)
  const created = buildCreates(plan, effects.create ?? [])
  const changed = buildUpdates(plan, rows, effects.patch ?? new Map())
  const inserted = await insertRows(client, resource, created, stamp)
  const updated = await updateRows(client, resource, changed, stamp)
  if (updated.length < changed.length) return undefined
  const swept = effects.patchAll
    ? await patchAll(client, resource, effects.patchAll.ids, effects.patchAll.patch, stamp)
    : 0
  if (effects.jobs?.length) await addJobs(client, effects.jobs, plan.attempts)
  const byId = new Map(updated.map((row) => [row.id, row]))
  const records = [...inserted, ...rows.map((row) => byId.get(row.id) ?? row)].map((row) =>
    present(resource, row),
  )
  const wrote = inserted.length + updated.length + swept > 0 && !request.dryRun
  return {
    change: wrote ? stamp.change : null,
    records,
    answer: effects.answer ?? null,
    replayed: false,
    dryRun: request.dryRun ?? false,
  }
}

function checkTarget({ request, resource, action }: Plan, row: Row): void {
  const label = `${resource.name} ${keyLabel(resource, row)}`
  if (!matches(ruleOf(resource, request.action), row, request.actor))
    throw forbidden(`${request.actor.name} may not ${request.action} ${label}.`)
  const live = matches(resource.live, row, request.actor)
  if (action.archived && live) throw conflict('state', `${label} is not archived.`)
  if (!action.archived && !live) throw conflict('archived', `${label} is archived. Restore it first.`)
  if (action.from && !action.from.includes(String(row.state)))
    throw conflict(
      'state',
      `${label} is ${row.state}; ${request.action} needs it to be ${action.from.join(' or ')}.`,
    )
  if (request.ifVersion !== undefined && request.ifVersion !== row.version)
    throw new Problem(
      412,
      'version',
      'Changed meanwhile',
      `${label} is at version ${row.version}, you have seen ${request.ifVersion}. Read it again and repeat your change.`,
    )
}

async function effectsOf(
  client: Queryable,
  { request, action, inputs }: Plan,
  rows: Row[],
): Promise<Effects> {
  const call: Call = {
    actor: request.actor,
    now: new Date().toISOString().replace('Z', '000Z'),
    input: inputs[0] ?? {},
    reason: request.reason ?? null,
  }
  const { set, make, run } = action
  if (run)
    return run(rows, call, {
      query: async <Result>(text: string, values?: unknown[]) =>
        (await client.query(text, values)).rows as Result[],
    })
  if (make) return { create: inputs.map((input) => make({ ...call, input })) }
  if (set) return { patch: new Map(rows.map((row) => [row.id as string, set(row, call)])) }
  throw new Error(`${request.resource}.${request.action} has neither set, make nor run`)
}

function buildCreates({ request, resource }: Plan, rows: Row[]): Write[] {
  const faults: Fault[] = []
  const writes = rows.map((given, index) => {
    const row = { id: uuidv7(), ...given }
    if (!matches(ruleOf(resource, request.action), row, request.actor))
      throw forbidden(`${request.actor.name} may not make this ${resource.name}.`)
    collect(faults, checkRow(resource, row), rows.length > 1 ? `[${index}]` : '')
    return { row, key: labelKey(resource, row), before: null, after: facts(resource, row) }
  })
  if (faults.length) throw invalid(faults)
  return writes
}

function buildUpdates({ resource }: Plan, rows: Row[], patches: Map<string, Row>): Update[] {
  const faults: Fault[] = []
  const writes = rows.flatMap((row) => {
    const write = updateOf(resource, row, patches.get(row.id as string) ?? {})
    if (write) collect(faults, checkRow(resource, write.row), rows.length > 1 ? keyLabel(resource, row) : '')
    return write ? [write] : []
  })
  if (faults.length) throw invalid(faults)
  return writes
}

/** The write that brings a row to its patched form, or undefined when it is there already: unchanged rows write nothing. */
export function updateOf(resource: Resource, row: Row, patch: Row): Update | undefined {
  const changed = difference(resource.fields, row, patch)
  const names = Object.keys(changed)
  if (names.length === 0) return undefined
  const next = { ...row, ...changed } as Update['row']
  const logged = names.filter((name) => !resource.fields[name].secret)
  return {
    row: next,
    patch: changed,
    key: labelKey(resource, next),
    before: Object.fromEntries(logged.map((name) => [name, row[name] ?? null])),
    after: Object.fromEntries(logged.map((name) => [name, changed[name]])),
    base: row.version as number,
  }
}

/** The natural key as the log keeps it. */
export function labelKey(resource: Resource, row: Row): string {
  return resource.key.length === 1 ? keyOf(resource, row) : keyLabel(resource, row)
}

function collect(faults: Fault[], found: Fault[], prefix: string): void {
  faults.push(
    ...found.map((each) => (prefix ? { ...each, path: each.path ? join(prefix, each.path) : prefix } : each)),
  )
}
