import type { Actor } from '../kernel/actor.ts'
import { type Fault, fault } from '../kernel/fault.ts'
import type { Row } from '../kernel/field.ts'
import { nearest } from '../kernel/nearest.ts'
import { conflict, notFound } from '../kernel/problem.ts'
import { all, compare, type Rule } from '../kernel/rule.ts'
import { resourceOf } from './lookup.ts'
import { faultsOfQuestion, type Parameters } from './query.ts'
import { read } from './read.ts'
import type { Engine } from './types.ts'

/** Views that are looked through for a name that resembles one that there is not. */
const VIEWS_MAX = 500
/** Parts of a view that only shape the answer: without them it shows more, and holds the same records. */
const SHAPES: readonly string[] = ['sort', 'fields', 'facets']

/** A question, and what had to be left out of it. */
export type Asked = { parameters: Parameters; warnings: readonly Fault[] }

/**
 * The parameters of a list with those of the view that `view` names, the actor's own or a shared one; what is given beside
 * it wins. A part that only shapes the answer and can no longer be asked is left out with a warning; a part that selects
 * records is a 409, for without it the answer would hold what nobody asked for.
 */
export async function withView(
  engine: Engine,
  actor: Actor,
  resourceName: string,
  given: Parameters,
): Promise<Asked> {
  const { view: name, ...parameters } = given
  if (typeof name !== 'string') return { parameters: given, warnings: [] }
  const resource = resourceOf(engine, resourceName)
  const view = await findView(engine, actor, resource.name, name)
  const kept = Object.entries(view.query as { [name: string]: string }).filter(
    ([each]) => !(each in parameters),
  )
  const faults = faultsOfQuestion(engine, resource.name, Object.fromEntries(kept))
  const broken = faults.find(({ path }) => !SHAPES.includes(path))
  if (broken)
    throw conflict(
      'view.broken',
      `The view ${name} can no longer be asked: ${broken.path}: ${broken.detail} Its owner (${view.owner}) can mend it; the list itself works without it.`,
      [{ ...broken, path: 'view' }],
    )
  const left = new Set(faults.map(({ path }) => path))
  return {
    parameters: { ...Object.fromEntries(kept.filter(([each]) => !left.has(each))), ...parameters },
    warnings: faults.map(({ path, detail }) =>
      fault(path, 'view.part', `of the view ${name} was left out: ${detail}`),
    ),
  }
}

async function findView(engine: Engine, actor: Actor, resource: string, name: string): Promise<Row> {
  const named = await viewsOf(engine, actor, resource, [compare('name', '=', name)])
  const found = named.find((each) => each.owner === actor.id) ?? named[0]
  if (found) return found
  const others = await viewsOf(engine, actor, resource, [])
  const names = [...new Set(others.map((each) => String(each.name)))]
  const meant = nearest(name, names)
  throw notFound(
    `There is no view "${name.slice(0, 80)}" of ${resource}; ${meant ? `did you mean ${meant}?` : `there are ${names.slice(0, 20).join(', ') || 'none'}.`}`,
  )
}

/** The views that the actor may use: its own and shared ones. */
async function viewsOf(engine: Engine, actor: Actor, resource: string, more: Rule[]): Promise<Row[]> {
  if (!engine.views) return []
  const { items } = await read(engine, actor, engine.views.name, {
    filter: all(compare('resource', '=', resource), ...more),
    sort: [{ field: 'name', descending: false }],
    limit: VIEWS_MAX,
    archived: 'without',
  })
  return items
}
