import type { JsonSchema } from '../../kernel/field.ts'
import { schemaRef } from './names.ts'
import { object, text } from './shapes.ts'

const flag: JsonSchema = { type: 'boolean' }
const texts: JsonSchema = { type: 'array', items: text }
const fields: JsonSchema = { type: 'array', items: schemaRef('FieldDescription') }
const when = (description: string): JsonSchema => ({
  description: `${description}: null is all, \`hidden\` asks for what the caller cannot see`,
  anyOf: [schemaRef('Condition'), { enum: ['hidden', null] }],
})

/** What `GET /api/describe` answers with. */
export const descriptionSchemas: { [name: string]: JsonSchema } = {
  Description: {
    ...object({
      actor: object({ id: text, name: text, roles: texts }),
      resources: { type: 'array', items: schemaRef('ResourceDescription') },
    }),
    description: 'Who asks, and what they may see and do.',
  },
  ResourceDescription: {
    ...object({
      name: text,
      plural: text,
      description: text,
      key: { ...texts, description: 'fields that identify a record in files and URLs' },
      traits: texts,
      read: when('which records the caller sees'),
      fields,
      actions: { type: 'array', items: schemaRef('ActionDescription') },
    }),
    description: 'A resource that the caller may read.',
  },
  FieldDescription: {
    ...object(
      {
        name: text,
        kind: { ...text, description: 'text, number, money, time, period, choice, ref, list, …' },
        description: text,
        schema: { type: 'object', description: 'JSON Schema 2020-12 of a value' },
        operators: { ...texts, description: 'how a filter may compare it' },
        optional: flag,
        default: { description: 'value of a new record when none is given' },
        read_only: { ...flag, description: 'set by the database or by actions' },
        immutable: { ...flag, description: 'set when the record is made, never afterwards' },
        unique: flag,
        secret: { ...flag, description: 'can be given, is never shown' },
        facet: flag,
        search: { ...text, description: 'weight in search, A is the heaviest' },
        values: { ...texts, description: 'what it may be, in order' },
        to: { ...text, description: 'the resource it points to' },
        item: {
          description: 'of a list: its item, or the fields of one',
          anyOf: [schemaRef('FieldDescription'), fields],
        },
      },
      ['description', 'default', 'search', 'values', 'to', 'item'],
    ),
    description: 'A field as a form, a column or a filter needs it.',
  },
  ActionDescription: {
    ...object(
      {
        name: text,
        description: text,
        on: { enum: ['records', 'collection'] },
        effect: { enum: ['read', 'write'] },
        from: { ...texts, description: 'states a record must be in' },
        archived: { ...flag, description: 'for archived records only' },
        partial: { ...flag, description: 'the input holds only what is to change' },
        input: fields,
        when: when('on which records'),
      },
      ['from'],
    ),
    description: 'An action that is open to the caller.',
  },
  Condition: {
    description: 'A condition on a record.',
    anyOf: [
      object({ op: { enum: ['all', 'any'] }, rules: { type: 'array', items: schemaRef('Condition') } }),
      object({ op: { const: 'not' }, rule: schemaRef('Condition') }),
      object({ op: { const: 'compare' }, field: text, operator: text, value: {} }),
    ],
  },
}
