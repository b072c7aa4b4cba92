import assert from 'node:assert/strict'
import { test } from 'node:test'
import { platform } from '../../areas/platform/area.ts'
import type { ActionDescription, Description, FieldDescription } from '../../engine/describe.ts'
import { f } from '../../kernel/fields/index.ts'
import { resource } from '../../kernel/resource.ts'
import { compare, owns } from '../../kernel/rule.ts'
import { openDoor } from '../http/testing.ts'
import { toy, toyTable } from '../http/toy.testing.ts'

/** Its rules look at the record: at what everybody sees, and at what nobody does. */
const diary = resource('diary', {
  plural: 'diaries',
  fields: { code: f.text(), keeper: f.text(), pin: f.secret({ optional: true }) },
  key: ['code'],
  access: { read: owns('keeper'), update: compare('pin', '!=', null) },
})

const named = <Item extends { name: string }>(items: Item[], name: string) =>
  items.find((each) => each.name === name)!

test('describe says who asks, and what they may see and do', async (t) => {
  const { send } = await openDoor(t, { resources: [toy, diary], tables: toyTable })
  const of = async (token: string): Promise<Description> =>
    (await send('GET', '/api/describe', { token })).body
  const shape = ({ actor, resources }: Description) => [
    actor.id,
    Object.fromEntries(
      resources.map(({ name, read, actions }) => [
        name,
        [read, actions.map((each) => [each.name, each.when])],
      ]),
    ),
  ]
  const mine = (id: string) => compare('keeper', '=', id)
  const [, viewer] = shape(await of('viewer-token'))
  assert.deepEqual((viewer as { toy: unknown }).toy, [
    null,
    [
      ['sum', null],
      ['weigh', null],
    ],
  ])
  const asked = compare('requested_by', '=', 'test:nobody')
  assert.deepEqual(shape(await of('nobody-token')), [
    'test:nobody',
    {
      access_request: [
        asked,
        [
          ['create', null],
          ['withdraw', asked],
        ],
      ],
      toy: [mine('test:nobody'), []],
      diary: [mine('test:nobody'), [['update', 'hidden']]],
    },
  ])
  const owner = await of('owner-token')
  assert.deepEqual(
    owner.resources.map(({ name }) => name),
    ['product', ...platform.resources.map(({ name }) => name), 'toy', 'diary'],
  )
  const reprice = named(owner.resources, 'product').actions.some(({ name }) => name === 'reprice')
  assert.equal(reprice, false, 'only the system may')
})

test('a field says what its widget needs', async (t) => {
  const { send } = await openDoor(t, { resources: [toy], tables: toyTable })
  const { resources }: Description = (await send('GET', '/api/describe')).body
  const { fields, actions } = named(resources, 'toy')
  const fieldCases: [FieldDescription, Partial<FieldDescription>][] = [
    [named(fields, 'id'), { kind: 'ref', read_only: true }],
    [named(fields, 'code'), { kind: 'text', immutable: true, optional: false, read_only: false }],
    [named(fields, 'colour'), { kind: 'choice', values: ['red', 'blue'], facet: true, optional: true }],
    [named(fields, 'friend'), { kind: 'ref', to: 'toy' }],
    [named(fields, 'state'), { kind: 'choice', values: ['here', 'lent'], default: 'here', read_only: true }],
  ]
  for (const [field, expected] of fieldCases) assert.deepEqual({ ...field, ...expected }, field, field.name)
  const actionCases: [ActionDescription, Partial<ActionDescription>][] = [
    [named(actions, 'create'), { on: 'collection', effect: 'write', partial: false }],
    [named(actions, 'update'), { on: 'records', partial: true }],
    [named(actions, 'restore'), { archived: true }],
    [named(actions, 'lend'), { from: ['here'], input: [] }],
  ]
  for (const [action, expected] of actionCases)
    assert.deepEqual({ ...action, ...expected }, action, action.name)
  const secret = named(named(actions, 'create').input, 'secret_place')
  assert.deepEqual([secret.secret, fields.some(({ name }) => name === 'secret_place')], [true, false])
  assert.equal(
    named(actions, 'update').input.some(({ name }) => name === 'code'),
    false,
    'it is immutable',
  )
  const pricing = named(named(resources, 'product').fields, 'pricing')
  assert.deepEqual(
    (pricing.item as FieldDescription[]).map(({ name, kind }) => [name, kind]),
    [
      ['tier_name', 'text'],
      ['price', 'money'],
      ['validity_start', 'date'],
      ['validity_end', 'date'],
    ],
  )
  const inclusions = named(named(resources, 'product').fields, 'inclusions')
  assert.equal((inclusions.item as FieldDescription).kind, 'text')
})
