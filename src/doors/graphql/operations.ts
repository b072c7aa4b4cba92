import type { JsonSchema } from '../../kernel/field.ts'
import { JSON_TYPE } from '../http/body.ts'
import type { Answer, Operation } from '../http/route.ts'
import { jsonBody } from '../openapi/answers.ts'
import { query } from '../openapi/parameters.ts'

const TAG = 'graphql'
const text: JsonSchema = { type: 'string' }
const object: JsonSchema = { type: ['object', 'null'] }
const RESPONSE_TYPE = 'application/graphql-response+json'

const error: JsonSchema = {
  type: 'object',
  properties: { message: text, locations: { type: 'array' }, path: { type: 'array' }, extensions: object },
  required: ['message'],
}
const result: JsonSchema = {
  type: 'object',
  properties: { data: object, errors: { type: 'array', items: error } },
}

/** A result, whether it holds data or errors; those of the whole request have a status of 4xx for clients that ask for it. */
const answers: { [status: number]: Answer } = {
  200: {
    description: 'A result; for a subscription its messages.',
    types: [JSON_TYPE, RESPONSE_TYPE, 'text/event-stream'],
    schema: result,
  },
  400: {
    description: 'The request is no GraphQL of this schema, or larger than a limit.',
    types: [JSON_TYPE, RESPONSE_TYPE],
    schema: result,
  },
  405: { description: 'GET is for queries.', types: [JSON_TYPE, RESPONSE_TYPE], schema: result },
  406: { description: 'None of the types that are accepted can be given.' },
}

/** What the documentation says of GraphQL; its own schema is told by introspection. */
export const operations: { get: Operation; post: Operation } = {
  get: {
    id: 'graphqlQuery',
    summary: 'A GraphQL query.',
    tag: TAG,
    parameters: [
      { ...query('query', 'The document.'), required: true },
      query('operationName', 'Which of its operations.'),
      query('variables', 'Its variables, JSON.'),
      query('extensions', 'JSON; nothing is known of them here.'),
    ],
    answers,
  },
  post: {
    id: 'graphql',
    summary: 'A GraphQL query, mutation or subscription (over SSE).',
    tag: TAG,
    body: jsonBody({
      type: 'object',
      properties: {
        query: text,
        operationName: { type: ['string', 'null'] },
        variables: object,
        extensions: object,
      },
      required: ['query'],
    }),
    answers,
    problems: [413, 415],
  },
}
