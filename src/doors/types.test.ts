import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { JsonSchema } from '../kernel/field.ts'
import { f } from '../kernel/fields/index.ts'
import { resource } from '../kernel/resource.ts'
import { role } from '../kernel/rule.ts'
import { toy } from './http/toy.testing.ts'
import { typeOf, typesOf } from './types.ts'

const cases: [JsonSchema, string][] = [
  [{ type: 'string', maxLength: 3 }, 'string'],
  [{ type: ['integer', 'null'] }, 'number | null'],
  [{ enum: ['a', 'b', null] }, '"a" | "b" | null'],
  [{ const: 'AED' }, '"AED"'],
  [{ $ref: '#/components/schemas/Toy' }, 'Toy'],
  [{ type: 'array', items: { enum: ['a', 'b'] } }, '("a" | "b")[]'],
  [{ anyOf: [{ type: 'string' }, { $ref: '#/x/Toy' }, { type: 'string' }] }, 'string | Toy'],
  [{ type: 'object', properties: {} }, '{ [name: string]: never }'],
  [{ type: 'object' }, '{ [name: string]: unknown }'],
  [{}, 'unknown'],
  [
    {
      type: 'object',
      properties: { a: { type: 'string', description: 'ends */ here' }, b: { type: 'null' } },
      required: ['a'],
    },
    '{\n/** ends * / here */\na: string\nb?: null\n}',
  ],
]

test('a schema as a type', () => {
  for (const [schema, expected] of cases) assert.equal(typeOf(schema), expected, JSON.stringify(schema))
})

test('a declaration gives the types of its record, its inputs and its verbs; secrets can be given and are not shown', () => {
  const text = typesOf(new Map([['toy', toy]]))
  const record = /export type Toy = \{([^}]*)\}/.exec(text)![1]
  const input = /export type ToyInput = \{([^}]*)\}/.exec(text)![1]
  assert.match(record, /colour: "red" \| "blue" \| null\n[\s\S]*friend: string \| null \| Toy\n/)
  assert.deepEqual(
    [record.includes('secret_place'), input.includes('secret_place?: string | null')],
    [false, true],
  )
  assert.match(text, /paint: \{ on: "records"; effect: "write"; input: ToyPaintInput \}/)
  assert.match(text, /weigh: \{ on: "records", effect: "read" \}/)
})

test('a verb that would hide a call of the client is a mistake of the declaration', () => {
  const hiding = resource('box', {
    description: 'A box.',
    fields: { code: f.text() },
    key: ['code'],
    traits: [],
    access: { read: role('viewer'), write: role('manager'), all: role('manager') },
    actions: {
      all: { description: 'All.', effect: 'write', on: 'collection', input: {}, run: async () => ({}) },
    },
  })
  assert.throws(() => typesOf(new Map([['box', hiding]])), /box: the action "all" hides a call of the client/)
})
