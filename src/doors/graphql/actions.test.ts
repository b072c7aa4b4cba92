import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { eventCount, type Sent } from '../http/testing.ts'
import { type GraphqlDoor, openGraphql, type Told } from './testing.ts'

async function house(t: TestContext): Promise<GraphqlDoor> {
  const door = await openGraphql(t)
  const body = [{ code: 'ball', weight: 1_500, colour: 'red' }, { code: 'bat', weight: 500 }, { code: 'old' }]
  assert.equal((await door.send('POST', '/api/toys', { body })).status, 201)
  assert.equal((await door.send('DELETE', '/api/toys/old')).status, 204)
  return door
}

const OUTCOME = '{ change replayed dry_run answer records { code colour version state archived_at } }'

test('every verb is a mutation: it is made, changed, moved, archived, restored, and each leaves its event', async (t) => {
  const { ask, pool, send } = await house(t)
  const before = await eventCount(pool)
  const made = (
    await ask(`mutation { toy_create(input: { code: "kite", secret_place: "attic" }) ${OUTCOME} }`)
  ).data.toy_create
  assert.deepEqual(
    [made.records[0].code, made.replayed, made.dry_run, made.answer],
    ['kite', false, false, null],
  )
  const run = async (mutation: string) => (await ask(`mutation { do: ${mutation} ${OUTCOME} }`)).data.do
  assert.equal((await run('toy_update(ids: "kite", input: { colour: "red" })')).records[0].colour, 'red')
  assert.equal((await run('toy_update(ids: "kite", input: { colour: null })')).records[0].colour, null)
  assert.equal((await run('toy_lend(ids: ["kite"])')).records[0].state, 'lent')
  const painted = await run('toy_paint(ids: ["ball", "bat"], input: { colour: "blue" })')
  assert.deepEqual(
    painted.records.map(({ code, colour }: { code: string; colour: string }) => [code, colour]),
    [
      ['ball', 'blue'],
      ['bat', 'blue'],
    ],
  )
  assert.notEqual(
    (await run('toy_archive(ids: "ball", input: { release_key: false })')).records[0].archived_at,
    null,
  )
  assert.equal((await run('toy_restore(ids: "ball", reason: "found")')).records[0].archived_at, null)
  assert.equal(await eventCount(pool), before + 8)
  const [{ reason, request }] = (await send('GET', '/api/toys/ball/history?limit=1')).body.items
  assert.equal(reason, 'found')
  assert.match(request, /^[0-9a-f-]{36}$/)
})

test('several mutations of one document are done in their order, each by itself', async (t) => {
  const { ask } = await house(t)
  const { data, errors } = await ask(`mutation {
    a: toy_create(input: [{ code: "one" }, { code: "two" }]) { records { code } }
    b: toy_create(input: { code: "one" }) { change }
    c: toy_lend(ids: "two") { records { state friend { id } } } }`)
  assert.deepEqual([data.a.records.length, data.b, data.c.records[0].state], [2, null, 'lent'])
  assert.deepEqual([errors.length, errors[0].path, errors[0].extensions.status], [1, ['b'], 409])
})

test('a dry run tells what would be and writes nothing; a key is done once at every door', async (t) => {
  const { ask, send, pool } = await house(t)
  const before = await eventCount(pool)
  const dry = (await ask(`mutation { toy_lend(ids: "ball", dry_run: true) ${OUTCOME} }`)).data.toy_lend
  assert.deepEqual([dry.records[0].state, dry.dry_run, dry.change], ['lent', true, null])
  assert.equal(await eventCount(pool), before)
  const lend = `mutation { toy_lend(ids: "ball", key: "k-1") ${OUTCOME} }`
  const first = (await ask(lend)).data.toy_lend
  const again = (await ask(lend)).data.toy_lend
  assert.deepEqual([first.replayed, again.replayed, again.change], [false, true, first.change])
  const rest = await send('POST', '/api/toys/ball/lend', { headers: { 'idempotency-key': 'k-1' } })
  assert.deepEqual(
    [rest.status, rest.headers['idempotent-replayed'], rest.headers['serai-change']],
    [200, 'true', first.change],
  )
  assert.equal(await eventCount(pool), before + 1)
})

test('a verb that only reads is a query, and answers as at REST', async (t) => {
  const { ask, send } = await house(t)
  const { data } = await ask(
    '{ toy_sum(input: { least: 1000 }) { answer } toy_weigh(ids: "ball", input: { unit: "kg" }) { answer } }',
  )
  assert.deepEqual(data.toy_sum.answer, (await send('GET', '/api/toys/sum?least=1000')).body)
  assert.deepEqual(data.toy_weigh.answer, { weight: 1.5, unit: 'kg' })
  const { data: fields } = await ask('{ __schema { mutationType { fields { name } } } }')
  const names = fields.__schema.mutationType.fields.map(({ name }: { name: string }) => name)
  assert.deepEqual([names.includes('toy_sum'), names.includes('toy_paint')], [false, true])
})

test('what is shown once is in the answer, and only there', async (t) => {
  const { ask } = await house(t)
  const { data } = await ask(
    'mutation { token_create(input: { name: "till", role: "staff" }) { answer records { name } } }',
  )
  assert.match(data.token_create.answer.token, /^srt_/)
  assert.deepEqual(data.token_create.records, [{ name: 'till' }])
})

test('history, events and changes are those of REST, and a change is taken back and done again', async (t) => {
  const { ask, send } = await house(t)
  await send('PATCH', '/api/toys/ball', { body: { weight: 7 } })
  const event =
    'position time change actor action resource record key version before after reason request cause trace'
  const { data } = await ask(`{
    history(resource: "toy", id: "ball") { nodes { ${event} } }
    events(first: 2, resource: "toy") { edges { cursor } nodes { ${event} } pageInfo { hasNextPage endCursor } }
    changes(first: 2) { nodes { id time actor action resource events reason undoes undone_by } pageInfo { endCursor } } }`)
  assert.deepEqual(data.history.nodes, (await send('GET', '/api/toys/ball/history')).body.items)
  const events = (await send('GET', '/api/events?limit=2&resource=toy')).body
  assert.deepEqual(
    [data.events.nodes, data.events.pageInfo],
    [events.items, { hasNextPage: true, endCursor: events.next }],
  )
  const older = await ask(`{ events(after: "${events.next}", resource: "toy") { nodes { position } } }`)
  assert.ok(
    older.data.events.nodes.every(({ position }: { position: number }) => position < Number(events.next)),
  )
  assert.deepEqual(data.changes.nodes, (await send('GET', '/api/changes?limit=2')).body.items)
  const [{ id }] = data.changes.nodes
  assert.equal((await ask(`{ change(id: "${id}") { action } }`)).data.change.action, 'update')
  const undo = async (change: string, more = '') =>
    (
      await ask(
        `mutation { undo(change: "${change}"${more}) { change restored dry_run kept { field reason } } }`,
      )
    ).data.undo
  assert.deepEqual(await undo(id, ', dry_run: true'), { change: null, restored: 1, dry_run: true, kept: [] })
  const undone = await undo(id)
  assert.deepEqual((await ask('{ toy(id: "ball") { weight } }')).data.toy.weight, 1_500)
  await undo(undone.change)
  assert.deepEqual((await ask('{ toy(id: "ball") { weight } }')).data.toy.weight, 7)
})

type Request = [method: string, url: string, body?: object, headers?: { [name: string]: string }]
const VIEWER = 'viewer-token'
/** The same request at both doors: the same status, code and faults, and nothing happened. */
const refusals: [name: string, document: string, request: Request, token?: string][] = [
  ['no such record', '{ toy(id: "no") { code } }', ['GET', '/api/toys/no']],
  [
    'a filter that is none',
    '{ toys(filter: "weight >") { nodes { code } } }',
    ['GET', '/api/toys?filter=weight%20%3E'],
  ],
  [
    'a filter on no field',
    '{ toys(filter: "wieght > 1") { nodes { code } } }',
    ['GET', '/api/toys?filter=wieght%20%3E%201'],
  ],
  [
    'a filter that is too long',
    `{ toys(filter: "${'a'.repeat(5_000)}") { nodes { code } } }`,
    ['GET', `/api/toys?filter=${'a'.repeat(5_000)}`],
  ],
  ['a sort by no field', '{ toys(sort: "wieght") { nodes { code } } }', ['GET', '/api/toys?sort=wieght']],
  [
    'an altered cursor',
    '{ toys(after: "WyJ4Il0.AAAA") { nodes { code } } }',
    ['GET', '/api/toys?cursor=WyJ4Il0.AAAA'],
  ],
  [
    'wrong values, all at once',
    'mutation { toy_create(input: { code: "", colour: "green", weight: -1 }) { change } }',
    ['POST', '/api/toys', { code: '', colour: 'green', weight: -1 }],
  ],
  [
    'a fraction where whole numbers are',
    'mutation { toy_create(input: { code: "x", weight: 1.5 }) { change } }',
    ['POST', '/api/toys', { code: 'x', weight: 1.5 }],
  ],
  [
    'what is required is missing',
    'mutation { toy_create(input: { colour: "red" }) { change } }',
    ['POST', '/api/toys', { colour: 'red' }],
  ],
  [
    'one of several is wrong',
    'mutation { toy_create(input: [{ code: "x" }, { code: "y", friend: "z" }]) { change } }',
    ['POST', '/api/toys', [{ code: 'x' }, { code: 'y', friend: 'z' }]],
  ],
  [
    'an empty list',
    'mutation { toy_paint(ids: [], input: { colour: "red" }) { change } }',
    ['POST', '/api/toys/paint', { ids: [], colour: 'red' }],
  ],
  [
    'an input that is missing',
    'mutation { toy_paint(ids: "ball") { change } }',
    ['POST', '/api/toys/ball/paint'],
  ],
  [
    'a key that is taken',
    'mutation { toy_create(input: { code: "ball" }) { change } }',
    ['POST', '/api/toys', { code: 'ball' }],
  ],
  [
    'a friend that is not there',
    'mutation { toy_create(input: { code: "x", friend: "01890000-0000-7000-8000-000000000000" }) { change } }',
    ['POST', '/api/toys', { code: 'x', friend: '01890000-0000-7000-8000-000000000000' }],
  ],
  [
    'a constraint of the database',
    'mutation { toy_create(input: { code: "x", weight: 2000000 }) { change } }',
    ['POST', '/api/toys', { code: 'x', weight: 2_000_000 }],
  ],
  [
    'a state that does not fit',
    'mutation { toy_bring_back(ids: "ball") { change } }',
    ['POST', '/api/toys/ball/bring_back'],
  ],
  ['an archived record', 'mutation { toy_lend(ids: "old") { change } }', ['POST', '/api/toys/old/lend']],
  [
    'a stale version',
    'mutation { toy_lend(ids: "ball", if_version: 9) { change } }',
    ['POST', '/api/toys/ball/lend', {}, { 'if-match': '"9"' }],
  ],
  [
    'one of the targets is missing',
    'mutation { toy_paint(ids: ["ball", "no"], input: { colour: "red" }) { change } }',
    ['POST', '/api/toys/paint', { ids: ['ball', 'no'], colour: 'red' }],
  ],
  [
    'a reason that is too long',
    `mutation { toy_lend(ids: "ball", reason: "${'a'.repeat(1_001)}") { change } }`,
    ['POST', `/api/toys/ball/lend?reason=${'a'.repeat(1_001)}`],
  ],
  [
    'a key of no letters',
    'mutation { toy_lend(ids: "ball", key: " ") { change } }',
    ['POST', '/api/toys/ball/lend', {}, { 'idempotency-key': '' }],
  ],
  [
    'a zero byte',
    'mutation { toy_create(input: { code: "a\\u0000" }) { change } }',
    ['POST', '/api/toys', { code: 'a\u0000' }],
  ],
  [
    'who may not write',
    'mutation { toy_lend(ids: "ball") { change } }',
    ['POST', '/api/toys/ball/lend'],
    VIEWER,
  ],
  ['who may not read', '{ tokens { nodes { name } } }', ['GET', '/api/tokens'], VIEWER],
  ['who may see nothing of it', '{ toy(id: "ball") { code } }', ['GET', '/api/toys/ball'], 'nobody-token'],
  ['no such change', 'mutation { undo(change: "x") { change } }', ['POST', '/api/changes/x/undo']],
  [
    'no such resource',
    '{ history(resource: "nothing", id: "x") { nodes { key } } }',
    ['GET', '/api/events?resource=nothing'],
  ],
  ['a cursor of no event', '{ events(after: "x") { nodes { key } } }', ['GET', '/api/events?before=x']],
  ['an event of no record', '{ events(record: "x") { nodes { key } } }', ['GET', '/api/events?record=x']],
  ['a failure of ours', 'mutation { toy_explode { change } }', ['POST', '/api/toys/explode']],
]
test('the same request is refused alike at both doors, and nothing happens', async (t) => {
  const { ask, send, pool } = await house(t)
  const before = await eventCount(pool)
  for (const [name, document, [method, url, body, headers], token] of refusals) {
    const options = { ...(token ? { token } : {}), ...(headers ? { headers } : {}) }
    const rest = await send(method, url, { ...options, ...(body ? { body } : {}) })
    const answer = await ask(document, undefined, token ? { token } : {})
    assert.equal(answer.errors.length, 1, `${name}: ${answer.text}`)
    assert.deepEqual(told(answer.errors[0]), problem(rest), name)
    assert.equal(answer.errors[0].extensions.request_id, answer.headers['x-request-id'], name)
    assert.doesNotMatch(answer.text, /hunter2|TypeError|\.ts\b/, name)
  }
  assert.equal(await eventCount(pool), before)
})

function told({ message, extensions: { code, status, title, errors } }: Told): object {
  return { code, status, title, detail: message, errors }
}

function problem({ body: { type, status, title, detail, errors } }: Sent): object {
  return { code: type.split('#')[1], status, title, detail, errors }
}

const wrong: [string, string, { [name: string]: string }, string][] = [
  [
    'a version for many',
    'mutation { toy_lend(ids: ["ball", "bat"], if_version: 1) { change } }',
    {},
    'if_version',
  ],
  ['too large a page', '{ toys(first: 501) { nodes { code } } }', {}, 'first'],
  ['an empty page', '{ toys(first: 0) { nodes { code } } }', {}, 'first'],
  ['no page of events', '{ events(first: -1) { nodes { key } } }', {}, 'first'],
]
test('arguments that only this door has are checked too', async (t) => {
  const { ask, pool, send } = await house(t)
  const before = await eventCount(pool)
  for (const [name, document, headers, code] of wrong) {
    const { errors } = await ask(document, undefined, { headers })
    assert.deepEqual([errors[0]?.extensions.status, errors[0]?.extensions.code], [400, code], name)
  }
  for (const header of ['idempotency-key', 'if-match', 'serai-reason']) {
    const answer = await ask('mutation { toy_lend(ids: "ball") { change } }', undefined, {
      headers: { [header]: '"1"' },
    })
    assert.deepEqual(
      [answer.status, answer.body.type],
      [400, `/docs/problems#${header.replaceAll('-', '_')}`],
    )
  }
  const unknown = await send('POST', '/api/graphql?dry_run=true', { body: { query: '{ __typename }' } })
  assert.equal(unknown.status, 400, 'a parameter that would be overlooked')
  assert.equal(await eventCount(pool), before)
})
