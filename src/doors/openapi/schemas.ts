import type { Fields, JsonSchema } from '../../kernel/field.ts'
import { fieldSchema, objectSchema } from '../../kernel/record.ts'
import { type Resource, shownFields } from '../../kernel/resource.ts'
import { descriptionSchemas } from './description.ts'
import { inputName, recordName, schemaRef } from './names.ts'
import { nullable, object, text } from './shapes.ts'

const textOrNull: JsonSchema = { type: ['string', 'null'] }
const uuid: JsonSchema = { type: 'string', format: 'uuid' }
const time: JsonSchema = { type: 'string', format: 'date-time' }
const whole: JsonSchema = { type: 'integer' }

/** The schemas of the document: those of the engine, and the projection of every declaration. */
export function schemasOf(resources: ReadonlyMap<string, Resource>): { [name: string]: JsonSchema } {
  const schemas: { [name: string]: JsonSchema } = { ...engineSchemas, ...descriptionSchemas }
  for (const resource of resources.values()) {
    schemas[recordName(resource)] = recordSchema(resource, resources)
    for (const [name, action] of Object.entries(resource.actions))
      schemas[inputName(resource, name)] = inputSchema(action.input, action.partial ?? false)
  }
  return schemas
}

/** A record as answers show it. Clients must bear members that they do not know: records grow. */
function recordSchema(resource: Resource, resources: ReadonlyMap<string, Resource>): JsonSchema {
  const fields = Object.fromEntries(shownFields(resource))
  const { additionalProperties: _, ...schema } = objectSchema(fields, 'output')
  const properties = Object.entries(fields).map(([name, field]): [string, JsonSchema] => {
    const target = name === 'id' || field.to === undefined ? undefined : resources.get(field.to)
    return [name, target ? expandable(fieldSchema(field), target) : fieldSchema(field)]
  })
  return {
    ...schema,
    ...(resource.description ? { description: resource.description } : {}),
    properties: Object.fromEntries(properties),
  }
}

/** A reference: an id, or the record itself under `?expand=`. */
function expandable(schema: JsonSchema, target: Resource): JsonSchema {
  return {
    description: `id of a ${target.name}; the record itself under ?expand=`,
    anyOf: [schema, schemaRef(recordName(target))],
  }
}

/** What an action takes; a merge patch requires nothing, and null clears what is optional. */
export function inputSchema(fields: Fields, partial: boolean): JsonSchema {
  const schema = objectSchema(fields)
  if (!partial) return schema
  const { required: _, ...patch } = schema
  const properties = Object.entries(patch.properties as { [name: string]: JsonSchema })
  return {
    ...patch,
    properties: Object.fromEntries(properties.map(([name, each]) => [name, withoutDefault(each)])),
  }
}

function withoutDefault({ default: _, ...schema }: JsonSchema): JsonSchema {
  return schema
}

/** A page: its items, and the cursor of the next, null on the last. */
export function pageSchema(items: JsonSchema, more: { [name: string]: JsonSchema } = {}): JsonSchema {
  return object({ items: { type: 'array', items }, next: textOrNull, ...more }, Object.keys(more))
}

const kept = object({
  resource: text,
  record: text,
  key: text,
  field: { type: ['string', 'null'], description: 'null when the whole record was left alone' },
  reason: text,
})

const engineSchemas: { [name: string]: JsonSchema } = {
  Problem: {
    ...object({
      type: { type: 'string', format: 'uri-reference' },
      title: text,
      status: { type: 'integer', minimum: 400, maximum: 599 },
      detail: { type: 'string', description: 'what happened, where, and what to do' },
      request_id: text,
      errors: {
        type: 'array',
        items: object(
          {
            pointer: { type: 'string', description: 'JSON Pointer (RFC 6901) into the request body' },
            code: text,
            detail: text,
            suggestion: text,
          },
          ['suggestion'],
        ),
      },
    }),
    description: 'A refusal (RFC 9457).',
  },
  Event: {
    ...object({
      position: whole,
      time,
      change: uuid,
      actor: text,
      action: text,
      resource: text,
      record: uuid,
      key: text,
      version: whole,
      before: nullable({ type: 'object' }),
      after: { type: 'object' },
      reason: textOrNull,
      request: textOrNull,
      cause: textOrNull,
      trace: textOrNull,
    }),
    description: 'The fact that an action left.',
  },
  Change: {
    ...object({
      id: uuid,
      time,
      actor: text,
      action: text,
      resource: text,
      events: whole,
      reason: textOrNull,
      undoes: { type: ['string', 'null'], description: 'the change that this one took back' },
      undone_by: { type: 'array', items: text },
    }),
    description: 'One call that changed something: all events that share its id.',
  },
  Difference: {
    ...object({
      record: { type: 'string', format: 'uuid' },
      key: { type: 'string' },
      effect: { enum: ['created', 'changed', 'archived', 'restored', 'deleted'] },
      before: {
        type: ['object', 'null'],
        description: 'fields that differ, as they were; null for a new record',
      },
      after: {
        type: ['object', 'null'],
        description: 'fields that differ, as they are; null for one that is gone',
      },
      time: { type: 'string', format: 'date-time', description: 'time of the last change' },
    }),
    description: 'A record that is not as it was.',
  },
  Undo: {
    ...object({
      change: {
        type: ['string', 'null'],
        description: 'the change that took it back; null when nothing was',
      },
      restored: { type: 'integer', description: 'values and records that were put back' },
      kept: { type: 'array', items: kept },
      dry_run: { type: 'boolean' },
    }),
    description: 'What an undo did, and what it left alone because somebody changed it since.',
  },
  PlannedRow: {
    ...object({
      position: { type: 'integer', description: '0-based place in the file' },
      address: { type: 'object', description: 'where it stands: {line}, or {sheet, row}' },
      key: textOrNull,
      record: textOrNull,
      verdict: text,
      before: nullable({ type: 'object' }),
      after: nullable({ type: 'object' }),
      errors: { type: 'array', items: schemaRef('Finding') },
      warnings: { type: 'array', items: schemaRef('Finding') },
    }),
    description: 'A row of a file, and what would become of it.',
  },
  Finding: {
    ...object({ path: text, code: text, detail: text, raw: text, suggestion: text }, ['raw', 'suggestion']),
    description: 'Something wrong or doubtful in a row.',
  },
}
