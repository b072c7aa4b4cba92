import type { Resource } from '../../kernel/resource.ts'
import type { Operation } from '../http/route.ts'
import { json, jsonBody, read, WRITE_HEADERS, WRITE_PROBLEMS } from './answers.ts'
import { pascal, recordName, schemaRef } from './names.ts'
import {
  asOfParameter,
  beforeParameter,
  idParameter,
  ifNoneMatchParameter,
  keyParameter,
  limitParameter,
  query,
  writeParameters,
} from './parameters.ts'
import { pageSchema } from './schemas.ts'

const TAG = 'log'
const EVENTS = pageSchema(schemaRef('Event'))

/** What the documentation says of the history of a record. */
export function history(resource: Resource): Operation {
  return {
    id: `historyOf${recordName(resource)}`,
    summary: `What happened to a ${resource.name}, newest first.`,
    tag: resource.plural,
    parameters: [idParameter, limitParameter, beforeParameter, ifNoneMatchParameter],
    answers: read('A page of events.', EVENTS, ['Link']),
    problems: [404],
  }
}

export const events: Operation = {
  id: 'listEvents',
  summary: 'What happened, newest first.',
  tag: TAG,
  parameters: [
    query('resource', 'Only of this resource.'),
    query('record', 'Only of the record with this id.', { type: 'string', format: 'uuid' }),
    query('change', 'Only of this change.', { type: 'string', format: 'uuid' }),
    query('actor', 'Only what this actor did.'),
    query('action', 'Only what this action did.'),
    query('trace', 'Only what was done under this trace (W3C Trace Context).', {
      type: 'string',
      pattern: '^[0-9a-f]{32}$',
    }),
    limitParameter,
    beforeParameter,
    ifNoneMatchParameter,
  ],
  answers: read('A page of events.', EVENTS, ['Link']),
  problems: [404],
}

export const changes: Operation = {
  id: 'listChanges',
  summary: 'Calls that changed something, newest first.',
  tag: TAG,
  parameters: [limitParameter, beforeParameter, ifNoneMatchParameter],
  answers: read('A page of changes.', pageSchema(schemaRef('Change')), ['Link']),
}

export const change: Operation = {
  id: 'getChange',
  summary: 'One change.',
  tag: TAG,
  parameters: [{ ...idParameter, description: 'The id of the change.' }, ifNoneMatchParameter],
  answers: read('The change.', schemaRef('Change')),
  problems: [404],
}

export const undo: Operation = {
  id: 'undoChange',
  summary:
    'Takes a change back: every value that it wrote and nobody changed since. The undo is a change too, so it can be undone.',
  tag: TAG,
  parameters: [{ ...idParameter, description: 'The id of the change.' }, ...writeParameters, keyParameter],
  body: jsonBody({ type: 'object', maxProperties: 0 }, false),
  answers: {
    200: json('What was put back, and what was left alone.', schemaRef('Undo'), WRITE_HEADERS),
  },
  problems: [404, ...WRITE_PROBLEMS],
}

/** What the documentation says of the undo of an undo. */
export const redo: Operation = {
  ...undo,
  id: 'redoChange',
  summary:
    'Takes the last undo of a change back: what it put away comes again. 409 when the change is not undone.',
}

/** What the documentation says of the comparison with another time. */
export function diff(resource: Resource): Operation {
  return {
    id: `diffOf${pascal(resource.plural)}`,
    summary: `The ${resource.plural} that are not as they stood at a time, field by field.`,
    tag: resource.plural,
    parameters: [
      { ...asOfParameter, required: true, description: 'Since when.' },
      { ...asOfParameter, name: 'until', description: 'Until when; now when absent.' },
      limitParameter,
      query('cursor', 'Where the page before ended: its `next`.'),
    ],
    answers: { 200: json('A page of differences.', pageSchema(schemaRef('Difference')), ['Link']) },
  }
}

export const describe: Operation = {
  id: 'describe',
  summary: 'The resources that the caller may read: their fields, keys and open actions.',
  tag: TAG,
  parameters: [ifNoneMatchParameter],
  answers: read('The description.', schemaRef('Description')),
}
