import type { Actor } from '../../kernel/actor.ts'
import type { Row } from '../../kernel/field.ts'
import { type Access, fieldsOpen } from '../../kernel/grants/access.ts'
import { EVERYONE, type Grant, type Holder, SYSTEM } from '../../kernel/grants/grant.ts'
import { parsePermission } from '../../kernel/grants/permission.ts'
import { badRequest, forbidden, notFound } from '../../kernel/problem.ts'
import { keyLabel, type Resource } from '../../kernel/resource.ts'
import { isEverybody, isNobody, matches } from '../../kernel/rule.ts'
import { loadTargets } from '../load.ts'
import { accessTo, mayAll, resourceOf } from '../lookup.ts'
import { queryOf } from '../rules.ts'
import type { Engine } from '../types.ts'
import { ruleText } from './text.ts'

/** Whose rights are asked for: one's own when nobody is named. */
export type Subject = { [kind in Holder['kind']]?: string | undefined }

/** Why somebody may do something, or not. `depends` is never a yes: it is for the record to say. */
export type Explanation = {
  actor: string
  permission: string
  record: string | null
  decision: 'allow' | 'deny' | 'depends'
  /** one sentence for people. */
  because: string
  /** the condition on records, in CEL; null when every record will do or none. */
  rule: string | null
  /** the fields that are open on the record; null for all. */
  fields: { except: boolean; names: string[] } | null
  by: GrantLine[]
  denied_by: GrantLine[]
}
export type GrantLine = {
  id: string
  holder: string
  permission: string
  rule: string | null
  fields: readonly string[] | null
  until: string | null
  by: string
  reason: string
}
export type Effective = Pick<Explanation, 'permission' | 'decision' | 'rule'> & { by: GrantLine[] }

/** The decision on one permission, with the grants that made it. A record must be one that the asker may read. */
export async function explainAccess(
  engine: Engine,
  asker: Actor,
  { permission: text, record, ...subject }: Subject & { permission: string; record?: string | undefined },
): Promise<Explanation> {
  const permission = parsePermission(text)
  if (!permission || permission.resource === '*' || permission.verb === '*')
    throw badRequest('parameter', 'permission must name one resource and one verb, such as product:update.')
  const resource = resourceOf(engine, permission.resource)
  if (!engine.access.reach(resource.name, permission.verb))
    throw badRequest(
      'parameter',
      `Nobody can be let ${permission.verb} ${resource.plural}; there are ${Object.keys(resource.access).join(', ')}.`,
    )
  const actor = await subjectOf(engine, asker, subject)
  const [row] = record
    ? await loadTargets(engine, engine.pool, resource, asker, [record], false)
    : [undefined]
  return explain(engine, actor, resource, permission.verb, row)
}

/** All that somebody may do, with where it comes from and when it ends. */
export async function effectiveAccess(
  engine: Engine,
  asker: Actor,
  subject: Subject,
): Promise<{ actor: string; roles: readonly string[]; permissions: Effective[] }> {
  const actor = await subjectOf(engine, asker, subject)
  const permissions = [...engine.resources.values()].flatMap((resource) =>
    Object.keys(resource.access).flatMap((verb) => {
      const { permission, decision, rule, by } = explain(engine, actor, resource, verb, undefined)
      return decision === 'deny' ? [] : [{ permission, decision, rule, by }]
    }),
  )
  return { actor: actor.id, roles: actor.roles, permissions }
}

function explain(
  engine: Engine,
  actor: Actor,
  resource: Resource,
  verb: string,
  row: Row | undefined,
): Explanation {
  const access = accessTo(engine, actor, resource, verb)
  const speaking = engine.access
    .grants(actor, resource.name, verb)
    .filter(({ rule }) => row === undefined || rule === null || matches(rule, row, actor))
  const lines = (effect: Grant['effect']) =>
    speaking.filter((grant) => grant.effect === effect).map((grant) => lineOf(resource, grant))
  const conditional = !isNobody(access.rule) && !isEverybody(access.rule)
  const open = row && matches(access.rule, row, actor) ? fieldsOpen(access, row, actor) : access.always
  const said = {
    actor: actor.id,
    permission: `${resource.name}:${verb}`,
    record: (row?.id as string | undefined) ?? null,
    decision: decide(engine, actor, resource, access, row),
    rule: conditional ? ruleText(resource, access.rule) : null,
    fields: open && { except: open.except, names: [...open.names].sort() },
    by: lines('allow'),
    denied_by: lines('deny'),
  }
  return { ...said, because: sentence(said, actor, resource, verb, row) }
}

/** What one may not read is not there for any other verb either. */
function decide(
  engine: Engine,
  actor: Actor,
  resource: Resource,
  access: Access,
  row: Row | undefined,
): Explanation['decision'] {
  if (isNobody(access.rule)) return 'deny'
  if (row === undefined) return isEverybody(access.rule) ? 'allow' : 'depends'
  const readable = matches(accessTo(engine, actor, resource, 'read').rule, row, actor)
  return readable && matches(access.rule, row, actor) ? 'allow' : 'deny'
}

function sentence(
  { decision, by, denied_by, rule }: Omit<Explanation, 'because'>,
  actor: Actor,
  resource: Resource,
  verb: string,
  row: Row | undefined,
): string {
  const what = row ? `${resource.name} ${keyLabel(resource, row)}` : resource.plural
  const from = (lines: GrantLine[]) =>
    [...new Set(lines.map(({ holder, permission }) => `${holder} (${permission})`))].join(', ')
  const unconditional = by.filter((line) => line.rule === null)
  if (decision === 'allow')
    return `${actor.name} may ${verb} ${what}, by ${from(unconditional.length ? unconditional : by)}.`
  if (decision === 'depends')
    return `${actor.name} may ${verb} ${what} for which this holds: ${rule}; by ${from(by)}.`
  const whole = denied_by.filter(({ fields }) => fields === null)
  if (whole.length) return `${actor.name} may not ${verb} ${what}: it is denied by ${from(whole)}.`
  if (by.length === 0) return `${actor.name} may not ${verb} ${what}: nothing that it holds allows it.`
  return `${actor.name} may not ${verb} ${what}: what ${from(by)} allows does not reach to it, or it cannot be read.`
}

function lineOf(
  resource: Resource,
  { id, holder, permission, rule, fields, until, by, reason }: Grant,
): GrantLine {
  return {
    id,
    holder: holderText(holder),
    permission,
    rule: rule && ruleText(resource, rule),
    fields,
    until: Number.isFinite(until) ? new Date(until).toISOString() : null,
    by,
    reason,
  }
}

function holderText({ kind, id }: Holder): string {
  if (kind === 'role' && id === EVERYONE) return 'everyone'
  if (kind === 'role' && id === SYSTEM) return 'the house itself'
  return kind === 'role' ? `role ${id}` : `${kind} ${id}`
}

/** Whoever asks for others must be one who may read grants. */
async function subjectOf(engine: Engine, asker: Actor, subject: Subject): Promise<Actor> {
  const named = (['role', 'user', 'client'] as const).filter((kind) => subject[kind])
  if (named.length > 1) throw badRequest('parameter', `Ask for one of ${named.join(' and ')}, not for both.`)
  const [kind] = named
  if (!kind || (kind === 'user' && subject.user === asker.user)) return asker
  const { grants } = engine
  if (!grants || !mayAll(engine, asker, resourceOf(engine, grants.resource), 'read'))
    throw forbidden(`${asker.name} may not see what others may do.`)
  const found = await grants.holder(queryOf(engine.pool), kind, subject[kind]!)
  if (!found) throw notFound(`There is no ${kind} "${subject[kind]!.slice(0, 80)}".`)
  return found.actor
}
