import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { openDoor } from '../http/testing.ts'
import { toy, toyTable } from '../http/toy.testing.ts'

/** More than the buffers of two sockets hold. */
const MANY = 20_000
const LONG = 'x'.repeat(2_000)

async function house(t: TestContext, count: number, keeper = 'Amal') {
  const door = await openDoor(t, { resources: [toy], tables: toyTable })
  await door.pool.query(
    `insert into toy (id, code, colour, weight, keeper, state)
select gen_random_uuid(), 'toy-' || lpad(n::text, 6, '0'), case when n % 2 = 0 then 'red' else '=1+1' end, n, $2, 'here' from generate_series(1, $1::int) n`,
    [count, keeper],
  )
  return door
}

const formats: [string, RegExp, RegExp][] = [
  ['csv', /^text\/csv; charset=utf-8$/, /^code,colour,/],
  ['json', /^application\/json/, /^\[/],
  ['jsonl', /^application\/jsonl$/, /^\{"code"/],
  ['xlsx', /spreadsheetml/, /^PK/],
]
test('an export is a file of every matching record, in each format', async (t) => {
  const { send } = await house(t, 10)
  for (const [format, type, start] of formats) {
    const { status, headers, text } = await send(
      'GET',
      `/api/toys/export?format=${format}&filter=weight%20%3C%205`,
    )
    assert.equal(status, 200, format)
    assert.match(String(headers['content-type']), type)
    assert.match(text, start)
    const name = new RegExp(
      `^attachment; filename="toys-\\d{4}-\\d\\d-\\d\\d\\.${format}"; filename\\*=UTF-8''toys-`,
    )
    assert.match(String(headers['content-disposition']), name)
    if (format === 'jsonl') assert.equal(text.trim().split('\n').length, 4)
  }
  assert.match((await send('GET', '/api/toys/export?format=csv')).text, /,"'=1\+1",/)
  assert.match((await send('GET', '/api/toys/export?format=csv&profile=raw')).text, /,=1\+1,/)
})

const wrong: [string, number, RegExp][] = [
  ['', 400, /csv, xlsx, json, jsonl/],
  ['format=pdf', 400, /one of csv/],
  ['format=csv&limit=5', 400, /limit is for lists/],
  ['format=csv&sort=code', 400, /sort is for lists/],
  ['format=csv&profile=plain', 400, /spreadsheet, raw/],
  ['format=csv&filter=nothing%20%3D%3D%201', 400, /no field/],
  ['format=csv&format=json', 400, /given 2 times/],
]
test('HEAD would read the whole file for nothing, so it is not for exports', async (t) => {
  const { send } = await house(t, 1)
  const { status, headers } = await send('HEAD', '/api/toys/export?format=csv')
  assert.deepEqual([status, headers.allow, (await send('HEAD', '/api/toys')).status], [405, 'GET', 200])
})

test('an export that is asked wrongly is refused before its first byte', async (t) => {
  const { send } = await house(t, 1)
  for (const [query, status, detail] of wrong) {
    const answer = await send('GET', `/api/toys/export?${query}`)
    assert.equal(answer.status, status, query)
    assert.match(answer.body.detail, detail)
  }
  const refused = await send('GET', '/api/tokens/export?format=csv', { token: 'viewer-token' })
  assert.deepEqual([refused.status, refused.headers['content-type']], [403, 'application/problem+json'])
})

test('an export whose database dies half-way is cut off, so that nobody takes it for whole', async (t) => {
  const { app, pool, send } = await house(t, MANY, LONG)
  const url = await app.listen({ host: '127.0.0.1', port: 0 })
  const response = await fetch(`${url}/api/toys/export?format=jsonl`, {
    headers: { authorization: 'Bearer owner-token' },
  })
  assert.equal(response.status, 200)
  const reader = response.body!.getReader()
  await reader.read()
  const { rowCount } = await pool.query(
    `select pg_terminate_backend(pid) from pg_stat_activity where datname = current_database() and backend_type = 'client backend' and xact_start is not null and pid <> pg_backend_pid()`,
  )
  assert.equal(rowCount, 1, 'the export holds its snapshot while nobody reads')
  await assert.rejects(async () => {
    for (;;) if ((await reader.read()).done) return
  })
  const after = await send('GET', '/api/toys?limit=1')
  assert.equal(after.status, 200)
})

test('a reader that goes away frees the snapshot', { timeout: 30_000 }, async (t) => {
  const { app, pool } = await house(t, MANY, LONG)
  const url = await app.listen({ host: '127.0.0.1', port: 0 })
  const leaving = new AbortController()
  const response = await fetch(`${url}/api/toys/export?format=csv`, {
    headers: { authorization: 'Bearer owner-token' },
    signal: leaving.signal,
  })
  await response.body!.getReader().read()
  assert.equal(await snapshots(pool), 1)
  leaving.abort()
  const started = Date.now()
  while ((await snapshots(pool)) > 0) assert.ok(Date.now() - started < 5_000, 'the snapshot is still held')
})

async function snapshots(pool: {
  query(text: string): Promise<{ rows: { count: number }[] }>
}): Promise<number> {
  const { rows } = await pool.query(
    `select count(*) as count from pg_stat_activity where datname = current_database() and backend_type = 'client backend' and xact_start is not null and pid <> pg_backend_pid()`,
  )
  return rows[0].count
}
