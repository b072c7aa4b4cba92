import type { Document } from '../openapi.ts'
import { type Html, html, prose } from './html.ts'
import { type DocumentedOperation, operationArticle, type Place } from './operation.ts'
import { type Schemas, schemaTable, usedBy } from './schema.ts'

/** A tag of the document: a page of its own. */
export type Chapter = { name: string; href: string; description: string; operations: readonly Place[] }

export const ROOT = '/api/docs'

/** The chapters of a document in its order. */
export function chaptersOf({ paths, tags }: Document): Chapter[] {
  const places = Object.entries(paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, operation]) => ({
      path,
      method,
      operation: operation as DocumentedOperation,
    })),
  )
  return (tags as { name: string; description?: string }[]).map(({ name, description = '' }) => ({
    name,
    href: `${ROOT}/${name}`,
    description,
    operations: places.filter(({ operation }) => operation.tags.includes(name)),
  }))
}

/** All operations of a tag, and the schemas that they use. */
export function chapterContent({ name, description, operations }: Chapter, document: Document): Html {
  const schemas = document.components.schemas as Schemas
  const seen = usedBy(
    operations.map(({ operation }) => operation),
    schemas,
  )
  const used = Object.keys(schemas).filter((each) => seen.has(each))
  return html`<h1>${name}</h1>
<p>${prose(description)}</p>
${operations.map((place) => operationArticle(place, schemas))}
${used.length > 0 && html`<h2 id="schemas">Schemas</h2>`}
${used.map((each) => schemaSection(each, schemas))}`
}

function schemaSection(name: string, schemas: Schemas): Html {
  const { description } = schemas[name]
  return html`<h3 id="schema-${name}"><a href="#schema-${name}">${name}</a></h3>
${typeof description === 'string' && html`<p>${prose(description)}</p>`}
${schemaTable(schemas[name])}`
}
