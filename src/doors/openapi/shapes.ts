import type { JsonSchema } from '../../kernel/field.ts'

export const text: JsonSchema = { type: 'string' }

/** The same, or null. */
export const nullable = (schema: JsonSchema): JsonSchema => ({ anyOf: [schema, { type: 'null' }] })

/** An object with these members, all required but the optional ones. */
export function object(properties: { [name: string]: JsonSchema }, optional: string[] = []): JsonSchema {
  return {
    type: 'object',
    properties,
    required: Object.keys(properties).filter((name) => !optional.includes(name)),
  }
}
