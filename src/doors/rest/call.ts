import type { FastifyReply, FastifyRequest } from 'fastify'
import { readOne } from '../../engine/read.ts'
import type { Engine, Outcome, Perform, UndoOutcome } from '../../engine/types.ts'
import { type Fault, fault, pointer } from '../../kernel/fault.ts'
import type { Row } from '../../kernel/field.ts'
import { badRequest, invalid } from '../../kernel/problem.ts'
import type { Resource } from '../../kernel/resource.ts'
import { recordTag, versionsOf } from '../http/conditional.ts'
import { idempotencyKeyOf, reasonOf } from '../http/headers.ts'
import { flagOf, onlyParameters } from '../http/parameters.ts'
import { actorOf } from '../identity.ts'

/** What every write is told besides its input. */
export type WriteOptions = { dryRun: boolean; reason: string | null }

/** `?dry_run=` and the reason, of a write that takes no other parameters but `more`. */
export function writeOptionsOf(request: FastifyRequest, more: readonly string[] = []): WriteOptions {
  const given: { [name: string]: string | undefined } = onlyParameters(request, [
    'dry_run',
    'reason',
    ...more,
  ])
  return { dryRun: flagOf('dry_run', given.dry_run), reason: reasonOf(request, given.reason) }
}

/** A request as a call of an action. */
export function callOf(
  request: FastifyRequest,
  resource: Resource,
  action: string,
  rest: Pick<Perform, 'targets' | 'input' | 'ifVersion'>,
): Perform {
  return {
    actor: actorOf(request),
    resource: resource.name,
    action,
    ...writeOptionsOf(request),
    key: idempotencyKeyOf(request),
    requestId: request.id,
    ...rest,
  }
}

/** The version that the call is meant for. Of several that are accepted, the one that the record is at. */
export async function expectedVersion(
  engine: Engine,
  request: FastifyRequest,
  resource: Resource,
  id: string,
): Promise<{ ifVersion?: number }> {
  const versions = versionsOf(request)
  if (!versions) return {}
  if (versions.length === 1) return { ifVersion: versions[0] }
  const { version } = await readOne(engine, actorOf(request), resource.name, id, { fields: ['version'] })
  return { ifVersion: versions.find((each) => each === version) ?? versions[0] }
}

/** If-Match names one version of one record; where there is none or many, ignoring it would break its promise. */
export function refuseIfMatch(request: FastifyRequest): void {
  if (request.headers['if-match'] !== undefined)
    throw badRequest('if_match', 'If-Match is for a change of one record. Leave it out here.')
}

/** The body as an object, empty when there is none. */
export function objectOf(body: unknown): Row {
  if (body === undefined) return {}
  if (typeof body === 'object' && body !== null && !Array.isArray(body)) return body as Row
  throw invalid([fault('', 'input.type', 'must be an object')], 'The body must be a JSON object.')
}

/** Headers that say what a call did: the change that it made, that it was a rehearsal, or that it had been done before. */
export function tellOutcome(
  reply: FastifyReply,
  outcome: Pick<Outcome, 'change' | 'replayed' | 'dryRun' | 'warnings'>,
): void {
  if (outcome.change) reply.header('serai-change', outcome.change)
  if (outcome.dryRun) reply.header('serai-dry-run', 'true')
  if (outcome.replayed) reply.header('idempotent-replayed', 'true')
  if (outcome.warnings?.length) reply.header('serai-warnings', warningsHeader(outcome.warnings))
}

const WARNINGS_CHARACTERS_MAX = 4_096

/** Warnings as a header: a JSON list of `{pointer, code, detail}` in ASCII, as many as 4 kB hold. */
export function warningsHeader(warnings: readonly Fault[]): string {
  const shown: string[] = []
  let length = 2
  for (const { path, code, detail } of warnings) {
    const text = ascii(JSON.stringify({ pointer: pointer(path), code, detail }))
    length += text.length + 1
    if (length > WARNINGS_CHARACTERS_MAX) break
    shown.push(text)
  }
  return `[${shown.join(',')}]`
}

function ascii(json: string): string {
  return json.replaceAll(/[^\x20-\x7e]/g, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`)
}

/** Answers with the one record of a call, and the ETag under which a read shows it. */
export function sendOne(reply: FastifyReply, outcome: Outcome): FastifyReply {
  const [record] = outcome.records
  if (record?.version !== undefined && !outcome.dryRun) reply.header('etag', recordTag(record))
  return reply.send({ ...record, ...outcome.answer })
}

/** An undo on the wire. */
export function undoBody({ change, restored, kept, dryRun }: UndoOutcome): Row {
  return { change, restored, kept, dry_run: dryRun }
}

/** For a call whose every choice is a parameter: a body that says something would be overlooked. */
export function refuseInput(body: unknown): void {
  const [name] = Object.keys(objectOf(body))
  if (name !== undefined)
    throw badRequest(
      'body',
      `This call takes no body, but got "${name.slice(0, 80)}". Its choices are query parameters.`,
    )
}
