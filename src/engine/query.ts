import { type Fault, fault } from '../kernel/fault.ts'
import type { Field } from '../kernel/field.ts'
import { f } from '../kernel/fields/index.ts'
import { nearest } from '../kernel/nearest.ts'
import { badRequest, Problem } from '../kernel/problem.ts'
import { reading } from '../kernel/record.ts'
import { type Resource, shownFields } from '../kernel/resource.ts'
import { all, type Rule } from '../kernel/rule.ts'
import { fieldRule, filterField, parseFilter } from './filter.ts'
import { resourceOf } from './lookup.ts'
import type { Engine, Query, Sort } from './types.ts'

/** Records of a page when nothing is said, and at most. */
export const LIMIT_DEFAULT = 50
export const LIMIT_MAX = 500
const SORT_FIELDS_MAX = 5
const SEARCH_CHARACTERS_MAX = 500

const PARAMETERS = [
  'q',
  'filter',
  'sort',
  'limit',
  'cursor',
  'fields',
  'expand',
  'facets',
  'count',
  'archived',
  'as_of',
] as const

const moment = f.time()

export type Parameters = Record<string, string | string[] | undefined>

/** The query string of a list as a query. Everything that is wrong with it is a 400 that says what to write instead. */
export function parseQuery(engine: Engine, resourceName: string, parameters: Parameters): Query {
  const resource = resourceOf(engine, resourceName)
  const one = (name: string) => single(name, parameters[name])
  const query: Query = {
    sort: parseSort(resource, one('sort')),
    limit: parseLimit(one('limit')),
    archived: parseArchived(one('archived')),
    count: parseFlag('count', one('count')),
    filter: conditions(resource, one('filter'), parameters),
  }
  const q = one('q')?.trim()
  if (q && q.length > SEARCH_CHARACTERS_MAX)
    throw badRequest(
      'q.length',
      `q has ${q.length} characters; at most ${SEARCH_CHARACTERS_MAX} are allowed.`,
    )
  if (q && !resource.traits.includes('searchable'))
    throw badRequest('q', `${resource.plural} cannot be searched; use filter.`)
  return {
    ...query,
    ...(q ? { q } : {}),
    ...optional('cursor', one('cursor')),
    ...optional('asOf', parseTime('as_of', one('as_of'))),
    ...lists(resource, one),
  }
}

/** What is wrong with the parameters of a list, each by its name; a saved question is checked by it. */
export function faultsOfQuestion(engine: Engine, resourceName: string, parameters: Parameters): Fault[] {
  const { name: known } = resourceOf(engine, resourceName)
  return Object.entries(parameters).flatMap(([name, value]) => {
    try {
      parseQuery(engine, known, { [name]: value })
      return []
    } catch (error) {
      if (!(error instanceof Problem)) throw error
      return [{ ...(error.faults[0] ?? fault(name, error.code, error.message)), path: name }]
    }
  })
}

function lists(
  resource: Resource,
  one: (name: string) => string | undefined,
): Pick<Query, 'fields' | 'expand' | 'facets'> {
  const names = (parameter: string, may: (name: string, field: Field) => boolean, what: string) => {
    const text = one(parameter)
    if (!text) return {}
    const known = shownFields(resource).flatMap(([name, field]) => (may(name, field) ? [name] : []))
    const given = text
      .split(',')
      .map((name) => name.trim())
      .filter(Boolean)
    for (const name of given) if (!known.includes(name)) throw unknownName(parameter, name, known, what)
    return given.length ? { [parameter]: given } : {}
  }
  return {
    ...names('fields', () => true, 'a field'),
    ...names('expand', (name, { to }) => to !== undefined && name !== 'id', 'a reference'),
    ...names('facets', (_, { facet }) => facet === true, 'a facet'),
  }
}

function conditions(resource: Resource, filter: string | undefined, parameters: Parameters): Rule {
  const rules: Rule[] = filter ? [parseFilter(resource, filter)] : []
  for (const [name, value] of Object.entries(parameters)) {
    if (value === undefined || (PARAMETERS as readonly string[]).includes(name)) continue
    const fieldNames = shownFields(resource).map(([each]) => each)
    if (!fieldNames.includes(name))
      throw unknownName('query parameter', name, [...PARAMETERS, ...fieldNames], 'a parameter or a field')
    const wrong = (reason: string) => badRequest('parameter', `${name}: ${reason}.`)
    const text = single(name, value)
    rules.push(fieldRule(name, filterField(resource, name, wrong), '=', text === '' ? null : text, wrong))
  }
  return all(...rules)
}

function parseSort(resource: Resource, sort: string | undefined): Sort[] {
  if (!sort) return []
  const sortable = [...shownFields(resource)]
    .filter(([, field]) => field.operators.includes('<') || field.operators.includes('='))
    .map(([name]) => name)
  const names = sort
    .split(',')
    .map((each) => each.trim())
    .filter(Boolean)
  if (names.length > SORT_FIELDS_MAX)
    throw badRequest('sort', `At most ${SORT_FIELDS_MAX} fields can be sorted by.`)
  return names.map((each) => {
    const field = each.replace(/^[-+]/, '')
    if (!sortable.includes(field)) throw unknownName('sort', field, sortable, 'a field that can be sorted')
    return { field, descending: each.startsWith('-') }
  })
}

function parseLimit(limit: string | undefined): number {
  if (limit === undefined) return LIMIT_DEFAULT
  const number = Number(limit)
  if (!Number.isInteger(number) || number < 1 || number > LIMIT_MAX)
    throw badRequest('limit', `limit must be a whole number from 1 to ${LIMIT_MAX}, got "${limit}".`)
  return number
}

function parseArchived(archived: string | undefined): Query['archived'] {
  if (archived === undefined) return 'without'
  if (archived === 'only' || archived === 'with' || archived === 'without') return archived
  throw badRequest('archived', `archived must be "only" or "with", got "${archived}".`)
}

/** A moment in time (RFC 3339), in canonical form. */
export function parseTime(name: string, value: string | undefined): string | undefined {
  if (!value) return undefined
  const at = reading({ path: name })
  const time = moment.read(value, at)
  if (typeof time === 'string') return time
  throw badRequest(name, `${name} ${at.faults[0]?.detail ?? 'is no time'}.`)
}

function parseFlag(name: string, value: string | undefined): boolean {
  if (value === undefined || value === 'false') return false
  if (value === 'true' || value === '') return true
  throw badRequest(name, `${name} must be true or false, got "${value}".`)
}

function single(name: string, value: string | string[] | undefined): string | undefined {
  if (Array.isArray(value))
    throw badRequest('parameter', `${name} is given ${value.length} times; give it once.`)
  return value
}

function optional<Name extends string>(name: Name, value: string | undefined): { [Key in Name]?: string } {
  return (value ? { [name]: value } : {}) as { [Key in Name]?: string }
}

function unknownName(where: string, name: string, known: readonly string[], what: string): Error {
  const meant = nearest(name, known)
  return badRequest(
    where.replace(' ', '_'),
    `${where} "${name.slice(0, 80)}" is not ${what}${meant ? `; did you mean ${meant}?` : `; there are ${known.join(', ')}`}.`,
  )
}
