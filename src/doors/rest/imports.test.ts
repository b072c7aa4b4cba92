import assert from 'node:assert/strict'
import { connect } from 'node:net'
import { type TestContext, test } from 'node:test'
import type { Row } from '../../kernel/field.ts'
import { createImports } from '../../work/imports.ts'
import { type Door, eventCount, openDoor, type Sent } from '../http/testing.ts'
import type { Imports } from '../services.ts'

const house = (t: TestContext, more: Parameters<typeof openDoor>[1] = {}) =>
  openDoor(t, { imports: (context) => createImports(context), ...more })

const product = (product_id: string, more: Row = {}): Row => ({
  product_id,
  product_name: `Tour ${product_id}`,
  pricing: [{ tier_name: 'Adult', price_aed: 149, currency: 'AED' }],
  inclusions: ['Tea'],
  ...more,
})
const lines = (...products: Row[]) => products.map((each) => `${JSON.stringify(each)}\n`).join('')
const BYTES = { 'content-type': 'application/octet-stream' }

function upload(
  { send }: Door,
  body: string | Buffer,
  query = 'resource=product&name=tours.jsonl',
): Promise<Sent> {
  return send('POST', `/api/imports?${query}`, { body: Buffer.from(body), headers: BYTES })
}

type Part = [name: string, value: string | Buffer, fileName?: string]
function form(...parts: Part[]): { body: Buffer; headers: { 'content-type': string } } {
  const boundary = 'xxBOUNDARYxx'
  const chunks = parts.flatMap(([name, value, fileName]) => [
    Buffer.from(
      `--${boundary}\r\nContent-Disposition: form-data; name="${name}"${fileName === undefined ? '' : `; filename="${fileName}"\r\nContent-Type: application/octet-stream`}\r\n\r\n`,
    ),
    Buffer.from(value),
    Buffer.from('\r\n'),
  ])
  return {
    body: Buffer.concat([...chunks, Buffer.from(`--${boundary}--\r\n`)]),
    headers: { 'content-type': `multipart/form-data; boundary=${boundary}` },
  }
}

test('a file is planned, looked at, applied once, and taken back', async (t) => {
  const door = await house(t)
  const { send, pool } = door
  const planned = await upload(door, lines(product('A'), product('B')))
  assert.deepEqual([planned.status, planned.body.state, planned.body.counts.created], [201, 'planned', 2])
  const place = String(planned.headers.location)
  assert.equal(place, `/api/imports/${planned.body.id}`)
  assert.equal(await eventCount(pool), 0)
  const first = await send('GET', `${place}/rows?limit=1&verdict=new`)
  assert.deepEqual([first.body.items[0].key !== null, first.body.next], [true, 0])
  const next = /^<([^>]+)>/.exec(String(first.headers.link))![1]
  const second = await send('GET', next)
  assert.deepEqual([second.body.items.length, second.body.next, second.body.items[0].position], [1, null, 1])
  const rehearsed = await send('POST', `${place}/apply?dry_run=true`)
  assert.deepEqual([rehearsed.body.state, rehearsed.headers['serai-dry-run']], ['planned', 'true'])
  assert.equal(await eventCount(pool), 0)
  const applied = await send('POST', `${place}/apply?reason=new%20season`)
  assert.deepEqual([applied.status, applied.body.state], [200, 'applied'])
  assert.equal(applied.headers['serai-change'], applied.body.change)
  const again = await send('POST', `${place}/apply`)
  assert.deepEqual([again.status, again.headers['serai-change']], [200, undefined])
  assert.equal(await eventCount(pool), 2)
  const same = await upload(door, lines(product('A'), product('B')))
  assert.deepEqual([same.status, same.body.id, same.headers.location], [200, planned.body.id, place])
  assert.equal((await send('POST', `${place}/undo?dry_run=true`)).body.restored, 2)
  const undone = await send('POST', `${place}/undo`)
  assert.deepEqual([undone.body.restored, undone.headers['serai-change']], [2, undone.body.change])
  assert.equal((await send('GET', place)).body.state, 'undone')
  assert.deepEqual((await send('GET', '/api/products')).body.items, [])
  assert.equal((await send('GET', '/api/imports?state=undone')).body.items.length, 1)
})

test('a form says the same as parameters, when its file comes last', async (t) => {
  const { send } = await house(t)
  const file: Part = ['file', lines(product('A', { weather: 1 })), 'C:\\tours\\spring.jsonl']
  const good = await send(
    'POST',
    '/api/imports',
    form(['resource', 'product'], ['mode', 'merge'], ['on_error', 'skip'], file),
  )
  assert.equal(good.status, 201)
  assert.deepEqual(
    [good.body.file_name, good.body.options],
    ['spring.jsonl', { mode: 'merge', onError: 'skip' }],
  )
  const wrong: [string, ReturnType<typeof form>, RegExp][] = [
    [
      'a field after the file',
      form(['resource', 'product'], file, ['mode', 'merge']),
      /"mode" comes after the file/,
    ],
    ['two files', form(['resource', 'product'], file, file), /comes after the file/],
    ['no file', form(['resource', 'product']), /holds no file/],
    ['no resource', form(file), /what the records of the file are/],
    ['an unknown field', form(['resource', 'product'], ['moode', 'merge'], file), /did you mean mode/],
    ['a field twice', form(['resource', 'product'], ['resource', 'token'], file), /given twice/],
    [
      'too long a field',
      form(['resource', 'product'], ['sheet', 'x'.repeat(70_000)], file),
      /at most 65536 bytes/,
    ],
    ['a prototype', form(['__proto__', 'x'], file), /.+/],
  ]
  for (const [name, sent, detail] of wrong) {
    const { status, body } = await send('POST', '/api/imports', sent)
    assert.equal(status, 400, name)
    assert.match(body.detail, detail, name)
  }
  const cut = form(['resource', 'product'], file)
  const half = await send('POST', '/api/imports', { ...cut, body: cut.body.subarray(0, -30) })
  assert.deepEqual([half.status, half.headers['content-type']], [400, 'application/problem+json'])
  assert.equal((await send('GET', '/api/imports')).body.items.length, 1)
})

const wrongUploads: [string, string, string | Buffer, number, RegExp][] = [
  ['no resource', 'name=a.jsonl', '{}', 400, /\?resource=product/],
  ['an unknown resource', 'resource=prodct', '{}', 404, /did you mean product/],
  ['an unknown mode', 'resource=product&mode=add', '{}', 400, /one of replace, merge/],
  ['an unknown parameter', 'resource=product&formt=csv', '{}', 400, /did you mean format/],
  ['a share of 2', 'resource=product&max_removal_share=2', '{}', 400, /from 0 to 1/],
  ['columns that are none', 'resource=product&columns=x', '{}', 400, /JSON object/],
  ['on_error=later', 'resource=product&on_error=later', '{}', 400, /abort, skip or stop-after/],
  ['an empty file', 'resource=product&name=a.json', '', 415, /empty/],
  [
    'a page saved as a workbook',
    'resource=product&name=a.xlsx',
    '<!doctype html><html></html>',
    415,
    /HTML/i,
  ],
  ['a syntax error', 'resource=product&name=a.json', '[{"a": 1,}]', 422, /line 1, column 10/],
]
test('a file that cannot be read is refused with its place, and nothing is half done', async (t) => {
  const door = await house(t)
  for (const [name, query, body, status, detail] of wrongUploads) {
    const answer = await upload(door, body, query)
    assert.equal(answer.status, status, `${name}: ${answer.text}`)
    assert.match(answer.body.detail, detail, name)
    assert.equal(answer.headers['content-type'], 'application/problem+json')
  }
  const { items } = (await door.send('GET', '/api/imports')).body
  assert.deepEqual([...new Set(items.map((item: Row) => item.state))], ['failed'])
  assert.equal(await eventCount(door.pool), 0)
})

test('rejected rows come back as a file, and stop an atomic apply', async (t) => {
  const door = await house(t)
  const { send } = door
  const planned = await upload(door, lines(product('A'), product('B', { product_name: '' })))
  const place = String(planned.headers.location)
  assert.equal(planned.body.counts.rejected, 1)
  const refused = await send('POST', `${place}/apply`)
  assert.deepEqual([refused.status, refused.body.type], [422, '/docs/problems#import.rejected'])
  const file = await send('GET', `${place}/rejects`)
  assert.deepEqual([file.status, file.headers['content-type']], [200, 'application/jsonl'])
  assert.match(String(file.headers['content-disposition']), /tours\.rejects\.jsonl/)
  assert.match(file.text, /"B"/)
  const cancelled = await send('POST', `${place}/cancel`)
  assert.equal(cancelled.body.state, 'cancelled')
  assert.equal((await send('POST', `${place}/apply`)).status, 409)
  assert.equal((await send('POST', `${place}/cancel`)).status, 409)
  assert.equal((await send('POST', `${place}/undo`)).status, 409)
  const clean = await upload(door, lines(product('C')))
  assert.equal((await send('GET', `${clean.headers.location}/rejects`)).status, 404)
})

test('an import that is not there, and calls that make no sense', async (t) => {
  const { send } = await house(t)
  for (const id of ['x', '01890000-0000-7000-8000-000000000000'])
    for (const [method, verb] of [
      ['GET', ''],
      ['GET', '/rows'],
      ['GET', '/rejects'],
      ['POST', '/apply'],
      ['POST', '/apply?dry_run=true'],
      ['POST', '/undo'],
      ['POST', '/cancel'],
    ])
      assert.equal((await send(method, `/api/imports/${id}${verb}`)).status, 404, `${method} ${id}${verb}`)
  for (const query of ['verdict=maybe', 'after=-1', 'limit=0', 'sort=x'])
    assert.equal((await send('GET', `/api/imports/x/rows?${query}`)).status, 400, query)
  assert.equal((await send('POST', '/api/imports/x/apply?wait_seconds=1000')).status, 400)
})

test('who may not write may not import', async (t) => {
  const { send } = await house(t)
  const body = Buffer.from(lines(product('A')))
  const url = '/api/imports?resource=product'
  assert.equal((await send('POST', url, { body, headers: BYTES, token: 'viewer-token' })).status, 403)
  assert.equal((await send('POST', url, { body, headers: BYTES, token: null })).status, 401)
  assert.deepEqual((await send('GET', '/api/imports')).body.items, [])
})

test('a body over the limit is a 413 that names it, and nothing is kept', async (t) => {
  const door = await house(t, { uploadLimitBytes: 1_000 })
  const { send } = door
  const big = lines(...Array.from({ length: 20 }, (_, index) => product(`P${index}`)))
  for (const answer of [
    await upload(door, big),
    await send('POST', '/api/imports', form(['resource', 'product'], ['file', big, 'a.jsonl'])),
  ]) {
    assert.deepEqual([answer.status, /larger than 1000 B/.test(answer.body.detail)], [413, true], answer.text)
    assert.equal(answer.headers.connection, 'close')
  }
  assert.deepEqual((await send('GET', '/api/imports')).body.items, [])
})

test('the name of a raw body comes from Content-Disposition, ?name= or its type', async (t) => {
  const { send } = await house(t)
  const named: [{ [name: string]: string }, string, string][] = [
    [{ 'content-disposition': `attachment; filename="../../etc/pass\\"wd.jsonl"` }, '', 'pass"wd.jsonl'],
    [{ 'content-disposition': "attachment; filename=x; filename*=UTF-8''%D8%B9.jsonl" }, '', 'ع.jsonl'],
    [{}, '&name=a/b.jsonl', 'b.jsonl'],
    [{ 'content-type': 'application/x-ndjson' }, '', 'upload.jsonl'],
    [{ 'content-type': 'application/json' }, '', 'upload.json'],
  ]
  for (const [index, [headers, query, name]] of named.entries()) {
    const body = Buffer.from(lines(product(`P${index}`)))
    const answer = await send('POST', `/api/imports?resource=product${query}`, {
      body,
      headers: { ...BYTES, ...headers },
    })
    assert.deepEqual([answer.status, answer.body.file_name], [201, name], answer.text)
  }
})

test('a plan that takes long is answered with 202 and goes on without its request', async (t) => {
  const { promise: held, resolve: release } = Promise.withResolvers<void>()
  const slow = (imports: Imports): Imports => ({
    ...imports,
    plan: async (id, context) => held.then(() => imports.plan(id, context)),
  })
  const door = await house(t, { imports: (context) => slow(createImports(context)) })
  const answer = await upload(door, lines(product('A')))
  assert.deepEqual([answer.status, answer.body.state], [202, 'uploaded'])
  release()
  const started = Date.now()
  while ((await door.send('GET', String(answer.headers.location))).body.state !== 'planned')
    assert.ok(Date.now() - started < 10_000)
})

test('an upload that breaks off leaves nothing', async (t) => {
  const { app, send } = await house(t)
  const url = new URL(await app.listen({ host: '127.0.0.1', port: 0 }))
  const socket = connect(Number(url.port), url.hostname)
  socket.write(
    `POST /api/imports?resource=product HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer owner-token\r\nContent-Type: text/csv\r\nContent-Length: 1000\r\n\r\nproduct_id,`,
  )
  await new Promise((resolve) => setTimeout(resolve, 200))
  socket.destroy()
  await new Promise((resolve) => setTimeout(resolve, 300))
  assert.deepEqual((await send('GET', '/api/imports')).body.items, [])
  assert.equal((await send('GET', '/livez')).status, 200)
})
