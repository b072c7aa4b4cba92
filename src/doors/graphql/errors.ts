import { type ExecutionResult, GraphQLError } from 'graphql'
import type { Engine } from '../../engine/types.ts'
import { badRequest, Problem, type Status } from '../../kernel/problem.ts'
import { type BodyLimits, problemBody, toProblem } from '../http/problems.ts'
import type { Context } from './context.ts'

/** What a result needs to be told safely. */
export type Teller = { engine: Engine; limits: BodyLimits }

type HttpExtension = { status?: number; headers?: { [name: string]: string }; spec?: boolean }

/**
 * A result as the caller is told it: every error a problem like those of the other doors, with its code, status, faults and
 * the id of the request in `extensions`. What nobody expected is `internal`, and goes to the log with its reasons.
 */
export async function tellResult<Result extends ExecutionResult>(
  teller: Teller,
  context: Context,
  result: Result,
): Promise<Result> {
  if (!result.errors?.length) return result
  const errors = await Promise.all(result.errors.map((error) => tellError(teller, context, error)))
  return { ...result, errors }
}

/** The results of a subscription, each told as it comes. */
export async function* tellResults<Result extends ExecutionResult>(
  teller: Teller,
  context: Context,
  results: AsyncIterable<Result>,
): AsyncGenerator<Result> {
  for await (const result of results) yield await tellResult(teller, context, result)
}

async function tellError(teller: Teller, context: Context, error: GraphQLError): Promise<GraphQLError> {
  const thrown = thrownOf(error)
  const problem =
    thrown === undefined ? documentProblem(error) : await toProblem(teller.engine, thrown, teller.limits)
  if (problem.status >= 500) context.failed(thrown ?? error, problem.status)
  const { detail, type: _, ...body } = problemBody(problem, context.requestId)
  const http = httpOf(error, problem)
  return new GraphQLError(detail, {
    ...(error.nodes ? { nodes: error.nodes } : {}),
    ...(error.source ? { source: error.source } : {}),
    ...(error.positions ? { positions: error.positions } : {}),
    ...(error.path ? { path: error.path } : {}),
    extensions: { code: problem.code, ...body, ...(http ? { http } : {}) },
  })
}

/** What code threw; undefined when GraphQL itself made the error. */
function thrownOf(error: Error): Error | undefined {
  if (!(error instanceof GraphQLError)) return error
  return error.originalError ? thrownOf(error.originalError) : undefined
}

/** What GraphQL says of a request: not its language, not its schema, not its variables. */
function documentProblem({ message, extensions }: GraphQLError): Problem {
  const { status = 400 } = (extensions.http ?? {}) as HttpExtension
  // What the comparison of equal fields says when it has compared enough (graphql 16.15, 500,000 steps).
  if (message === 'Validation aborted.')
    return badRequest('graphql.overlap', 'The document repeats the same fields too often. Ask for each once.')
  if (extensions.code === 'GRAPHQL_PARSE_FAILED') return badRequest('graphql.syntax', message)
  if (extensions.code === 'GRAPHQL_VALIDATION_FAILED') return badRequest('graphql.invalid', message)
  return new Problem(status as Status, 'graphql.request', 'Bad request', message)
}

/**
 * The status of the whole answer, when it fails as a whole (GraphQL over HTTP, §6.4): an error of one field has a path, and
 * the others have their data. `spec` keeps 200 for clients that take application/json alone, as that specification has it.
 */
function httpOf({ path, extensions }: GraphQLError, { status, code }: Problem): HttpExtension | undefined {
  if (path) return undefined
  if (extensions.http) return extensions.http as HttpExtension
  if (code === 'method') return { status, headers: { allow: 'POST' } }
  return { status, spec: status < 500 }
}
