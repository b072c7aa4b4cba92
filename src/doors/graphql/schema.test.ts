import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type GraphQLSchema, printSchema, validateSchema } from 'graphql'
import type { Feed } from '../../engine/feed.ts'
import type { Engine } from '../../engine/types.ts'
import { f } from '../../kernel/fields/index.ts'
import { type Resource, resource } from '../../kernel/resource.ts'
import { role } from '../../kernel/rule.ts'
import { toy } from '../http/toy.testing.ts'
import { createSchema } from './schema.ts'

const feed = {} as Feed

function schemaOf(...resources: Resource[]): GraphQLSchema {
  const engine = { resources: new Map(resources.map((each) => [each.name, each])) } as unknown as Engine
  return createSchema({ engine, feed })
}

function named(schema: GraphQLSchema, type: string): string {
  const text = printSchema(schema)
  const found = new RegExp(`^(?:type|input) ${type} \\{[\\s\\S]*?^\\}`, 'm').exec(text)
  assert.ok(found, `no ${type}`)
  // Descriptions are for people.
  return found[0].replaceAll(/^\s*"""[\s\S]*?"""\n/gm, '').replaceAll(/\n\s*\n/g, '\n')
}

test('a declaration is its types: nothing else names the resource', () => {
  const schema = schemaOf(toy)
  assert.deepEqual(validateSchema(schema), [])
  assert.equal(
    named(schema, 'Toy'),
    `type Toy {
  id: ID!
  version: SafeInt
  created_at: DateTime
  updated_at: DateTime
  code: String
  colour: String
  weight: SafeInt
  keeper: String
  friend: Toy
  archived_at: DateTime
  archived_by: String
  archive_reason: String
  key_released: Boolean
  state: String
}`,
  )
  assert.equal(
    named(schema, 'ToyInput'),
    `input ToyInput {
  code: String
  colour: String
  weight: SafeInt
  secret_place: String
  keeper: String
  friend: ID
}`,
  )
  const names = (root: 'Query' | 'Mutation' | 'Subscription') => {
    const type = schema.getType(root)
    assert.ok(type && 'getFields' in type)
    return Object.keys(type.getFields())
  }
  assert.deepEqual(names('Query'), [
    'toy',
    'toys',
    'toy_sum',
    'toy_weigh',
    'history',
    'events',
    'change',
    'changes',
  ])
  assert.deepEqual(names('Mutation'), [
    'toy_create',
    'toy_update',
    'toy_archive',
    'toy_restore',
    'toy_lend',
    'toy_bring_back',
    'toy_paint',
    'toy_explode',
    'undo',
    'redo',
  ])
  assert.deepEqual(names('Subscription'), ['toys'])
})

const plain = (name: string, more: Partial<Parameters<typeof resource>[1]> = {}) =>
  resource(name, { fields: { code: f.text() }, key: ['code'], access: { read: role('viewer') }, ...more })
const verb = { description: '', effect: 'write', on: 'collection', input: {}, make: () => ({}) } as const

const clashing: [string, Resource[], RegExp][] = [
  ['a plural that is the name', [plain('sheep', { plural: 'sheep' })], /\bsheep\b/],
  [
    'a name that is a plural',
    [plain('toy'), plain('toys', { plural: 'toy_boxes' })],
    /queries are named toys/,
  ],
  [
    'two actions of one name',
    [
      plain('toy', { actions: { box_set: verb } }),
      plain('toy_box', { plural: 'toy_boxes', actions: { set: verb } }),
    ],
    /mutations are named toy_box_set/,
  ],
  ['a name of the log', [plain('event', { plural: 'happenings' })], /"Event/],
]
for (const [name, resources, reason] of clashing)
  test(`declarations whose names clash do not start: ${name}`, () => {
    assert.throws(() => validateSchema(schemaOf(...resources)), reason)
  })

test('a reference to what is not there is an id', () => {
  assert.match(
    named(schemaOf(plain('kite', { fields: { code: f.text(), owner: f.ref('person') } })), 'Kite'),
    /owner: ID\n/,
  )
})
