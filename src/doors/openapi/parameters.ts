import type { JsonSchema } from '../../kernel/field.ts'
import { keepsHistory, type Resource, shownFields } from '../../kernel/resource.ts'
import type { Parameter } from '../http/route.ts'

/** A query parameter. */
export function query(name: string, description: string, schema: JsonSchema = { type: 'string' }): Parameter {
  return { name, in: 'query', description, schema }
}

const flag: JsonSchema = { type: 'boolean', default: false }

/** Which record. */
export const idParameter: Parameter = {
  name: 'id',
  in: 'path',
  required: true,
  description: 'The id of the record, or its natural key (the parts of a key of several fields joined by ~).',
  schema: { type: 'string' },
}

export const dryRunParameter = query(
  'dry_run',
  'Shows what would happen, under the real constraints, and writes nothing.',
  flag,
)
export const reasonParameter = query(
  'reason',
  'Why; kept with every event. The header Serai-Reason says the same.',
)

/** Every write takes them. */
export const writeParameters: readonly Parameter[] = [
  dryRunParameter,
  reasonParameter,
  {
    name: 'Serai-Reason',
    in: 'header',
    description: "Why; plain ASCII, or RFC 8187 for other letters: UTF-8''caf%C3%A9",
    schema: { type: 'string' },
  },
]

/** The same request with the same key is done once, and answered again. */
export const keyParameter: Parameter = {
  name: 'Idempotency-Key',
  in: 'header',
  description:
    'The same key with the same request is done once and answered again; with another request it is refused.',
  schema: { type: 'string', minLength: 1, maxLength: 255 },
}

/** Writes of one record. */
export const ifMatchParameter: Parameter = {
  name: 'If-Match',
  in: 'header',
  description: 'The ETag of the version that the change is meant for; 412 when the record moved on.',
  schema: { type: 'string' },
}

export const ifNoneMatchParameter: Parameter = {
  name: 'If-None-Match',
  in: 'header',
  description: 'The ETag that the caller holds; 304 when it is still the current one.',
  schema: { type: 'string' },
}

export const limitParameter = query('limit', 'Size of the page.', {
  type: 'integer',
  minimum: 1,
  maximum: 500,
  default: 50,
})
export const beforeParameter = query('before', 'Where the page before ended: its `next`.')

/** The past instead of now. */
export const asOfParameter = query('as_of', 'As it stood at this time instead of now.', {
  type: 'string',
  format: 'date-time',
})

/** What selects the records of a list or an export. */
export function selectionParameters(resource: Resource): Parameter[] {
  const search = resource.traits.includes('searchable')
    ? [query('q', 'Words to search for; beginnings of words, accents and slips of the pen are understood.')]
    : []
  const equalities = shownFields(resource).filter(([, field]) => field.operators.includes('='))
  return [
    ...search,
    query('filter', 'A condition in CEL: `category == "Family" && duration_hours <= 4`.', {
      type: 'string',
      maxLength: 4_096,
    }),
    query('view', 'A saved view, your own or a shared one; parameters given beside it win.'),
    query('archived', 'Archived records: only them, or with the others.', {
      enum: ['only', 'with', 'without'],
    }),
    ...(keepsHistory(resource) ? [asOfParameter] : []),
    ...equalities.map(([name]) => query(name, `Only records whose ${name} is this; empty for none.`)),
  ]
}

/** How the records of an answer are shown. */
export function shapeParameters(resource: Resource): Parameter[] {
  const references = namesOf(resource, (name, to) => name !== 'id' && to !== undefined)
  return [
    query('fields', 'Names of the fields to show, joined by commas; the answer then holds only these.'),
    ...(references.length
      ? [query('expand', `References whose records come along, joined by commas: ${references.join(', ')}.`)]
      : []),
  ]
}

/** Everything that a list takes. */
export function listParameters(resource: Resource): Parameter[] {
  const facets = shownFields(resource)
    .filter(([, field]) => field.facet)
    .map(([name]) => name)
  return [
    ...selectionParameters(resource),
    query('sort', 'Fields to sort by, joined by commas; `-` before a name turns it round.'),
    limitParameter,
    query('cursor', 'Where the page before ended: its `next`.'),
    ...shapeParameters(resource),
    ...(facets.length
      ? [query('facets', `Fields whose values are counted, joined by commas: ${facets.join(', ')}.`)]
      : []),
    query('count', 'Counts the matching records.', flag),
  ]
}

function namesOf(resource: Resource, wanted: (name: string, to: string | undefined) => boolean): string[] {
  return shownFields(resource).flatMap(([name, field]) => (wanted(name, field.to) ? [name] : []))
}
