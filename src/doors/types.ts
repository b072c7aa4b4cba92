import type { JsonSchema } from '../kernel/field.ts'
import type { Resource } from '../kernel/resource.ts'
import { problems } from './docs/problems.ts'
import { inputName, recordName } from './openapi/names.ts'
import { schemasOf } from './openapi/schemas.ts'

const HEAD = '// Made by `npm run types` from the declarations. Change those, not this file.\n'

/**
 * The declarations as TypeScript, for clients: a type for each schema of the OpenAPI document, `Resources` from plural to the
 * types of its record and verbs, the same as the value `verbs`, and the codes of all problems.
 */
export function typesOf(resources: ReadonlyMap<string, Resource>): string {
  const all = [...resources.values()]
  for (const resource of all) checkNames(resource)
  return [
    HEAD,
    ...Object.entries(schemasOf(resources)).map(([name, schema]) => declared(`type ${name}`, schema)),
    `export type Resources = {\n${all.map(resourceType).join('')}}`,
    `/** Verbs by resource: what they work on, and whether they write. */\nexport const verbs = {\n${all.map(verbsValue).join('')}} as const`,
    `/** Codes of problems; each has a place on /docs/problems. */\nexport type ProblemCode = ${Object.keys(problems).map(quoted).join(' | ')}`,
  ].join('\n\n')
}

/** Calls of the client that are no verbs of the server; a verb of the same name would hide one. */
const CALLS = ['list', 'all', 'get', 'live', 'createMany', 'updateMany']

function checkNames({ name, actions }: Resource): void {
  const taken = Object.keys(actions).find((each) => CALLS.includes(each))
  if (taken) throw new Error(`${name}: the action "${taken}" hides a call of the client`)
}

function declared(what: string, schema: JsonSchema): string {
  const { description } = schema
  return `${comment(description)}export ${what} = ${typeOf(schema)}`
}

function resourceType(resource: Resource): string {
  const types = otherVerbs(resource).map(
    ([name, { on, effect }]) =>
      `${name}: { on: ${quoted(on)}; effect: ${quoted(effect)}; input: ${inputName(resource, name)} }`,
  )
  const inputs = (['create', 'update'] as const).map(
    (name) => `${name}: ${resource.actions[name] ? inputName(resource, name) : 'never'}`,
  )
  return `${resource.plural}: { record: ${recordName(resource)}; ${inputs.join('; ')}; verbs: ${types.length ? `{ ${types.join('; ')} }` : 'Record<never, never>'} }\n`
}

function verbsValue(resource: Resource): string {
  const values = otherVerbs(resource).map(
    ([name, { on, effect }]) => `${name}: { on: ${quoted(on)}, effect: ${quoted(effect)} }`,
  )
  return `${resource.plural}: { ${values.join(', ')} },\n`
}

function otherVerbs({ actions }: Resource) {
  return Object.entries(actions).filter(([name]) => name !== 'create' && name !== 'update')
}

/** A JSON Schema as a type. What cannot be said in types (lengths, patterns, limits) is left to the server. */
export function typeOf(schema: JsonSchema): string {
  const { $ref, type, enum: values, const: constant, anyOf, oneOf } = schema
  if (typeof $ref === 'string') return $ref.split('/').at(-1)!
  if (constant !== undefined) return JSON.stringify(constant)
  if (Array.isArray(values))
    return values.map((value) => (value === null ? 'null' : quoted(value))).join(' | ')
  const choices = (anyOf ?? oneOf) as JsonSchema[] | undefined
  if (choices) return [...new Set(choices.map(typeOf))].join(' | ')
  if (type === undefined) return 'unknown'
  return [type]
    .flat()
    .map((each) => plainType(each as string, schema))
    .join(' | ')
}

function plainType(type: string, { items, properties, required = [] }: JsonSchema): string {
  switch (type) {
    case 'integer':
      return 'number'
    case 'array':
      return items ? `(${typeOf(items as JsonSchema)})[]` : 'unknown[]'
    case 'object':
      return properties
        ? objectType(properties as { [name: string]: JsonSchema }, required as string[])
        : '{ [name: string]: unknown }'
    default:
      return type
  }
}

function objectType(properties: { [name: string]: JsonSchema }, required: string[]): string {
  const members = Object.entries(properties).map(
    ([name, schema]) =>
      `${comment(schema.description)}${name}${required.includes(name) ? '' : '?'}: ${typeOf(schema)}\n`,
  )
  return members.length ? `{\n${members.join('')}}` : '{ [name: string]: never }'
}

function comment(description: unknown): string {
  return typeof description === 'string' && description
    ? `/** ${description.replaceAll('*/', '* /').replaceAll(/\s+/g, ' ')} */\n`
    : ''
}

/** A string literal in TypeScript. */
function quoted(value: unknown): string {
  return JSON.stringify(String(value))
}
