import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { getIntrospectionQuery, Lexer, parse, Source, TokenKind } from 'graphql'
import { createFeed } from '../../engine/feed.ts'
import { eventCount } from '../http/testing.ts'
import {
  ALIASES_MAX,
  COST_MAX,
  DEPTH_MAX,
  DIRECTIVES_MAX,
  DOCUMENT_BYTES_MAX,
  ROOT_FIELDS_MAX,
  TOKENS_MAX,
} from './limits.ts'
import { measure } from './measure.ts'
import { createSchema } from './schema.ts'
import { type GraphqlDoor, openGraphql } from './testing.ts'

const house = (t: TestContext): Promise<GraphqlDoor> => openGraphql(t)
const times = (count: number, text: (index: number) => string) =>
  Array.from({ length: count }, (_, index) => text(index)).join(' ')

/** `{ toy { friend { friend { … code } } } }` of this many levels. */
const deep = (levels: number) =>
  `{ toy(id: "ball") { ${'friend { '.repeat(levels - 2)}code${' }'.repeat(levels - 2)} } }`
const aliased = (count: number) => `{ toy(id: "ball") { ${times(count, (index) => `a${index}: code`)} } }`
const wide = (count: number) => `{ ${times(count, () => '__typename')} }`
const directed = (count: number) => `{ toy(id: "ball") { ${times(count, () => 'code @include(if: true)')} } }`
const long = (bytes: number) => `{ __typename } #`.padEnd(bytes, 'é').slice(0, (bytes - 16) / 2 + 16)
const list = (items: number) =>
  `mutation { import_template_create(dry_run: true, input: { name: "x", resource: "toy", mapping: { list: [${times(items, () => '1')}] } }) { change } }`
const tokens = (count: number) => list(count - tokensOf(list(0)))
/** Pages of 500 edges, each with its node and its friend, and the connection itself. */
const PAGE_COST = 500 * 3 + 1
const PAGES = Math.floor(COST_MAX / PAGE_COST)
const costly = (pages: number) =>
  `{ ${times(pages, (index) => `p${index}: toys(first: 500) { edges { node { friend { code } } } }`)} }`

const limits: [name: string, code: string, allowed: string, refused: string][] = [
  ['bytes', 'graphql.bytes', long(DOCUMENT_BYTES_MAX), long(DOCUMENT_BYTES_MAX + 2)],
  ['tokens', 'graphql.tokens', tokens(TOKENS_MAX), tokens(TOKENS_MAX + 1)],
  ['depth', 'graphql.depth', deep(DEPTH_MAX), deep(DEPTH_MAX + 1)],
  ['aliases', 'graphql.aliases', aliased(ALIASES_MAX), aliased(ALIASES_MAX + 1)],
  ['root fields', 'graphql.root_fields', wide(ROOT_FIELDS_MAX), wide(ROOT_FIELDS_MAX + 1)],
  ['directives', 'graphql.directives', directed(DIRECTIVES_MAX), directed(DIRECTIVES_MAX + 1)],
  ['cost', 'graphql.cost', costly(PAGES), costly(PAGES + 1)],
]
function tokensOf(document: string): number {
  const lexer = new Lexer(new Source(document))
  let count = 0
  while (lexer.advance().kind !== TokenKind.EOF) count++
  return count
}

test('every limit lets through what is at it, and refuses one more before anything is read', async (t) => {
  const { ask, send } = await house(t)
  await send('POST', '/api/toys', { body: { code: 'ball' } })
  for (const [name, code, allowed, refused] of limits) {
    const fine = await ask(allowed)
    assert.deepEqual([fine.status, fine.errors], [200, []], `${name}: ${fine.text.slice(0, 400)}`)
    const headers = { accept: 'application/graphql-response+json' }
    const { status, body, errors } = await ask(refused, undefined, { headers })
    assert.deepEqual([status, errors[0]?.extensions.code, 'data' in body], [400, code, false], name)
    assert.match(errors[0].message, /\d+/, name)
  }
})

const costs: [name: string, document: string, variables: object | undefined, cost: number][] = [
  ['a page that a variable sizes', 'query ($n: Int) { toys(first: $n) { nodes { code } } }', { n: 500 }, 501],
  ['its default', 'query ($n: Int = 20) { toys(first: $n) { nodes { code } } }', undefined, 21],
  ['a page of the usual size', '{ toys { nodes { code } } }', undefined, 51],
  ['a page of no size', '{ toys(first: 9999999) { nodes { code } } }', undefined, 501],
  [
    'records of a list of targets',
    'mutation { toy_lend(ids: ["a", "b"]) { records { friend { code } } } }',
    undefined,
    5,
  ],
  [
    'records of targets in a variable',
    'mutation ($ids: [ID!]!) { toy_lend(ids: $ids) { records { code } } }',
    { ids: ['a', 'b', 'c'] },
    4,
  ],
  [
    'a fragment wherever it is spread',
    '{ a: toys { ...page } b: toys(first: 10) { ...page } } fragment page on ToyConnection { nodes { code } }',
    undefined,
    62,
  ],
  ['events', '{ events(first: 100) { edges { node { key } } } }', undefined, 201],
]
test('the cost is the objects that an answer may hold, page sizes multiplied through the levels', async (t) => {
  const { engine } = await house(t)
  const feed = createFeed(engine)
  t.after(() => feed.stop())
  const schema = createSchema({ engine, feed })
  for (const [name, document, variables, cost] of costs) {
    const parsed = parse(document)
    const [operation] = parsed.definitions
    assert.ok(operation.kind === 'OperationDefinition')
    assert.equal(measure(schema, parsed, operation, { ...variables }).cost, cost, name)
  }
})

test('GET is for queries, and a batch is refused', async (t) => {
  const { send, pool } = await house(t)
  const before = await eventCount(pool)
  const get = (query: string) => send('GET', `/api/graphql?query=${encodeURIComponent(query)}`)
  assert.deepEqual((await get('{ __typename }')).body, { data: { __typename: 'Query' } })
  for (const query of [
    'mutation { toy_create(input: { code: "x" }) { change } }',
    'subscription { toys { id } }',
  ]) {
    const { status, headers, body } = await get(query)
    assert.deepEqual([status, headers.allow, body.errors[0].extensions.code], [405, 'POST', 'method'], query)
  }
  const batch = await send('POST', '/api/graphql', {
    body: [{ query: '{ __typename }' }, { query: '{ __typename }' }],
  })
  assert.deepEqual([batch.status, batch.body.errors.length], [400, 1])
  assert.equal(await eventCount(pool), before)
})

const MINUTES = 1
/** What an answer may take at most, on a machine that is busy with other tests; honest ones take 5 ms. */
const ANSWER_MS_MAX = 1_500
const big = 'x'.repeat(1 << 20)
const nested = (open: string, inner: string, close: string, count: number) =>
  open.repeat(count) + inner + close.repeat(count)
const hostile: [name: string, document: unknown, variables?: unknown][] = [
  ['a bomb of levels', deep(10_000)],
  ['a bomb of aliases', aliased(30_000)],
  ['a document of 1 MB', `{ ${big} }`],
  ['a document of 0.9 MB of braces', '{'.repeat(900_000)],
  ['levels of inline fragments', `{ ${nested('... { ', '__typename', ' }', 600)} }`],
  ['fragments in a circle', '{ ...a } fragment a on Query { ...b } fragment b on Query { ...a }'],
  ['a fragment in itself', 'query { ...a } fragment a on Query { __typename ...a }'],
  [
    'fragments that double forty times',
    `{ ...f0 } ${times(40, (index) => `fragment f${index} on Query { ...f${index + 1} ...f${index + 1} }`)} fragment f40 on Query { __typename }`,
  ],
  ['nine hundred fields of one name', `{ toys { nodes { ${times(900, () => 'code')} } } }`],
  [
    'fields that overlap in many fragments',
    `{ ${times(60, (index) => `...f${index}`)} } ${times(60, (index) => `fragment f${index} on Query { toys { nodes { code state friend { code } } } }`)}`,
  ],
  [
    'overlaps inside overlaps',
    `{ ${times(20, () => 'toys { nodes { friend { friend { friend { code } } } } }')} }`,
  ],
  ['an introspection bomb', `{ __schema { types { ${nested('fields { type { ', 'name', ' } }', 7)} } } }`],
  [
    'introspection beside introspection',
    `{ ${times(20, (index) => `s${index}: __schema { types { fields { args { type { name } } type { name } } } }`)} }`,
  ],
  [
    'introspection of many types',
    `{ ${times(20, (index) => `s${index}: __type(name: "Toy") { fields { type { fields { name } } } }`)} }`,
  ],
  ['a list of 300 levels', `{ toy(id: ${nested('[', '1', ']', 300)}) { code } }`],
  ['names of prototypes', '{ constructor { prototype } toString __proto__ hasOwnProperty }'],
  [
    'aliases of prototypes',
    '{ __proto__: toys { constructor: nodes { prototype: code } } toString: __typename }',
  ],
  ['a fragment of a prototype', '{ ...__proto__ ...constructor } fragment constructor on Object { x }'],
  ['operations of prototypes', 'query __proto__ { __typename }'],
  [
    'variables of prototypes',
    'query ($constructor: Int) { toys(first: $constructor) { nodes { code } } }',
    { toString: 1 },
  ],
  ['an unknown type', 'query ($x: constructor) { toys(filter: $x) { nodes { code } } }'],
  ['a page of too many', '{ toys(first: 2147483648) { nodes { code } } }'],
  ['a page of none', 'query ($n: Int) { toys(first: $n) { nodes { code } } }', { n: -5 }],
  ['a page of text', 'query ($n: Int) { toys(first: $n) { nodes { code } } }', { n: 'all' }],
  [
    'a thousand and one targets',
    'mutation ($ids: [ID!]!) { toy_lend(ids: $ids) { change } }',
    { ids: Array(1_001).fill('x') },
  ],
  [
    'twenty thousand targets',
    'mutation ($ids: [ID!]!) { toy_lend(ids: $ids) { change } }',
    { ids: Array(20_000).fill('x') },
  ],
  [
    'two thousand records',
    'mutation ($i: [ToyInput!]) { toy_create(input: $i) { change } }',
    { i: Array(2_000).fill({ code: '' }) },
  ],
  ['a filter of brackets', `{ toys(filter: "${'('.repeat(4_000)}") { nodes { code } } }`],
  ['half a surrogate', '{ toy(id: "\\uD800") { code } }'],
  ['a zero byte', '{ toy(id: "\\u0000") { code } toys(filter: "code == \'\\u0000\'") { nodes { code } } }'],
  ['an id that is none', '{ change(id: "\\u0000") { id } events(change: "x") { nodes { key } } }'],
  ['nothing', ''],
  ['blanks', '   \n\t '],
  ['a comment', '# {'],
  ['a schema', 'type Query { a: Int } extend schema { query: Query }'],
  ['several operations', 'query a { __typename } query b { __typename }'],
  ['an open text', '{ toy(id: "'],
  ['a number', 7],
  ['a list', ['{ __typename }']],
  ['an object', { kind: 'Document', definitions: [] }],
  ['variables that are text', '{ __typename }', 'x'],
  ['variables that are a list', '{ __typename }', [1]],
  ['a directive that is not there', '{ __typename @explode @__proto__ @defer }'],
  ['a subscription that is not there', 'subscription { nothing { id } }'],
  ['a stream', '{ toys { nodes @stream(initialCount: 0) { code } } }'],
]
test('no document, however it was made, is a failure of ours, slow, or written anywhere', {
  timeout: MINUTES * 60_000,
}, async (t) => {
  const { send, ask, pool } = await house(t)
  await send('POST', '/api/toys', { body: { code: 'ball' } })
  const before = await eventCount(pool)
  for (const [name, query, variables] of hostile) {
    const started = performance.now()
    const answer = await send('POST', '/api/graphql', { body: { query, variables } })
    const took = performance.now() - started
    assert.ok(answer.status < 500, `${name}: ${answer.status} ${answer.text.slice(0, 200)}`)
    for (const error of answer.body.errors ?? [])
      assert.ok(error.extensions.status < 500, `${name}: ${JSON.stringify(error)}`)
    assert.ok(took < ANSWER_MS_MAX, `${name} took ${took} ms`)
    assert.doesNotMatch(answer.text, /node_modules|\bat .*\.[jt]s/, name)
  }
  assert.equal(await eventCount(pool), before)
  assert.deepEqual((await ask('{ toy(id: "ball") { code } }')).data, { toy: { code: 'ball' } })
})

test('whoever is signed in may ask what there is to ask', async (t) => {
  const { ask } = await house(t)
  const { status, data, errors } = await ask(
    getIntrospectionQuery({ descriptions: true, inputValueDeprecation: true, specifiedByUrl: true }),
    {},
    { token: 'viewer-token' },
  )
  assert.deepEqual([status, errors], [200, []])
  const names = data.__schema.types.map(({ name }: { name: string }) => name)
  assert.ok(
    ['Toy', 'ToyConnection', 'ToyInput', 'ToyPatch', 'ToyOutcome', 'Money'].every((name) =>
      names.includes(name),
    ),
  )
})
