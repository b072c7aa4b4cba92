import type { JsonSchema } from '../../kernel/field.ts'
import { type Html, html, prose } from './html.ts'

/** The named schemas of the document. */
export type Schemas = { readonly [name: string]: JsonSchema }

const DEPTH_MAX = 4
const VALUES_MAX = 30

/** The schema itself, when it is given by its name. */
export function resolve(schema: JsonSchema, schemas: Schemas): JsonSchema {
  const name = nameOf(schema)
  return name === undefined ? schema : schemas[name]
}

/** The name of the schema that is referred to. */
export function nameOf({ $ref }: JsonSchema): string | undefined {
  return typeof $ref === 'string' ? $ref.slice('#/components/schemas/'.length) : undefined
}

/** Names of all schemas that are used by a part of the document, also through others. */
export function usedBy(part: unknown, schemas: Schemas, seen = new Set<string>()): Set<string> {
  if (typeof part !== 'object' || part === null) return seen
  for (const value of Object.values(part)) {
    const name = nameOf({ $ref: value })
    if (name !== undefined && schemas[name] && !seen.has(name)) {
      seen.add(name)
      usedBy(schemas[name], schemas, seen)
    } else usedBy(value, schemas, seen)
  }
  return seen
}

/** What a value may be, in a few words: `integer`, `uuid or null`, `"a" | "b"`, a link to a named schema. */
export function typeText(schema: JsonSchema): Html {
  const name = nameOf(schema)
  if (name !== undefined) return html`<a href="#schema-${name}">${name}</a>`
  const { type, format, anyOf, oneOf, enum: values, items, properties, const: constant } = schema
  if (constant !== undefined) return html`<code>${JSON.stringify(constant)}</code>`
  if (Array.isArray(values)) return valuesText(values)
  const choices = (oneOf ?? anyOf) as JsonSchema[] | undefined
  if (choices) return html`${choices.map((each, index) => html`${index ? ' or ' : ''}${typeText(each)}`)}`
  if (properties) return shapeText(properties as Schemas)
  const types = [type ?? 'any'].flat() as string[]
  return html`${types.map((each, index) => html`${index ? ' or ' : ''}${plainType(each, format, items as JsonSchema | undefined)}`)}`
}

/** `{items: list of Product, next: string or null}` */
function shapeText(properties: Schemas): Html {
  return html`{${Object.entries(properties).map(([name, each], index) => html`${index ? ', ' : ''}${name}: ${typeText(each)}`)}}`
}

function valuesText(values: unknown[]): Html {
  const shown = values.slice(0, VALUES_MAX)
  const more = values.length - shown.length
  return html`${shown.map((each, index) => html`${index ? ' | ' : ''}<code>${String(each)}</code>`)}${more > 0 && ` … and ${more} more`}`
}

function plainType(type: string, format: unknown, items: JsonSchema | undefined): Html {
  if (type === 'array') return html`list of ${items ? typeText(items) : 'any'}`
  return html`${type === 'string' && typeof format === 'string' ? format : type}`
}

/** The limits of a value: `1–200 characters`, `at least 0`, `default true`. */
export function limitsText(schema: JsonSchema): string {
  const { minLength, maxLength, minItems, maxItems, minimum, exclusiveMinimum, maximum, pattern } = schema
  return [
    rangeText(minLength, maxLength, 'characters'),
    rangeText(minItems, maxItems, 'items'),
    rangeText(minimum, maximum, ''),
    exclusiveMinimum === undefined ? '' : `more than ${exclusiveMinimum}`,
    pattern === undefined ? '' : `matches ${pattern}`,
    schema.default === undefined ? '' : `default ${JSON.stringify(schema.default)}`,
  ]
    .filter(Boolean)
    .join(', ')
}

function rangeText(least: unknown, most: unknown, unit: string): string {
  const what = unit ? ` ${unit}` : ''
  if (least === undefined && most === undefined) return ''
  if (most === undefined) return `at least ${least}${what}`
  return least === undefined ? `at most ${most}${what}` : `${least}–${most}${what}`
}

type Member = { path: string; schema: JsonSchema; required: boolean }

/** The members of a schema as a table, those of objects within it under their path: `pricing[].price.amount`. */
export function schemaTable(schema: JsonSchema): Html {
  const rows = membersOf(schema, '', 0)
  if (rows.length === 0) return html`<p class="soft">${typeText(schema)}, without members of its own.</p>`
  return html`<div class="table"><table><thead><tr><th>Member<th>Kind<th>Meaning</thead><tbody>${rows.map(memberRow)}</tbody></table></div>`
}

function memberRow({ path, schema, required }: Member): Html {
  const { description } = schema
  const limits = limitsText(schema)
  return html`<tr><td><code>${path}</code>${required && html` <span class="must">required</span>`}<td class="wrap type">${typeText(schema)}<td>${typeof description === 'string' && prose(description)} <span class="soft">${limits}</span>`
}

function membersOf(schema: JsonSchema, path: string, depth: number): Member[] {
  if (depth > DEPTH_MAX) return []
  if (isArray(schema) && schema.items) return membersOf(schema.items as JsonSchema, `${path}[]`, depth + 1)
  const required = (schema.required ?? []) as string[]
  return Object.entries((schema.properties ?? {}) as Schemas).flatMap(([name, each]) => {
    const at = path ? `${path}.${name}` : name
    return [{ path: at, schema: each, required: required.includes(name) }, ...membersOf(each, at, depth + 1)]
  })
}

function isArray({ type }: JsonSchema): boolean {
  return [type].flat().includes('array')
}
