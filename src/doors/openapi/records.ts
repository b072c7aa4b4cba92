import type { JsonSchema } from '../../kernel/field.ts'
import { keepsHistory, keyLabel, type Resource } from '../../kernel/resource.ts'
import { JSON_TYPE, MERGE_PATCH } from '../http/body.ts'
import type { Operation } from '../http/route.ts'
import { json, jsonBody, read, WRITE_HEADERS, WRITE_PROBLEMS } from './answers.ts'
import { inputName, pascal, recordName, schemaRef } from './names.ts'
import {
  asOfParameter,
  idParameter,
  ifMatchParameter,
  ifNoneMatchParameter,
  keyParameter,
  listParameters,
  shapeParameters,
  writeParameters,
} from './parameters.ts'
import { pageSchema } from './schemas.ts'

/** What the documentation says of a list. */
export function list(resource: Resource): Operation {
  const facets = { type: 'object', description: 'field → values with their counts, largest first' }
  const count = {
    type: 'object',
    properties: { value: { type: 'integer' }, capped: { type: 'boolean' } },
    required: ['value', 'capped'],
  }
  const page = pageSchema(shown(resource), { facets, count })
  return {
    id: `list${pascal(resource.plural)}`,
    summary: `${resource.plural}, a page at a time. ${resource.description}`.trim(),
    tag: resource.plural,
    parameters: [...listParameters(resource), ifNoneMatchParameter],
    answers: read('A page.', page, ['Link', 'Serai-Warnings']),
    // A view may be missing, or no longer be askable.
    problems: [404, 409],
  }
}

/** What the documentation says of reading one record. */
export function one(resource: Resource): Operation {
  return {
    id: `get${recordName(resource)}`,
    summary: `One ${resource.name}, by id or by ${keyNames(resource)}; an archived one too.`,
    tag: resource.plural,
    parameters: [
      idParameter,
      ...shapeParameters(resource),
      ...(keepsHistory(resource) ? [asOfParameter] : []),
      ifNoneMatchParameter,
    ],
    answers: read('The record.', shown(resource)),
    problems: [404],
  }
}

/** What the documentation says of making records. */
export function create(resource: Resource): Operation {
  const input = schemaRef(inputName(resource, 'create'))
  const record = schemaRef(recordName(resource))
  const list = {
    type: 'object',
    properties: { items: { type: 'array', items: record } },
    required: ['items'],
  }
  const many = resource.actions.create.make !== undefined
  const schema = many
    ? { oneOf: [input, { type: 'array', minItems: 1, maxItems: 1_000, items: input }] }
    : input
  const answer = many ? { anyOf: [record, list] } : record
  return {
    id: `create${recordName(resource)}`,
    summary: resource.actions.create.description,
    tag: resource.plural,
    parameters: [...writeParameters, keyParameter],
    body: jsonBody(schema),
    answers: {
      200: json('What it would be (dry run).', answer, WRITE_HEADERS),
      201: json('What was made: the record, or the list of them.', answer, [
        'Location',
        'ETag',
        ...WRITE_HEADERS,
      ]),
    },
    problems: WRITE_PROBLEMS,
  }
}

/** What the documentation says of changing a record. */
export function update(resource: Resource): Operation {
  return {
    id: `update${recordName(resource)}`,
    summary: resource.actions.update.description,
    tag: resource.plural,
    parameters: [idParameter, ...writeParameters, keyParameter, ifMatchParameter],
    body: {
      types: [MERGE_PATCH, JSON_TYPE],
      schema: schemaRef(inputName(resource, 'update')),
      required: true,
    },
    answers: {
      200: json(
        'The record as it is now. Without Serai-Change: it was so already.',
        schemaRef(recordName(resource)),
        ['ETag', ...WRITE_HEADERS],
      ),
    },
    problems: [404, 412, ...WRITE_PROBLEMS],
  }
}

/** What the documentation says of putting a record away. */
export function archive(resource: Resource): Operation {
  return {
    id: `archive${recordName(resource)}`,
    summary: `Archives a ${resource.name}. It can be restored.`,
    tag: resource.plural,
    parameters: [idParameter, ...writeParameters, keyParameter, ifMatchParameter],
    body: jsonBody(schemaRef(inputName(resource, 'archive')), false),
    answers: {
      200: json('The record as it would be (dry run).', schemaRef(recordName(resource)), WRITE_HEADERS),
      204: { description: 'It is archived.', headers: WRITE_HEADERS },
    },
    problems: [404, 412, ...WRITE_PROBLEMS],
  }
}

/** A record as a read shows it: whole, or the fields that were asked for. */
function shown(resource: Resource): JsonSchema {
  const part = { type: 'object', description: 'under ?fields=: these fields alone' }
  return { anyOf: [schemaRef(recordName(resource)), part] }
}

function keyNames(resource: Resource): string {
  return keyLabel(resource, Object.fromEntries(resource.key.map((name) => [name, name])))
}
