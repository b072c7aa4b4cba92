import type { JsonSchema } from '../../kernel/field.ts'
import { uuidv7 } from '../../kernel/uuid.ts'
import { resolve, type Schemas } from './schema.ts'

const DEPTH_MAX = 6
/** Texts of the formats that our schemas use. The id is the same in every example of one process. */
const FORMATS: { [format: string]: string } = {
  uuid: uuidv7(),
  date: '2026-03-01',
  'date-time': '2026-03-01T09:30:00Z',
  'uri-reference': '/docs/problems#invalid',
}

/**
 * A value that the schema takes, for people to look at: what is required, and of a patch the first two members. Texts are
 * the names of their fields in words.
 */
export function exampleOf(schema: JsonSchema, schemas: Schemas, name = 'text', depth = 0): unknown {
  const { type, anyOf, oneOf, enum: values, const: constant, default: usual } = resolve(schema, schemas)
  if (constant !== undefined) return constant
  if (usual !== undefined) return usual
  if (Array.isArray(values)) return values[0]
  const choices = (oneOf ?? anyOf) as JsonSchema[] | undefined
  if (choices) return exampleOf(choices[0], schemas, name, depth)
  const first = Array.isArray(type) ? type[0] : type
  if (first === 'object') return objectExample(resolve(schema, schemas), schemas, depth)
  if (first === 'array') return arrayExample(resolve(schema, schemas), schemas, name, depth)
  if (first === 'boolean') return true
  if (first === 'integer' || first === 'number') return numberExample(resolve(schema, schemas), name)
  return textExample(resolve(schema, schemas), name)
}

function objectExample(schema: JsonSchema, schemas: Schemas, depth: number): JsonSchema {
  if (depth >= DEPTH_MAX) return {}
  const properties = Object.entries((schema.properties ?? {}) as { [name: string]: JsonSchema })
  const required = schema.required as string[] | undefined
  const shown = required ? properties.filter(([name]) => required.includes(name)) : properties.slice(0, 2)
  return Object.fromEntries(shown.map(([name, each]) => [name, exampleOf(each, schemas, name, depth + 1)]))
}

function arrayExample(schema: JsonSchema, schemas: Schemas, name: string, depth: number): unknown[] {
  return depth >= DEPTH_MAX ? [] : [exampleOf(schema.items as JsonSchema, schemas, name, depth + 1)]
}

function numberExample({ minimum, exclusiveMinimum, maximum }: JsonSchema, name: string): number {
  const likely = name === 'amount' ? 14_900 : 2
  const least = (minimum ?? (exclusiveMinimum === undefined ? 0 : Number(exclusiveMinimum) + 1)) as number
  return Math.min(Math.max(likely, least), (maximum ?? likely) as number)
}

function textExample({ format, pattern, minLength, maxLength }: JsonSchema, name: string): string {
  if (typeof format === 'string' && FORMATS[format]) return FORMATS[format]
  if (pattern === '^[A-Z]{3}$') return 'AED'
  const words = name.replaceAll('_', ' ')
  const text = `${words[0].toUpperCase()}${words.slice(1)}`.padEnd((minLength ?? 0) as number, '.')
  return text.slice(0, (maxLength ?? text.length) as number)
}
