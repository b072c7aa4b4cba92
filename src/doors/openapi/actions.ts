import type { Action } from '../../kernel/action.ts'
import type { JsonSchema } from '../../kernel/field.ts'
import { fieldSchema, inputFields } from '../../kernel/record.ts'
import type { Resource } from '../../kernel/resource.ts'
import type { Operation, Parameter } from '../http/route.ts'
import { json, jsonBody, WRITE_HEADERS, WRITE_PROBLEMS } from './answers.ts'
import { inputName, pascal, recordName, schemaRef } from './names.ts'
import {
  asOfParameter,
  idParameter,
  ifMatchParameter,
  keyParameter,
  query,
  writeParameters,
} from './parameters.ts'
import { inputSchema } from './schemas.ts'

type Verb = { resource: Resource; name: string; action: Action }

/** A verb on one record. */
export function onOne({ resource, name, action }: Verb): Operation {
  return {
    id: `${camel(name)}One${recordName(resource)}`,
    summary: action.description,
    tag: resource.plural,
    parameters: [idParameter, ...writeParameters, keyParameter, ifMatchParameter],
    body: inputBody({ resource, name, action }),
    answers: {
      200:
        action.effect === 'read'
          ? json('What it says.', { type: 'object' }, ['ETag', ...WRITE_HEADERS])
          : json('The record as it is now.', schemaRef(recordName(resource)), ['ETag', ...WRITE_HEADERS]),
    },
    problems: [404, 412, ...WRITE_PROBLEMS],
  }
}

/** A verb on many records: all of them, or none. */
export function onMany({ resource, name, action }: Verb): Operation {
  const ids: JsonSchema = {
    type: 'array',
    minItems: 1,
    maxItems: 1_000,
    items: { type: 'string' },
    description: 'ids or natural keys',
  }
  // The input's own schema is closed, so the two cannot simply be joined by allOf.
  const { properties, required = [], ...input } = inputSchema(action.input, action.partial ?? false)
  const body = {
    ...input,
    properties: { ids, ...(properties as JsonSchema) },
    required: ['ids', ...(required as string[])],
  }
  return {
    id: `${camel(name)}${pascal(resource.plural)}`,
    summary: `${action.description} On many records at once: all of them, or none.`,
    tag: resource.plural,
    parameters: [...writeParameters, keyParameter],
    body: jsonBody(body),
    answers: {
      200: json(
        'The records as they are now.',
        {
          type: 'object',
          properties: { items: { type: 'array', items: schemaRef(recordName(resource)) } },
          required: ['items'],
        },
        WRITE_HEADERS,
      ),
    },
    problems: [404, ...WRITE_PROBLEMS],
  }
}

/** A verb on no record. */
export function onNone({ resource, name, action }: Verb): Operation {
  return {
    id: `${camel(name)}${pascal(resource.plural)}`,
    summary: action.description,
    tag: resource.plural,
    parameters: [...writeParameters, keyParameter],
    body: inputBody({ resource, name, action }),
    answers: { 200: json('What it says.', { type: 'object' }, WRITE_HEADERS) },
    problems: WRITE_PROBLEMS,
  }
}

/** A question on one record. */
export function askOne(verb: Verb): Operation {
  const { resource, name, action } = verb
  return {
    id: `ask${pascal(name)}One${recordName(resource)}`,
    summary: action.description,
    tag: resource.plural,
    parameters: [idParameter, ...inputParameters(action)],
    answers: { 200: json('What it says.', { type: 'object' }) },
    problems: [404, 409, 422],
  }
}

/** A question on no record. */
export function askNone({ resource, name, action }: Verb): Operation {
  return {
    id: `ask${pascal(name)}${pascal(resource.plural)}`,
    summary: action.description,
    tag: resource.plural,
    parameters: [...inputParameters(action), asOfParameter],
    answers: { 200: json('What it says.', { type: 'object' }) },
    problems: [422],
  }
}

function inputBody({ resource, name, action }: Verb): Operation['body'] {
  const required = inputFields(action.input).some(
    ([, field]) => !field.optional && field.default === undefined,
  )
  return jsonBody(schemaRef(inputName(resource, name)), required && !action.partial)
}

function inputParameters(action: Action): Parameter[] {
  return inputFields(action.input).map(([name, field]) => ({
    ...query(name, field.description ?? `The ${name}.`, fieldSchema(field)),
    required: !field.optional && field.default === undefined,
  }))
}

function camel(name: string): string {
  const word = pascal(name)
  return word[0].toLowerCase() + word.slice(1)
}
