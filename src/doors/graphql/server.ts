import { type DocumentNode, type ExecutionResult, GraphQLError, type GraphQLSchema, Kind } from 'graphql'
import { createYoga, type GraphQLParams, type Plugin, type YogaServerInstance } from 'graphql-yoga'
import type { Context } from './context.ts'
import { type Teller, tellResult, tellResults } from './errors.ts'
import { checkBytes, checkOperation, parseLimited } from './limits.ts'

/** What Yoga is given with each request: our context, and what was sent, already read by the strict reader of bodies. */
export type ServerContext = Context & { sent: GraphQLParams }
export type Server = YogaServerInstance<ServerContext, object>

type Hooks = Plugin<object, ServerContext, object>

const DOCUMENTS_KEPT = 500
const DOCUMENT_CHARACTERS_KEPT = 8 * 1024

/** The one GraphQL server of the process. It knows no HTTP of its own: whom it answers and what was sent come with the context. */
export function createServer(schema: GraphQLSchema, endpoint: string, teller: Teller): Server {
  return createYoga<ServerContext, object>({
    schema,
    graphqlEndpoint: endpoint,
    plugins: [takeSent, limited(schema), told(teller)],
    // Every error is told by `told`, which asks the database for the names of its constraints, and so takes a promise.
    maskedErrors: false,
    batching: false,
    logging: false,
    cors: false,
    graphiql: false,
    landingPage: false,
    multipart: false,
    parserAndValidationCache: { documentCache: recent(), errorCache: none },
  })
}

/** The request has been read before Yoga sees it. */
const takeSent: Hooks = {
  onRequestParse({ serverContext, setRequestParser }) {
    setRequestParser(() => serverContext.sent)
  },
}

/** Every limit is held against the operation before it is validated, let alone executed. */
function limited(schema: GraphQLSchema): Hooks {
  return {
    onParams({ params }) {
      // Yoga checks the rest of what was sent after this.
      const { query, operationName } = (params ?? {}) as { [name: string]: unknown }
      if (typeof query === 'string') checkBytes(query)
      if (operationName != null && typeof operationName !== 'string')
        throw new GraphQLError('operationName must be text.', { extensions: { http: { status: 400 } } })
    },
    onParse({ setParseFn }) {
      setParseFn(parseLimited)
      return ({ result, context: { request, params } }) => {
        if (isDocument(result)) checkOperation(schema, result, { method: request.method, ...params })
      }
    },
  }
}

/** No error leaves but as a problem. */
function told(teller: Teller): Hooks {
  return {
    async onResultProcess({ result, setResult, serverContext }) {
      if (Symbol.asyncIterator in result)
        setResult(tellResults(teller, serverContext, result as AsyncIterable<ExecutionResult>))
      else setResult(await tellResult(teller, serverContext, result as ExecutionResult))
    },
  }
}

function isDocument(result: unknown): result is DocumentNode {
  return (result as DocumentNode | undefined)?.kind === Kind.DOCUMENT
}

type Cache<Value> = { get(text: string): Value | undefined; set(text: string, value: Value): unknown }

/** The documents that were used last, parsed. Programs send the same few again and again; long ones are rare and not kept. */
function recent(): Cache<DocumentNode> {
  const kept = new Map<string, DocumentNode>()
  return {
    get(text) {
      const document = kept.get(text)
      if (document) {
        kept.delete(text)
        kept.set(text, document)
      }
      return document
    },
    set(text, document) {
      if (text.length > DOCUMENT_CHARACTERS_KEPT) return
      kept.set(text, document)
      if (kept.size > DOCUMENTS_KEPT) kept.delete(kept.keys().next().value!)
    },
  }
}

const none: Cache<Error> = { get: () => undefined, set: () => undefined }
