import assert from 'node:assert/strict'
import { readdir, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'
import pg from 'pg'
import { testServer } from '../../../test/support/database.ts'
import { addEvents, addProducts, fixture, namesIn, scratchDatabases } from './fixture.testing.ts'
import { readShelf } from './shelf.ts'

const MIGRATIONS = new URL('../../../migrations', import.meta.url)

test('a backup holds every table, is proved, and is listed with what it holds', async (t) => {
  const house = await fixture(t)
  await addProducts(house, 40)
  await house.query("update product set active = false where product_id = 'Dubai_1'")
  await addEvents(house, 7)
  await house.query(
    "insert into import_row (import, position, address, verdict) values (gen_random_uuid(), 1, '{}', 'new')",
  )
  const info = await house.backups.take('by hand')
  assert.match(info.name, /^serai_\d{8}_\d{9}Z_0001$/)
  assert.equal(info.verified, true)
  assert.equal(info.problem, null)
  assert.equal(info.rows, house.shippedRows + 47)
  assert.equal(info.reason, 'by hand')
  assert.deepEqual(await house.backups.list(), [info])
  const { content } = await readShelf(house.folder, info.name)
  assert.deepEqual(content.stats, { products: 40, active: 39 })
  const steps = (await readdir(MIGRATIONS)).map((file) => file.replace('.sql', '')).sort()
  assert.deepEqual(content.migrations, steps)
  assert.deepEqual(content.sequences, [{ name: 'event_position_seq', value: '7', called: true }])
  const rows = Object.fromEntries(content.tables.map((table) => [table.name, table.rows]))
  assert.equal(rows.product, 40)
  assert.equal(rows.event, 7)
  assert.ok(!('import_row' in rows), 'unlogged tables are left out')
  assert.ok(!('event_default' in rows), 'a partition is part of its table')
  assert.ok(
    !content.tables.find(({ name }) => name === 'product')!.columns.some(({ name }) => name === 'search'),
  )
  assert.deepEqual(await scratchDatabases(house), [])
})

test('tables that are excluded are left out, others are in, whatever their names and types', async (t) => {
  const house = await fixture(t, { exclude: ['replay'] })
  await house.query(`create type mood as enum ('sad', 'glad')`)
  await house.query('drop type mood')
  await house.query(`create table "Odd ""name/.. é" ("Key ""x" text, "of" date, list int[], raw bytea, n numeric(10,3), f float8,
    span tstzrange, wait interval, document jsonb, primary key ("Key ""x", "of"))`)
  await house.query(`insert into "Odd ""name/.. é" select chr(n) || E'\\t', date '2026-01-01' - n, array[n, null], decode('00ff0a', 'hex'),
    n / 7.0, n / 7.0, tstzrange(now(), null), n * interval '1 day 3 seconds', '{"a": "\\u00e9\\n"}' from generate_series(1, 300) n`)
  await house.query('create table no_key (a text, b int)')
  await house.query(
    `insert into no_key select case when n % 3 > 0 then 'same' end, n % 2 from generate_series(1, 100) n`,
  )
  await house.query('alter table product add column by_hand varchar(7) collate "C" default \'x\'')
  await addProducts(house, 3)
  const info = await house.backups.take('odd')
  assert.equal(info.verified, true)
  assert.equal(info.rows, house.shippedRows + 403)
  const before = await house.fingerprint()
  await house.query('truncate product, no_key')
  await house.query('alter table product drop column by_hand')
  await house.query('drop table "Odd ""name/.. é"')
  await house.backups.restore(info.name)
  await house.query('alter table product alter column by_hand set default null')
  assert.equal(await house.fingerprint(), before)
})

test('it sees one moment, whatever is written meanwhile', async (t) => {
  const house = await fixture(t, {}, null)
  await house.query('create table a (id int primary key, amount int)')
  await house.query('create table z (id int primary key, amount int)')
  await house.query('insert into a select n, 100 from generate_series(1, 20000) n')
  await house.query('insert into z select n, 0 from generate_series(1, 20000) n')
  let writing = true
  const writer = (async () => {
    while (writing)
      await house.query(`with moved as (update a set amount = amount - 1 where id = (select (random() * 19999)::int + 1) returning id)
        update z set amount = amount + 1 where id = (select id from moved)`)
  })()
  const names: string[] = []
  for (let round = 0; round < 2; round += 1) names.push((await house.backups.take('busy')).name)
  writing = false
  await writer
  for (const name of names) {
    await house.backups.restore(name)
    const [row] = await house.query(
      'select (select sum(amount) from a) + (select sum(amount) from z) as total',
    )
    assert.equal(Number(row?.total), 2_000_000, name)
  }
})

test('with reuse the last verified one is the answer until something was recorded or stored', async (t) => {
  const house = await fixture(t)
  await addEvents(house, 1)
  const again = async () => (await house.backups.take('again', { reuse: true })).name
  const first = await again()
  assert.equal(await again(), first)
  await addEvents(house, 1)
  const second = await again()
  assert.notEqual(second, first)
  await house.objects.put('uploads/a', Buffer.from('a'))
  const third = await again()
  assert.notEqual(third, second)
  await house.objects.put('uploads/a', Buffer.from('b'))
  const fourth = await again()
  assert.notEqual(fourth, third)
  const unverified = await house.backups.take('not proved', { verify: false })
  assert.equal(unverified.verified, false)
  assert.equal(await again(), fourth)
  assert.notEqual((await house.backups.take('without reuse')).name, fourth)
  const damaged = await again()
  await writeFile(join(house.folder, damaged, 'tables', 'event.copy.zst'), 'x')
  assert.notEqual(await again(), damaged)
})

test('two at the same moment are two backups, names order as they were made', async (t) => {
  const moment = new Date('2026-02-03T04:05:06.007Z')
  const house = await fixture(t, { now: () => moment })
  const both = await Promise.all([house.backups.take('one'), house.backups.take('other')])
  assert.deepEqual(both.map(({ name }) => name).sort(), [
    'serai_20260203_040506007Z_0001',
    'serai_20260203_040506007Z_0002',
  ])
  assert.equal((await house.backups.take('third')).name, 'serai_20260203_040506007Z_0003')
})

test('objects are copied, the unchanged ones shared with the last verified backup', async (t) => {
  const house = await fixture(t)
  await house.objects.put('uploads/a.csv', Buffer.from('alpha'))
  await house.objects.put('uploads/same.csv', Buffer.from('alpha'))
  await house.objects.put('uploads/b.csv', Buffer.from('beta'))
  const first = await house.backups.take('first')
  await house.objects.put('uploads/b.csv', Buffer.from('gamma'))
  const second = await house.backups.take('second')
  const { content } = await readShelf(house.folder, second.name)
  assert.deepEqual(
    content.objects.map(({ key, size }) => [key, size]),
    [
      ['uploads/a.csv', 5],
      ['uploads/b.csv', 5],
      ['uploads/same.csv', 5],
    ],
  )
  const [a, b] = content.objects
  const linksOf = async (name: string, sha256: string) =>
    (await stat(join(house.folder, name, 'objects', sha256))).nlink
  assert.equal(await linksOf(second.name, a!.sha256), 2)
  assert.equal(await linksOf(second.name, b!.sha256), 1)
  assert.equal((await namesIn(join(house.folder, first.name, 'objects'))).length, 2)
})

test('a shared file that rotted is copied anew instead of spoiling every later backup', async (t) => {
  const house = await fixture(t)
  await house.objects.put('uploads/a.csv', Buffer.from('alpha'))
  const first = await house.backups.take('first')
  const [object] = (await readShelf(house.folder, first.name)).content.objects
  await writeFile(join(house.folder, first.name, 'objects', object!.sha256), 'alphX')
  assert.equal((await house.backups.take('second')).verified, true)
})

test('stopping it leaves nothing', async (t) => {
  const stop = new AbortController()
  const house = await fixture(t, {
    signal: stop.signal,
    onProgress: (_done, _total, what) => what.includes('product') && stop.abort(),
  })
  await addProducts(house, 100)
  await assert.rejects(house.backups.take('stopped'), { name: 'AbortError' })
  assert.deepEqual(await namesIn(house.folder), [])
  assert.deepEqual(await scratchDatabases(house), [])
})

test('a role that may not create databases is told so; one that may needs nothing more', async (t) => {
  const house = await fixture(t)
  const role = `role_${house.database}`
  const server = new pg.Client({ connectionString: testServer() })
  await server.connect()
  await server.query(`create role ${role} login nosuperuser password 'x'`)
  t.after(async () => {
    await server.query(`drop database if exists ${house.database} with (force)`)
    await server.query(`drop role ${role}`)
    await server.end()
  })
  await house.query(`grant all on schema public to ${role}`)
  await ownBy(house, role)
  const url = new URL(house.connection.connectionString!)
  url.username = role
  url.password = 'x'
  const backups = house.open({ connection: { connectionString: url.href } })
  await addProducts(house, 5)
  await assert.rejects(backups.take('proved'), { code: 'backup.refused', message: /CREATEDB/ })
  assert.equal((await backups.take('not proved', { verify: false })).verified, false)
  await server.query(`alter role ${role} createdb`)
  const before = await house.fingerprint()
  const info = await backups.take('proved')
  await addProducts(house, 5, 6)
  await backups.restore(info.name)
  assert.equal(await house.fingerprint(), before)
})

/** Gives every table and sequence to the role, as a hosted database would have it. */
async function ownBy(
  house: { query(sql: string): Promise<Record<string, unknown>[]> },
  role: string,
): Promise<void> {
  const rows = await house.query(
    `select format('alter %s public.%I owner to ${role}', case relkind when 'S' then 'sequence' else 'table' end, relname) as statement
     from pg_class where relnamespace = 'public'::regnamespace and relkind in ('r', 'p', 'S')
       and not exists (select from pg_depend d where d.objid = pg_class.oid and d.deptype = 'a')`,
  )
  for (const { statement } of rows) await house.query(statement as string)
}
