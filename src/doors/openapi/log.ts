import type { Resource } from '../../kernel/resource.ts'
import type { Operation } from '../http/route.ts'
import { json, jsonBody, read, WRITE_HEADERS, WRITE_PROBLEMS } from './answers.ts'
import { recordName, schemaRef } from './names.ts'
import {
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

export const describe: Operation = {
  id: 'describe',
  summary: 'The resources that the caller may read: their fields, keys and open actions.',
  tag: TAG,
  parameters: [ifNoneMatchParameter],
  answers: read('The description.', schemaRef('Description')),
}
