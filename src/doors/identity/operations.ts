import type { Fields, JsonSchema } from '../../kernel/field.ts'
import { objectSchema } from '../../kernel/record.ts'
import { JSON_TYPE } from '../http/body.ts'
import type { Operation } from '../http/route.ts'
import { json } from '../openapi/answers.ts'
import { idParameter } from '../openapi/parameters.ts'

const ANYTHING: JsonSchema = { type: 'object', additionalProperties: true }

/** What the documentation says of a route of people. `statuses` are those of its answers; 204 has no body. */
export function operation(
  id: string,
  summary: string,
  { body, statuses = [200], ofRecord = false }: { body?: Fields; statuses?: number[]; ofRecord?: boolean },
): Operation {
  return {
    id,
    summary,
    tag: 'people',
    ...(ofRecord ? { parameters: [idParameter] } : {}),
    ...(body ? { body: { types: [JSON_TYPE], schema: objectSchema(body), required: true } } : {}),
    answers: Object.fromEntries(
      statuses.map((status) => [status, status === 204 ? { description: 'Done.' } : json(summary, ANYTHING)]),
    ),
    problems: [401, 403, 404, 409, 413, 415, 422, 429],
  }
}
