import type { JsonSchema } from '../../kernel/field.ts'
import { JSON_TYPE } from '../http/body.ts'
import type { Answer, Operation } from '../http/route.ts'

/** Headers of a write. */
export const WRITE_HEADERS = [
  'Serai-Change',
  'Serai-Dry-Run',
  'Idempotent-Replayed',
  'Serai-Warnings',
] as const

/** Statuses of problems that every write may end in, besides those of every route. */
export const WRITE_PROBLEMS = [409, 413, 415, 422, 507] as const

/** An answer in JSON. */
export function json(description: string, schema: JsonSchema, headers: readonly string[] = []): Answer {
  return { description, types: [JSON_TYPE], schema, headers }
}

/** The answers of a read: the JSON, or nothing for who holds it already. */
export function read(
  description: string,
  schema: JsonSchema,
  headers: readonly string[] = [],
): Operation['answers'] {
  return {
    200: json(description, schema, ['ETag', ...headers]),
    304: { description: 'The caller holds just that.', headers: ['ETag', ...headers] },
  }
}

/** A body in JSON. */
export function jsonBody(schema: JsonSchema, required = true): NonNullable<Operation['body']> {
  return { types: [JSON_TYPE], schema, required }
}
