import assert from 'node:assert/strict'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { Readable, Writable } from 'node:stream'
import { test } from 'node:test'
import { type Host, type Io, runCli } from '../../src/doors/cli.ts'
import { createHttp } from '../../src/doors/http.ts'
import type { Services } from '../../src/doors/services.ts'
import { createFeed } from '../../src/engine/feed.ts'
import { f } from '../../src/kernel/fields/index.ts'
import { resource } from '../../src/kernel/resource.ts'
import { role } from '../../src/kernel/rule.ts'
import { findDrift } from '../../src/store/drift.ts'
import { archivable } from '../../src/traits/archivable.ts'
import { owner } from '../support/database.ts'
import { importHouse } from '../support/imports.ts'

/** The first file: what it is. */
const kite = resource('kite', {
  fields: {
    code: f.text({ min: 1, max: 20, line: true, immutable: true }),
    colour: f.choice(['red', 'blue'], { facet: true }),
    cost: f.money({ min: 0, only: 'AED' }),
    flown_on: f.date({ optional: true }),
  },
  key: ['code'],
  traits: [archivable],
  access: { read: role('staff'), write: role('manager') },
  actions: {
    repaint: {
      description: 'Paints it again.',
      effect: 'write',
      on: 'records',
      input: { colour: f.choice(['red', 'blue']) },
      set: (_row, { input }) => input,
    },
  },
})

/** The second: its table. */
const kiteTable = `create table kite (
  id uuid primary key, version bigint not null default 1, created_at timestamptz not null default now(), updated_at timestamptz not null default now(),
  code text not null, colour text not null, cost bigint not null, flown_on date,
  archived_at timestamptz, archived_by text, archive_reason text, key_released boolean not null default false);
create unique index kite_code_key on kite (code) where not key_released;
select serai_track('kite', '{code}', '{}', '{"cost": "AED"}');`

const refusedBackups = { list: async () => [] } as unknown as Services['backups']

test('two files make a resource at every door', async (t) => {
  const { engine, pool, imports, folder } = await importHouse(t, [kite])
  await pool.query(kiteTable)
  assert.deepEqual(await findDrift(pool, [kite]), [])
  const services: Services = {
    engine,
    imports,
    backups: refusedBackups,
    sources: {} as Services['sources'],
    environment: 'test',
    version: '0',
    database: 'test',
    feed: createFeed(engine),
    gauges: async () => [],
  }
  const app = await createHttp({
    services,
    authenticate: async (token) => (token === 'sesame' ? owner : null),
    logger: false,
    ready: async () => ({ ok: true, checks: {} }),
  })
  t.after(() => app.close())
  const headers = { authorization: 'Bearer sesame' }
  const get = async (url: string) => app.inject({ url, headers })
  const send = async (method: 'POST' | 'PATCH' | 'DELETE', url: string, payload?: object) =>
    app.inject({ method, url, headers, ...(payload ? { payload } : {}) })

  await t.test('REST: create, read, change, act, archive, history', async () => {
    assert.equal((await app.inject({ url: '/api/kites' })).statusCode, 401)
    const made = await send('POST', '/api/kites', {
      code: 'k1',
      colour: 'red',
      cost: { amount: 500, currency: 'AED' },
    })
    assert.equal(made.statusCode, 201, made.body)
    assert.ok(made.headers['serai-change'])
    assert.equal((await send('PATCH', '/api/kites/k1', { flown_on: '2026-03-01' })).statusCode, 200)
    assert.equal((await send('POST', '/api/kites/k1/repaint', { colour: 'blue' })).json().colour, 'blue')
    assert.match(String((await get('/api/kites/k1')).headers.etag), /^"3-/)
    assert.equal((await send('DELETE', '/api/kites/k1')).statusCode, 204)
    assert.equal((await get('/api/kites')).json().items.length, 0)
    assert.equal((await send('POST', '/api/kites/k1/restore', {})).statusCode, 200)
    assert.deepEqual(
      (await get('/api/kites/k1/history')).json().items.map((event: { action: string }) => event.action),
      ['restore', 'archive', 'repaint', 'update', 'create'],
    )
  })

  await t.test('filter, sort, facets; export in every format', async () => {
    const { items, facets } = (await get('/api/kites?filter=cost<=500&sort=-cost&facets=colour')).json()
    assert.deepEqual([items.length, facets.colour], [1, [{ value: 'blue', count: 1 }]])
    for (const format of ['json', 'jsonl', 'csv', 'xlsx'])
      assert.equal((await get(`/api/kites/export?format=${format}`)).statusCode, 200, format)
    assert.match(
      (await get('/api/kites/export?format=csv')).body,
      /^code,colour,cost,cost_currency,flown_on\nk1,blue,5,AED,2026-03-01\n$/,
    )
  })

  await t.test('OpenAPI and describe name it', async () => {
    const { paths } = (await get('/api/openapi.json')).json()
    for (const path of [
      '/api/kites',
      '/api/kites/{id}',
      '/api/kites/{id}/repaint',
      '/api/kites/{id}/history',
      '/api/kites/export',
    ])
      assert.ok(paths[path], path)
    assert.match((await get('/api/describe')).body, /"name":"kite"/)
  })

  await t.test('GraphQL asks for it and acts on it', async () => {
    const ask = async (query: string) => (await send('POST', '/api/graphql', { query })).json()
    const { data } = await ask('mutation { kite_repaint(ids: "k1", input: { colour: "red" }) { change } }')
    assert.ok(data.kite_repaint.change)
    assert.deepEqual(
      await ask('{ kites(filter: "cost <= 500") { nodes { code colour cost { amount } } } }'),
      {
        data: { kites: { nodes: [{ code: 'k1', colour: 'red', cost: { amount: 500 } }] } },
      },
    )
    await send('POST', `/api/changes/${data.kite_repaint.change}/undo`)
  })

  await t.test('the command line imports, exports and undoes it', async () => {
    const file = join(folder, 'kites.csv')
    await writeFile(
      file,
      'code,colour,cost,cost_currency,flown_on\nk1,blue,5,AED,2026-03-01\nk2,red,7.50,AED,\n',
    )
    const { code, stdout } = await command(services, [
      'ingest',
      '--resource',
      'kite',
      '--file',
      file,
      '--json',
    ])
    assert.equal(code, 0)
    const done = JSON.parse(stdout)
    assert.deepEqual([done.created, done.unchanged], [1, 1])
    assert.match((await command(services, ['export', 'kites', '--format', 'csv'])).stdout, /k2,red,7\.5,AED,/)
    assert.equal(JSON.parse((await command(services, ['undo', done.import, '--json'])).stdout).restored, 1)
  })
})

test('drift is found: a missing column, another type, a column that nobody declared, null where it is required', async (t) => {
  const { pool } = await importHouse(t)
  await pool.query(
    kiteTable.replace('cost bigint not null', 'cost text').replace(', flown_on date', ', flown date'),
  )
  assert.deepEqual(await findDrift(pool, [kite]), [
    'kite.cost: declared as bigint, the column is text',
    'kite.cost: required, but the column takes null',
    'kite.flown_on: declared, but the table has no such column',
    'kite.flown: a column that no field names',
  ])
})

/** A command line over these services, in this process. */
async function command(services: Services, argv: string[]): Promise<{ code: number; stdout: string }> {
  let stdout = ''
  const sink = (keep: (text: string) => void) =>
    new Writable({
      write(chunk, _encoding, done) {
        keep(String(chunk))
        done()
      },
    })
  const host = {
    version: '0',
    defaultResource: 'product',
    tokenResource: 'token',
    areas: [],
    open: async () => ({ services, actor: owner, close: async () => undefined }),
  } as unknown as Host
  const io: Io = {
    stdout: sink((text) => {
      stdout += text
    }),
    stderr: sink(() => undefined),
    stdin: Readable.from([]),
    isTerminal: false,
    env: {},
    signal: new AbortController().signal,
    prompt: async () => '',
  }
  return { code: await runCli(argv, host, io), stdout }
}
