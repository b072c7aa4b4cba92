import {
  type DocumentNode,
  GraphQLError,
  type GraphQLSchema,
  getOperationAST,
  type ParseOptions,
  parse,
  type Source,
} from 'graphql'
import { badRequest, Problem } from '../../kernel/problem.ts'
import { type Measure, measure } from './measure.ts'

/** Bytes of a document; values belong into variables, where the limit of bodies holds. */
export const DOCUMENT_BYTES_MAX = 64 * 1024
/** Names, signs and values of a document: the introspection query of GraphiQL has about 250. */
export const TOKENS_MAX = 2_000
/** Levels of fields: the introspection query has 14. */
export const DEPTH_MAX = 16
/** Fields of the first level, each of them a question or a change of its own. */
export const ROOT_FIELDS_MAX = 20
export const ALIASES_MAX = 50
export const DIRECTIVES_MAX = 50
/** Objects that an answer may hold, page sizes multiplied through the levels: 500 records with 20 references each. */
export const COST_MAX = 20_000

const LIMITS: { [Name in keyof Measure]: { code: string; most: number; what: string; mend: string } } = {
  depth: { code: 'graphql.depth', most: DEPTH_MAX, what: 'levels of fields', mend: 'Ask in two steps.' },
  width: {
    code: 'graphql.root_fields',
    most: ROOT_FIELDS_MAX,
    what: 'fields at its first level',
    mend: 'Send several requests; actions take lists.',
  },
  aliases: { code: 'graphql.aliases', most: ALIASES_MAX, what: 'aliases', mend: 'Send several requests.' },
  directives: {
    code: 'graphql.directives',
    most: DIRECTIVES_MAX,
    what: 'directives',
    mend: 'Leave out what is not needed.',
  },
  cost: {
    code: 'graphql.cost',
    most: COST_MAX,
    what: 'objects in its answer, at most',
    mend: 'Ask for smaller pages (first) or fewer lists inside lists.',
  },
}

/** 400 when the text of a document is too long to be looked at. */
export function checkBytes(document: string): void {
  const bytes = Buffer.byteLength(document)
  if (bytes > DOCUMENT_BYTES_MAX)
    throw badRequest(
      'graphql.bytes',
      `The document has ${bytes} bytes; at most ${DOCUMENT_BYTES_MAX} are allowed. Send values as variables.`,
    )
}

/** Parses a document; 400 when it has too many tokens, of which reading stops at the first that is one too many. */
export function parseLimited(source: string | Source, options?: ParseOptions): DocumentNode {
  try {
    return parse(source, { ...options, maxTokens: TOKENS_MAX })
  } catch (error) {
    if (!(error instanceof GraphQLError) || !/\d+ tokens\. Parsing aborted/.test(error.message)) throw error
    throw badRequest(
      'graphql.tokens',
      `The document has more than ${TOKENS_MAX} names, signs and values. Send values as variables.`,
    )
  }
}

/** What is known of a request besides its document. */
export type Asked = {
  method: string
  operationName?: string | null | undefined
  variables?: { readonly [name: string]: unknown } | null | undefined
}

/** 400 for an operation that is larger than any honest one, 405 for one that GET is not for. Nothing was done yet. */
export function checkOperation(
  schema: GraphQLSchema,
  document: DocumentNode,
  { method, operationName, variables }: Asked,
): void {
  const operation = getOperationAST(document, operationName)
  if (!operation) throw unknownOperation(operationName)
  if (method === 'GET' && operation.operation !== 'query')
    throw new Problem(
      405,
      'method',
      'Method not allowed',
      `GET is for queries; send a ${operation.operation} by POST.`,
    )
  const measured = measure(schema, document, operation, variables ?? {})
  for (const [name, { code, most, what, mend }] of Object.entries(LIMITS)) {
    const found = measured[name as keyof Measure]
    if (found > most)
      throw badRequest(code, `The operation has ${found} ${what}; at most ${most} are allowed. ${mend}`)
  }
}

function unknownOperation(name: string | null | undefined): Problem {
  const detail = name
    ? `The document has no operation "${name.slice(0, 80)}", or it has it twice.`
    : 'The document has no operation, or several; operationName says which one to run.'
  return badRequest('graphql.operation', detail)
}
