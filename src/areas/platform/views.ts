import type { Action } from '../../kernel/action.ts'
import { type Fault, fault } from '../../kernel/fault.ts'
import type { Row } from '../../kernel/field.ts'
import { f } from '../../kernel/fields/index.ts'
import { Problem } from '../../kernel/problem.ts'
import { managedDefaults, resource } from '../../kernel/resource.ts'
import { all, any, compare, owns, role } from '../../kernel/rule.ts'
import type { Model } from '../../kernel/validation.ts'
import { archivable } from '../../traits/archivable.ts'

/** Parameters of a list that a view may keep. */
const KEPT = ['filter', 'sort', 'fields', 'facets', 'q', 'archived'] as const
const somebody = role('viewer', 'staff', 'manager', 'admin')

const fields = {
  name: f.text({
    min: 1,
    max: 60,
    line: true,
    pattern: /^[^~/?#]+$/,
    patternHint: 'without ~ / ? #',
  }),
  resource: f.text({ min: 1, max: 40, line: true, immutable: true }),
  owner: f.text({ managed: true }),
  shared: f.boolean({ default: false, facet: true, description: 'everybody may use it' }),
  query: f.json({ description: `what a list is asked: ${KEPT.join(', ')}` }),
  description: f.text({ optional: true, max: 500 }),
}

const create: Action = {
  description: 'Keeps a question under a name.',
  effect: 'write',
  on: 'collection',
  input: Object.fromEntries(Object.entries(fields).filter(([, field]) => !field.managed)),
  make: ({ input, actor }) => ({
    ...managedDefaults(savedView.fields),
    ...input,
    owner: actor.id,
  }),
}

const check: Action = {
  description: 'Says what of the view can no longer be asked: a field that is gone, another kind.',
  effect: 'read',
  on: 'records',
  input: {},
  run: async ([row], _call, _tx, model) => ({ answer: { problems: answerable(row, model) } }),
}

/** A question to a resource under a name: `?view=cheap_families`. Its owner changes it; who else sees it is `shared`. */
export const savedView = resource('saved_view', {
  description: 'Questions to lists, facets and exports, kept under a name: ?view=NAME.',
  fields,
  key: ['resource', 'name', 'owner'],
  traits: [archivable],
  checks: [answerable],
  without: ['create'],
  access: {
    read: all(somebody, any(owns('owner'), compare('shared', '=', true))),
    write: all(somebody, owns('owner')),
    check: all(somebody, any(owns('owner'), compare('shared', '=', true))),
  },
  actions: { create, check },
})

/** A view is kept when its resource can be asked so. */
function answerable(row: Row, model: Model): Fault[] {
  if (row.archived_at) return []
  const query = row.query as { [name: string]: unknown }
  const faults = Object.entries(query).flatMap(([name, value]) => {
    if (!(KEPT as readonly string[]).includes(name))
      return [fault(`query.${name}`, 'query.unknown', `a view keeps ${KEPT.join(', ')}, not ${name}`)]
    return typeof value === 'string' && value !== ''
      ? []
      : [fault(`query.${name}`, 'query.type', 'must be a text, as in a URL', value)]
  })
  if (faults.length) return faults
  try {
    return model.question(row.resource as string, query as { [name: string]: string }).map((each) => ({
      ...each,
      path: `query.${each.path}`,
    }))
  } catch (error) {
    if (!(error instanceof Problem)) throw error
    return [fault('resource', 'resource.unknown', error.message, row.resource)]
  }
}
