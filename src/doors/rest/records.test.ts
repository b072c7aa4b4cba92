import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { type Door, eventCount, openDoor, type Sent } from '../http/testing.ts'
import { toy, toyTable } from '../http/toy.testing.ts'

const house = (t: TestContext) => openDoor(t, { resources: [toy], tables: toyTable })

/** The tag of a record begins with its version. */
function versionOf({ headers }: Sent): number {
  return Number(/^"(\d+)-[\w-]{22}"$/.exec(String(headers.etag))?.[1])
}

async function lentToys({ send }: Door, count: number): Promise<void> {
  const body = Array.from({ length: count }, (_, index) => ({
    code: `toy-${String(index).padStart(2, '0')}`,
    colour: index % 2 ? 'red' : 'blue',
    weight: index,
  }))
  assert.equal((await send('POST', '/api/toys', { body })).status, 201)
}

test('two files are a resource: it is made, read, listed, changed, archived and restored', async (t) => {
  const { send, pool } = await house(t)
  const made = await send('POST', '/api/toys', {
    body: { code: 'ball', colour: 'red', secret_place: 'attic' },
  })
  assert.equal(made.status, 201)
  assert.equal(made.headers.location, `/api/toys/${made.body.id}`)
  assert.equal(versionOf(made), 1)
  assert.match(String(made.headers['serai-change']), /^[0-9a-f-]{36}$/)
  assert.equal('secret_place' in made.body, false)
  const read = await send('GET', '/api/toys/ball')
  assert.deepEqual(read.body, made.body)
  assert.deepEqual((await send('GET', String(made.headers.location))).body, made.body)
  const changed = await send('PATCH', '/api/toys/ball', { body: { weight: 3, colour: null } })
  assert.deepEqual(
    [changed.status, versionOf(changed), changed.body.weight, changed.body.colour],
    [200, 2, 3, null],
  )
  const same = await send('PATCH', '/api/toys/ball', { body: { weight: 3 } })
  assert.deepEqual([same.status, versionOf(same), same.headers['serai-change']], [200, 2, undefined])
  assert.equal((await send('DELETE', '/api/toys/ball?reason=lost')).status, 204)
  assert.deepEqual((await send('GET', '/api/toys')).body, { items: [], next: null })
  assert.equal((await send('GET', '/api/toys/ball')).body.archive_reason, 'lost')
  assert.equal((await send('POST', '/api/toys/ball/restore')).body.archived_at, null)
  assert.equal(await eventCount(pool), 4)
})

test('many are made in one call, all or none, and the faults say which', async (t) => {
  const { send, pool } = await house(t)
  const bad = await send('POST', '/api/toys', { body: [{ code: 'a' }, { code: '', colour: 'green' }] })
  assert.equal(bad.status, 422)
  assert.deepEqual(
    bad.body.errors.map((each: { pointer: string }) => each.pointer),
    ['/1/code', '/1/colour'],
  )
  const good = await send('POST', '/api/toys', { body: [{ code: 'a' }, { code: 'b' }] })
  assert.deepEqual(
    good.body.items.map((item: { code: string }) => item.code),
    ['a', 'b'],
  )
  const many = await send('POST', '/api/toys', { body: Array.from({ length: 1_001 }, () => ({ code: 'c' })) })
  assert.deepEqual([many.status, /at most 1000/.test(many.body.detail)], [422, true])
  assert.equal(await eventCount(pool), 2)
})

test('lists page by cursor and Link, and take facets, counts, fields and archived', async (t) => {
  const door = await house(t)
  const { send } = door
  await lentToys(door, 7)
  const seen: string[] = []
  let url: string | undefined = '/api/toys?sort=-code&limit=3&fields=code'
  while (url) {
    const page = await send('GET', url)
    assert.equal(page.status, 200)
    for (const item of page.body.items) {
      assert.deepEqual(Object.keys(item), ['code'])
      seen.push(item.code)
    }
    url = /^<([^>]+)>; rel="next"$/.exec(String(page.headers.link ?? ''))?.[1]
    assert.equal(url === undefined, page.body.next === null)
  }
  assert.deepEqual(
    seen,
    [6, 5, 4, 3, 2, 1, 0].map((index) => `toy-0${index}`),
  )
  const counted = await send('GET', '/api/toys?facets=colour&count=true&limit=1&weight=4')
  assert.deepEqual(counted.body.facets, { colour: [{ value: 'blue', count: 1 }] })
  assert.deepEqual(counted.body.count, { value: 1, capped: false })
  await send('DELETE', '/api/toys/toy-00')
  assert.equal((await send('GET', '/api/toys?archived=only')).body.items.length, 1)
})

const wrongLists: [string, string, RegExp][] = [
  ['an unknown parameter', 'colur=red', /did you mean colour\?/],
  ['an unknown sort field', 'sort=wieght', /did you mean weight\?/],
  ['a filter of 10 KB', `filter=${'a'.repeat(10_240)}`, /at most 4096/],
  ['a query string of 17 KB', `q=${'a'.repeat(17_000)}`, /at most 16384/],
  ['a filter that is no condition', 'filter=weight', /.+/],
  [
    'a filter with a function',
    'filter=size(code)%20%3E%203',
    /at character 1: size\(\) cannot be used in a filter/,
  ],
  ['an altered cursor', 'cursor=WyJ4Il0.AAAAAAAAAAAA', /altered/],
  ['a limit of 501', 'limit=501', /from 1 to 500/],
  ['a parameter twice', 'limit=1&limit=2', /given 2 times/],
  ['a zero byte', 'code=%00', /zero byte/],
  ['half an escape', 'filter=%E0%A4', /.+/],
  ['a number out of range', 'filter=weight%20%3E%201e400', /.+/],
  ['a search where none is', 'q=ball', /cannot be searched/],
]
test('a list that is asked wrongly is a 400 that says why', async (t) => {
  const { send } = await house(t)
  for (const [name, query, detail] of wrongLists) {
    const { status, body, headers } = await send('GET', `/api/toys?${query}`)
    assert.equal(status, 400, name)
    assert.match(body.detail, detail, name)
    assert.equal(headers['content-type'], 'application/problem+json')
  }
})

test('versions: a stale If-Match is 412 and nothing happens; several, * and none are understood', async (t) => {
  const { send, pool } = await house(t)
  await send('POST', '/api/toys', { body: { code: 'ball' } })
  const patch = (match: string, weight: number) =>
    send('PATCH', '/api/toys/ball', { body: { weight }, headers: { 'if-match': match } })
  assert.equal(versionOf(await patch('"1"', 1)), 2)
  const before = await eventCount(pool)
  const stale = await patch('"1"', 2)
  assert.deepEqual([stale.status, stale.body.type], [412, '/docs/problems#version'])
  assert.equal((await patch('W/"2"', 2)).status, 412)
  assert.equal((await patch('2', 2)).status, 400)
  const away = { headers: { 'if-match': '"1"' } }
  assert.equal((await send('DELETE', '/api/toys/ball', away)).status, 412)
  assert.equal((await send('POST', '/api/toys/ball/lend', away)).status, 412)
  assert.equal((await send('POST', '/api/toys', { body: { code: 'x' }, ...away })).status, 400)
  assert.equal((await send('POST', '/api/toys/lend', { body: { ids: ['ball'] }, ...away })).status, 400)
  assert.equal(await eventCount(pool), before)
  assert.equal(versionOf(await patch('"1", "2"', 2)), 3)
  assert.equal(versionOf(await patch('*', 3)), 4)
})

test('two writers on one record: one wins, the other is told', async (t) => {
  const { send } = await house(t)
  await send('POST', '/api/toys', { body: { code: 'ball' } })
  const patch = (weight: number) =>
    send('PATCH', '/api/toys/ball', { body: { weight }, headers: { 'if-match': '"1"' } })
  const statuses = (await Promise.all([patch(1), patch(2), patch(3)])).map(({ status }) => status)
  assert.deepEqual(statuses.sort(), [200, 412, 412])
})

test('a dry run tells the very refusals and writes nothing', async (t) => {
  const { send, pool } = await house(t)
  await send('POST', '/api/toys', { body: { code: 'ball' } })
  const before = await eventCount(pool)
  const made = await send('POST', '/api/toys?dry_run=true', { body: { code: 'bat' } })
  assert.deepEqual(
    [
      made.status,
      made.body.code,
      made.headers['serai-dry-run'],
      made.headers['serai-change'],
      made.headers.etag,
    ],
    [200, 'bat', 'true', undefined, undefined],
  )
  const twice = await send('POST', '/api/toys?dry_run', { body: { code: 'ball' } })
  assert.deepEqual([twice.status, twice.body.detail], [409, 'There is a toy of this code already.'])
  assert.equal((await send('PATCH', '/api/toys/ball?dry_run=true', { body: { weight: 2 } })).body.weight, 2)
  const away = await send('DELETE', '/api/toys/ball?dry_run=true')
  assert.deepEqual([away.status, typeof away.body.archived_at], [200, 'string'])
  assert.equal((await send('POST', '/api/toys?dry_run=maybe', { body: { code: 'bat' } })).status, 400)
  assert.equal((await send('POST', '/api/toys?dryrun=true', { body: { code: 'bat' } })).status, 400)
  assert.equal(await eventCount(pool), before)
  assert.equal((await send('GET', '/api/toys/ball')).body.version, 1)
})

test('an idempotency key is done once and answered again; another request with it is refused', async (t) => {
  const { send, pool } = await house(t)
  const once = (code: string) =>
    send('POST', '/api/toys', { body: { code }, headers: { 'idempotency-key': 'k-1' } })
  const first = await once('ball')
  const second = await once('ball')
  assert.deepEqual([first.status, second.status], [201, 201])
  assert.deepEqual(second.body, first.body)
  assert.deepEqual(
    [first.headers['idempotent-replayed'], second.headers['idempotent-replayed']],
    [undefined, 'true'],
  )
  assert.equal(second.headers['serai-change'], first.headers['serai-change'])
  assert.equal((await once('bat')).status, 422)
  assert.equal(await eventCount(pool), 1)
})

test('the reason and the request id are in the event, whichever way they came', async (t) => {
  const { send } = await house(t)
  await send('POST', '/api/toys', {
    body: { code: 'ball' },
    headers: { 'serai-reason': "UTF-8''caf%C3%A9", 'x-request-id': 'req-7' },
  })
  await send('PATCH', '/api/toys/ball?reason=%D8%B9%D9%8A%D8%AF', { body: { weight: 2 } })
  const { items } = (await send('GET', '/api/toys/ball/history')).body
  assert.deepEqual(
    items.map((event: { reason: string; action: string }) => [event.action, event.reason]),
    [
      ['update', 'عيد'],
      ['create', 'café'],
    ],
  )
  assert.equal(items[1].request, 'req-7')
})

test('keys in URLs may hold any letter', async (t) => {
  const { send } = await house(t)
  for (const code of ['a/b c', 'كرة ٧', 'export', '100%', 'a?b#c', 'x'.repeat(80)]) {
    assert.equal((await send('POST', '/api/toys', { body: { code } })).status, 201)
    const path = code === 'export' ? null : `/api/toys/${encodeURIComponent(code)}`
    if (path) assert.equal((await send('GET', path)).body.code, code)
  }
  assert.equal((await send('GET', `/api/toys/${'x'.repeat(5_000)}`)).status, 404)
})
