import type { Row } from '../../src/kernel/field.ts'
import type { How, Outcome, Way } from './way.ts'

type Arguments<Verb extends keyof Way> = Parameters<Way[Verb]> extends [...infer Given, How] ? Given : never
type StepOf<Verb extends keyof Way> = {
  do: [Verb, ...Arguments<Verb>]
  how?: How
  /** all that comes out, but for the change. `change: true`: there is one; absent: there is none. */
  gives: Omit<Outcome, 'change' | 'next'> & { change?: true; next?: true }
}
/** `$change` in an argument is the last change, `$before` and `$time` those of the last event at `remember`, `$next` the cursor. */
export type Step = { [Verb in keyof Way]: StepOf<Verb> }[keyof Way] | { remember: true }
export type Scenario = {
  name: string
  steps: Step[]
  /** `action key version effect`, in the order of the log. */
  events: string[]
}

export const tour = (product_id: string, category: string, more: Row = {}): Row => ({
  product_id,
  product_name: `Tour ${product_id}`,
  pricing: [{ tier_name: 'Adult', price: { amount: 14_900, currency: 'AED' } }],
  inclusions: [],
  category,
  ...more,
})
const three = [tour('A', 'Sea'), tour('B', 'Air'), tour('C', 'Sea')]
const MADE: Step = { do: ['create', three], gives: { rows: ['A Sea', 'B Air', 'C Sea'], change: true } }
const made = ['create A 1 added', 'create B 1 added', 'create C 1 added']
const viewer = { as: 'viewer-token' }
const nobody = { as: 'nobody-token' }

/** The same at every door. */
export const scenarios: Scenario[] = [
  {
    name: 'records are made, one or many',
    steps: [{ do: ['create', tour('Z', 'Sea')], gives: { rows: ['Z Sea'], change: true } }, MADE],
    events: ['create Z 1 added', ...made],
  },
  {
    name: 'a key that is taken',
    steps: [
      MADE,
      {
        do: ['create', tour('A', 'Sea')],
        gives: { problem: 'unique', faults: ['/product_id product_id.unique'] },
      },
    ],
    events: made,
  },
  {
    name: 'several faults at once',
    steps: [
      {
        do: [
          'create',
          { product_id: '', pricing: [{ tier_name: '', price: { amount: -1, currency: 'AED' } }] },
        ],
        gives: {
          problem: 'invalid',
          faults: [
            '/inclusions inclusions.required',
            '/pricing/0/price price.min',
            '/pricing/0/tier_name tier_name.empty',
            '/product_id product_id.empty',
            '/product_name product_name.required',
          ],
        },
      },
    ],
    events: [],
  },
  {
    name: 'a rule over the whole record',
    steps: [
      MADE,
      {
        do: ['update', 'A', { pricing: [] }],
        gives: { problem: 'invalid', faults: ['/pricing pricing.required_when_active'] },
      },
    ],
    events: made,
  },
  {
    name: 'a change, and one that changes nothing',
    steps: [
      MADE,
      { do: ['update', 'A', { category: 'Land' }], gives: { rows: ['A Land'], change: true } },
      { do: ['update', 'A', { category: 'Land' }], gives: { rows: ['A Land'] } },
      { do: ['history', 'A'], gives: { history: ['update 2', 'create 1'] } },
    ],
    events: [...made, 'update A 2 changed'],
  },
  {
    name: 'a version that is stale',
    steps: [
      MADE,
      {
        do: ['update', 'A', { category: 'Land' }],
        how: { ifVersion: 1 },
        gives: { rows: ['A Land'], change: true },
      },
      {
        do: ['update', 'A', { category: 'Snow' }],
        how: { ifVersion: 1 },
        gives: { problem: 'version', faults: [] },
      },
    ],
    events: [...made, 'update A 2 changed'],
  },
  {
    name: 'a list: filtered, sorted, in pages',
    steps: [
      MADE,
      { do: ['list', { filter: 'category == "Sea"' }], gives: { rows: ['A Sea', 'C Sea'] } },
      { do: ['list', { q: 'tour b' }], gives: { rows: ['B Air'] } },
      {
        do: ['list', { sort: ['category', '-product_id'], limit: 2 }],
        gives: { rows: ['B Air', 'C Sea'], next: true },
      },
      {
        do: ['list', { sort: ['category', '-product_id'], limit: 2, cursor: '$next' }],
        gives: { rows: ['A Sea'] },
      },
      {
        do: ['list', { facets: ['category', 'active'], count: true, sort: ['product_id'] }],
        gives: {
          rows: ['A Sea', 'B Air', 'C Sea'],
          count: 3,
          facets: { category: ['Sea 2', 'Air 1'], active: ['true 3'] },
        },
      },
    ],
    events: made,
  },
  {
    name: 'a list that cannot be',
    steps: [
      {
        do: ['list', { filter: 'colour == 1' }],
        gives: { problem: 'filter', faults: ['/filter expression.name'] },
      },
      { do: ['list', { sort: ['colour'] }], gives: { problem: 'sort', faults: [] } },
      { do: ['list', { limit: 501 }], gives: { problem: 'limit', faults: [] } },
      { do: ['list', { cursor: 'nonsense' }], gives: { problem: 'cursor', faults: [] } },
      { do: ['list', { as_of: 'yesterday' }], gives: { problem: 'as_of', faults: [] } },
    ],
    events: [],
  },
  {
    name: 'put away and brought back',
    steps: [
      MADE,
      {
        do: ['act', 'archive', ['A', 'B'], {}],
        how: { reason: 'winter' },
        gives: { rows: ['A Sea (archived)', 'B Air (archived)'], change: true },
      },
      { do: ['list', {}], gives: { rows: ['C Sea'] } },
      {
        do: ['list', { archived: 'only', filter: 'category == "Air"' }],
        gives: { rows: ['B Air (archived)'] },
      },
      {
        do: ['update', 'A', { category: 'Land' }],
        // A file that names an archived record brings it back.
        how: { ifVersion: 2 },
        gives: { problem: 'archived', faults: [] },
      },
      { do: ['act', 'restore', ['A'], {}], gives: { rows: ['A Sea'], change: true } },
    ],
    events: [...made, 'archive A 2 removed', 'archive B 2 removed', 'restore A 3 added'],
  },
  {
    name: 'verbs of its own',
    steps: [
      MADE,
      { do: ['act', 'lock', ['A'], { fields: ['category'] }], gives: { rows: ['A Sea'], change: true } },
      {
        do: ['act', 'lock', ['A'], { fields: ['colour'] }],
        gives: { problem: 'invalid', faults: ['/fields fields.unknown'] },
      },
      {
        do: ['act', 'nuke', [], {}],
        how: { as: 'owner-token', reason: 'nuke' },
        gives: { answer: { archived: 3 }, change: true },
      },
      { do: ['undo', '$change'], how: { as: 'owner-token' }, gives: { restored: 3, kept: [], change: true } },
    ],
    events: [
      ...made,
      'lock A 2 changed',
      'nuke A 3 removed',
      'nuke B 2 removed',
      'nuke C 2 removed',
      'undo A 4 added',
      'undo B 3 added',
      'undo C 3 added',
    ],
  },
  {
    name: 'a rehearsal writes nothing',
    steps: [
      MADE,
      { do: ['create', tour('D', 'Air')], how: { dryRun: true }, gives: { rows: ['D Air'] } },
      { do: ['update', 'A', { active: false }], how: { dryRun: true }, gives: { rows: ['A Sea (off)'] } },
      {
        do: ['create', tour('A', 'Air')],
        how: { dryRun: true },
        gives: { problem: 'unique', faults: ['/product_id product_id.unique'] },
      },
      { do: ['act', 'archive', ['A'], {}], how: { dryRun: true }, gives: { rows: ['A Sea (archived)'] } },
      { do: ['list', {}], gives: { rows: ['A Sea', 'B Air', 'C Sea'] } },
    ],
    events: made,
  },
  {
    name: 'taken back and done again',
    steps: [
      MADE,
      {
        do: ['update', 'A', { category: 'Land', active: false }],
        how: { reason: 'closed' },
        gives: { rows: ['A Land (off)'], change: true },
      },
      { do: ['undo', '$change'], how: { dryRun: true }, gives: { restored: 1, kept: [] } },
      { do: ['undo', '$change'], how: { reason: 'mistake' }, gives: { restored: 1, kept: [], change: true } },
      { do: ['list', { filter: 'product_id == "A"' }], gives: { rows: ['A Sea'] } },
      { do: ['undo', '$change'], gives: { restored: 1, kept: [], change: true } },
      { do: ['list', { filter: 'product_id == "A"' }], gives: { rows: ['A Land (off)'] } },
    ],
    events: [...made, 'update A 2 changed', 'undo A 3 changed', 'undo A 4 changed'],
  },
  {
    name: 'what was changed since is kept',
    steps: [
      MADE,
      {
        do: ['update', 'A', { category: 'Land', active: false }],
        gives: { rows: ['A Land (off)'], change: true },
      },
      { remember: true },
      { do: ['update', 'A', { category: 'Snow' }], gives: { rows: ['A Snow (off)'], change: true } },
      { do: ['undo', '$before'], gives: { restored: 1, kept: ['A category'], change: true } },
      { do: ['redo', '$before'], gives: { restored: 1, kept: [], change: true } },
      { do: ['list', { filter: 'product_id == "A"' }], gives: { rows: ['A Snow (off)'] } },
    ],
    events: [...made, 'update A 2 changed', 'update A 3 changed', 'undo A 4 changed', 'undo A 5 changed'],
  },
  {
    name: 'as it stood',
    steps: [
      MADE,
      { remember: true },
      { do: ['update', 'B', { category: 'Land' }], gives: { rows: ['B Land'], change: true } },
      { do: ['act', 'archive', ['A'], {}], gives: { rows: ['A Sea (archived)'], change: true } },
      { do: ['list', {}], gives: { rows: ['B Land', 'C Sea'] } },
      { do: ['list', { as_of: '$time' }], gives: { rows: ['A Sea', 'B Air', 'C Sea'] } },
      {
        do: ['list', { as_of: '$time', facets: ['category'], sort: ['-product_id'] }],
        gives: { rows: ['C Sea', 'B Air', 'A Sea'], facets: { category: ['Sea 2', 'Air 1'] } },
      },
    ],
    events: [...made, 'update B 2 changed', 'archive A 2 removed'],
  },
  {
    name: 'what is not there',
    steps: [
      { do: ['get', 'Z'], gives: { problem: 'not_found', faults: [] } },
      {
        do: ['update', 'Z', { category: 'Sea' }],
        how: { ifVersion: 1 },
        gives: { problem: 'not_found', faults: [] },
      },
      { do: ['history', 'Z'], gives: { problem: 'not_found', faults: [] } },
      { do: ['undo', '01a1fc79-9933-7001-97df-8756f2f2114d'], gives: { problem: 'not_found', faults: [] } },
      { do: ['redo', 'nonsense'], gives: { problem: 'not_found', faults: [] } },
    ],
    events: [],
  },
  {
    name: 'what a role may not',
    steps: [
      MADE,
      { do: ['create', tour('D', 'Sea')], how: viewer, gives: { problem: 'forbidden', faults: [] } },
      { do: ['update', 'A', { category: 'Sea' }], how: viewer, gives: { problem: 'forbidden', faults: [] } },
      { do: ['act', 'archive', ['A'], {}], how: viewer, gives: { problem: 'forbidden', faults: [] } },
      { do: ['act', 'nuke', [], {}], how: viewer, gives: { problem: 'forbidden', faults: [] } },
      { do: ['undo', '$change'], how: viewer, gives: { problem: 'forbidden', faults: [] } },
      { do: ['list', {}], how: viewer, gives: { rows: ['A Sea', 'B Air', 'C Sea'] } },
      { do: ['list', {}], how: nobody, gives: { problem: 'forbidden', faults: [] } },
      { do: ['ask', 'stats'], how: nobody, gives: { problem: 'forbidden', faults: [] } },
      { do: ['history', 'A'], how: nobody, gives: { problem: 'forbidden', faults: [] } },
    ],
    events: made,
  },
]
