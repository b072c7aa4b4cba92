import type { Action, Call, Effects, FurtherCall } from '../kernel/action.ts'
import { type Fault, fault } from '../kernel/fault.ts'
import type { Row } from '../kernel/field.ts'
import { fieldsOpen } from '../kernel/grants/access.ts'
import { has } from '../kernel/grants/names.ts'
import { badRequest, conflict, forbidden, invalid, Problem } from '../kernel/problem.ts'
import { difference, join, readFields, reading, readPatch, same } from '../kernel/record.ts'
import { keepsHistory, keyLabel, keyOf, type Resource } from '../kernel/resource.ts'
import { matches } from '../kernel/rule.ts'
import { uuidv7 } from '../kernel/uuid.ts'
import { enterPast } from '../store/past.ts'
import type { Queryable } from '../store/pool.ts'
import { addJobs } from '../store/queue.ts'
import { insertRows, patchAll, type Stamp, type Update, updateRows, type Write } from '../store/rows.ts'
import { traceparent } from '../store/trace.ts'
import { answerOf } from './access/sight.ts'
import { explain } from './constraints.ts'
import { freshInspection, type Inspection, inspectionOf } from './inspection.ts'
import { liveRows, loadTargets } from './load.ts'
import { accessTo, actionOf, requirePossible, resourceOf } from './lookup.ts'
import { facts } from './present.ts'
import { parseTime } from './query.ts'
import { type Claim, claimOf, findReplay, once } from './replay.ts'
import { modelOf, queryOf } from './rules.ts'
import { countShadows } from './shadows.ts'
import { requireRecentProof } from './step-up.ts'
import type { Engine, Outcome, Perform } from './types.ts'

/** Most records or inputs of one call. More is a batch. */
export const TARGETS_MAX = 1_000
const ATTEMPTS_MAX = 5
/** Warnings that an answer holds. */
const WARNINGS_MAX = 100

/**
 * The only way anything changes, in nine steps: 1 parse · 2 replay · 3 guard · 4 begin · 5 load · 6 check · 7 run ·
 * 8 write · 9 commit. An action that is a pure function of one record does 4–9 as one statement that compares the
 * version it read; everything else runs in a transaction with its records locked.
 */
export async function perform(engine: Engine, request: Perform): Promise<Outcome> {
  const parsed = parse(engine, request)
  const known = parsed.claim && (await findReplay<Outcome>(engine.pool, parsed.claim))
  if (known) return known
  const plan = { ...parsed, inspection: await inspectionOf(engine, parsed.resource) }
  try {
    const outcome = await untilWritten(engine, plan, oneStatement(plan) ? withoutTransaction : inTransaction)
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
  /** what must hold of the records; judged again when it moved on before they were written. */
  inspection: Inspection
}

function parse(engine: Engine, request: Perform): Omit<Plan, 'inspection'> {
  const resource = resourceOf(engine, request.resource)
  const action = actionOf(resource, request.action)
  requirePossible(engine, request.actor, resource, request.action)
  requireRecentProof(action, request.actor)
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

/** Starts over when another writer was faster, or when somebody saved a rule between judging and writing. */
async function untilWritten(
  engine: Engine,
  plan: Plan,
  attempt: (engine: Engine, plan: Plan) => Promise<Outcome | undefined>,
): Promise<Outcome> {
  for (let count = 1; count <= ATTEMPTS_MAX; count++) {
    const outcome = await attempt(engine, plan)
    if (outcome) return outcome
    plan.inspection = await freshInspection(engine, engine.pool, plan.resource)
  }
  throw conflict('busy', 'Others keep changing this record. Read it again and try once more.')
}

/** Steps 4–9 on a plain connection: the write compares the versions of what it read. */
function withoutTransaction(engine: Engine, plan: Plan): Promise<Outcome | undefined> {
  return execute(engine, engine.pool, plan, false)
}

async function inTransaction(engine: Engine, plan: Plan): Promise<Outcome | undefined> {
  const client = await engine.pool.connect()
  let broken: Error | undefined
  try {
    await client.query('begin')
    if (plan.asOf) await enterPast(client, [...engine.resources.values()].filter(keepsHistory), plan.asOf)
    const outcome = await once(client, plan.claim, () => execute(engine, client, plan, true))
    await client.query(plan.request.dryRun || plan.asOf || !outcome ? 'rollback' : 'commit')
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

/** Steps 5–8. Undefined when a record or the rules moved between reading and writing; a locked record cannot. */
async function execute(
  engine: Engine,
  client: Queryable,
  plan: Plan,
  lock: boolean,
): Promise<Outcome | undefined> {
  const { request, resource, action, stamp } = plan
  const rows =
    action.on === 'records'
      ? await loadTargets(engine, client, resource, request.actor, plan.targets, lock)
      : []
  for (const row of rows) checkTarget(engine, plan, row)
  const effects = await effectsOf(engine, client, plan, rows)
  const said: Said = { faults: [], warnings: [], shadows: [] }
  const created = buildCreates(engine, plan, effects.create ?? [], said)
  const changed = buildUpdates(plan, rows, effects.patch ?? new Map(), said)
  const { stamp: rules } = plan.inspection
  if (said.faults.length) {
    // What an old rule refuses is judged anew; a record that is refused costs this one look more.
    if ((await freshInspection(engine, client, resource)) !== plan.inspection) return undefined
    throw invalid(said.faults)
  }
  const inserted = await insertRows(client, resource, created, stamp, rules)
  const updated = await updateRows(client, resource, changed, stamp, rules)
  if (inserted.length < created.length || updated.length < changed.length) return undefined
  const swept = effects.patchAll ? await sweep(engine, client, plan, effects.patchAll, said) : 0
  const answers = await callFurther(engine, client, plan, rows[0] ?? inserted[0], effects.calls ?? [])
  if (effects.jobs?.length) await addJobs(client, effects.jobs, plan.attempts)
  const byId = new Map(updated.map((row) => [row.id, row]))
  const records = [...inserted, ...rows.map((row) => byId.get(row.id) ?? row)].map(
    answerOf(engine, request.actor, resource),
  )
  const wrote = inserted.length + updated.length + swept > 0 && !request.dryRun
  if (wrote) countShadows(engine, said.shadows)
  return {
    change: wrote ? stamp.change : null,
    records,
    answer: answers.length ? Object.assign({}, effects.answer, ...answers) : (effects.answer ?? null),
    ...(said.warnings.length ? { warnings: said.warnings.slice(0, WARNINGS_MAX) } : {}),
    replayed: false,
    dryRun: request.dryRun ?? false,
  }
}

/** The calls that an action leads to, by the same actor: what they do is part of this change, or none of it happens. */
async function callFurther(
  engine: Engine,
  client: Queryable,
  { request, resource, stamp }: Plan,
  cause: Row | undefined,
  calls: readonly FurtherCall[],
): Promise<Row[]> {
  const answers: Row[] = []
  for (const call of calls) {
    const { key: _key, ifVersion: _version, ...own } = request
    const parsed = parse(engine, { ...own, targets: [], input: {}, ...call })
    const plan: Plan = {
      ...parsed,
      stamp: { ...stamp, action: call.action, cause: cause ? `${resource.name}:${cause.id}` : stamp.cause },
      inspection: await freshInspection(engine, client, parsed.resource),
    }
    const outcome = await execute(engine, client, plan, true)
    if (!outcome) throw conflict('busy', 'Others keep changing this record. Read it again and try once more.')
    answers.push({ ...outcome.answer })
  }
  return answers
}

function checkTarget(engine: Engine, { request, resource, action, inputs }: Plan, row: Row): void {
  const label = `${resource.name} ${keyLabel(resource, row)}`
  requireAllowed(engine, request, resource, row, label, setBy(action, inputs[0]))
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

/** The row is one of those that the actor may do this to, and the input sets no field that is closed to it there. */
function requireAllowed(
  engine: Engine,
  { actor, action }: Perform,
  resource: Resource,
  row: Row,
  label: string,
  fields: readonly string[],
): void {
  const access = accessTo(engine, actor, resource, action)
  if (!matches(access.rule, row, actor)) throw forbidden(`${actor.name} may not ${action} ${label}.`)
  if (access.always === null) return
  const open = fieldsOpen(access, row, actor)
  const closed = fields.find((name) => !has(open, name))
  if (closed !== undefined)
    throw forbidden(`${actor.name} may ${action} ${label}, but may not set its ${closed}.`)
}

/** The fields that an input sets: in a patch all that are there, otherwise what differs from saying nothing. */
function setBy({ input: fields, partial }: Action, input: Row = {}): string[] {
  return Object.keys(input).filter((name) => partial || !same(input[name], fields[name]?.default ?? null))
}

async function effectsOf(
  engine: Engine,
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
    return run(
      rows,
      call,
      {
        query: queryOf(client),
        rows: (name) => liveRows(engine, client, resourceOf(engine, name), request.actor),
      },
      modelOf(engine),
    )
  if (make) return { create: inputs.map((input) => make({ ...call, input })) }
  if (set) return { patch: new Map(rows.map((row) => [row.id as string, set(row, call)])) }
  throw new Error(`${request.resource}.${request.action} has neither set, make nor run`)
}

/** What was said of the records of a call: by checks and rules, by rules of severity warning, by rules in shadow. */
type Said = { faults: Fault[]; warnings: Fault[]; shadows: string[] }

function buildCreates(
  engine: Engine,
  { request, resource, action, inputs, inspection }: Plan,
  rows: Row[],
  said: Said,
): Write[] {
  return rows.map((given, index) => {
    const row = { id: uuidv7(), ...given }
    const input = inputs.length === rows.length ? inputs[index] : inputs[0]
    requireAllowed(engine, request, resource, row, `this ${resource.name}`, setBy(action, input))
    hear(inspection.inspect(row, null), rows.length > 1 ? `[${index}]` : '', said)
    return { row, key: labelKey(resource, row), before: null, after: facts(resource, row) }
  })
}

function buildUpdates(
  { resource, inspection }: Plan,
  rows: Row[],
  patches: Map<string, Row>,
  said: Said,
): Update[] {
  return rows.flatMap((row) => {
    const write = updateOf(resource, row, patches.get(row.id as string) ?? {})
    if (write) hear(inspection.inspect(write.row, row), rows.length > 1 ? keyLabel(resource, row) : '', said)
    return write ? [write] : []
  })
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

/**
 * The same patch for very many records. They are looked at one by one only when people wrote rules and the patch does not
 * put the records away, whatever they hold.
 */
async function sweep(
  engine: Engine,
  client: Queryable,
  plan: Plan,
  { ids, patch }: NonNullable<Effects['patchAll']>,
  said: Said,
): Promise<number> {
  const { resource, request, stamp } = plan
  const { inspect, rules } = await freshInspection(engine, client, resource)
  if (rules > 0 && matches(resource.live, patch, request.actor))
    for (let from = 0; from < ids.length && said.faults.length === 0; from += TARGETS_MAX) {
      const chunk = ids.slice(from, from + TARGETS_MAX)
      for (const row of await loadTargets(engine, client, resource, request.actor, chunk, false))
        hear(inspect({ ...row, ...patch }, row), keyLabel(resource, row), said)
    }
  if (said.faults.length) throw invalid(said.faults)
  return patchAll(client, resource, ids, patch, stamp)
}

function hear(
  found: ReturnType<Inspection['inspect']>,
  prefix: string,
  { faults, warnings, shadows }: Said,
): void {
  collect(faults, found.faults, prefix)
  collect(warnings, found.warnings, prefix)
  shadows.push(...found.shadows)
}

function collect(faults: Fault[], found: readonly Fault[], prefix: string): void {
  faults.push(
    ...found.map((each) => (prefix ? { ...each, path: each.path ? join(prefix, each.path) : prefix } : each)),
  )
}
