import assert from 'node:assert/strict'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { buffer } from 'node:stream/consumers'
import { type TestContext, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { testDatabase } from '../../../test/support/database.ts'
import { nextEvents } from '../../store/log.ts'
import { addEvents, addProducts, type Fixture, fixture, forge, scratchDatabases } from './fixture.testing.ts'

test('a restore gives back every row, tells what changed, and can itself be taken back', async (t) => {
  const house = await fixture(t)
  await addProducts(house, 10)
  const then = await house.fingerprint()
  const first = await house.backups.take('first')
  await house.query("update product set product_name = 'changed' where product_id in ('Dubai_1', 'Dubai_2')")
  await house.query("delete from product where product_id in ('Dubai_3', 'Dubai_4', 'Dubai_5')")
  await addProducts(house, 4, 100)
  const now = await house.fingerprint()
  const expected = { table: 'product', before: 11, after: 10, added: 3, removed: 4, changed: 2 }
  const productOf = (tables: { table: string }[]) => tables.find(({ table }) => table === 'product')
  assert.deepEqual(productOf(await house.backups.diff(first.name)), expected)
  const dry = await house.backups.restore(first.name, { dryRun: true })
  assert.deepEqual(productOf(dry.tables), expected)
  assert.equal(dry.backup, null)
  assert.equal(await house.fingerprint(), now)
  const report = await house.backups.restore(first.name)
  assert.deepEqual(productOf(report.tables), expected)
  assert.equal(await house.fingerprint(), then)
  assert.deepEqual(await house.backups.diff(first.name), report.tables.map(unchanged))
  const before = (await house.backups.list()).find(({ name }) => name === report.backup)
  assert.equal(before?.reason, `before restoring ${first.name}`)
  assert.equal(before?.verified, true)
  await house.backups.restore(report.backup!)
  assert.equal(await house.fingerprint(), now)
  assert.deepEqual(await scratchDatabases(house), [])
})

test('restored rows are as they were saved: triggers rest, and work again afterwards', async (t) => {
  const house = await fixture(t)
  await addProducts(house, 1)
  await house.query('update product set price_from = 7')
  await house.query(
    `create function price_of_100() returns trigger language plpgsql as 'begin new.price_from := 100; return new; end'`,
  )
  await house.query(
    'create trigger price before insert or update on product for each row execute function price_of_100()',
  )
  await house.query('alter table product enable always trigger price')
  await house.backups.restore((await house.backups.take('x')).name)
  assert.deepEqual(await house.query('select price_from from product'), [{ price_from: 7 }])
  const [trigger] = await house.query("select tgenabled from pg_trigger where tgname = 'price'")
  assert.equal(trigger?.tgenabled, 'A')
  await house.query('update product set version = 2')
  assert.deepEqual(await house.query('select price_from from product'), [{ price_from: 100 }])
})

test('sequences never go back, and are raised where the backup is ahead', async (t) => {
  const house = await fixture(t)
  await addEvents(house, 5)
  const five = await house.backups.take('five')
  await addEvents(house, 5)
  await house.backups.restore(five.name)
  assert.deepEqual(await house.query('select last_value from event_position_seq'), [{ last_value: 10 }])
  await house.query("select setval('event_position_seq', 2)")
  await house.backups.restore(five.name)
  assert.deepEqual(await house.query("select nextval('event_position_seq') as next"), [{ next: 6 }])
})

test('tables that refer to each other and to themselves load whatever their order', async (t) => {
  const house = await fixture(t, {}, null)
  await house.query('create table a (id int primary key, b int)')
  await house.query('create table b (id int primary key, a int references a)')
  await house.query('alter table a add constraint to_b foreign key (b) references b')
  await house.query(
    'create table tree (id int primary key, parent int references tree deferrable initially immediate)',
  )
  await house.query('insert into a values (1, null), (2, null)')
  await house.query('insert into b values (1, 2), (2, 1)')
  await house.query('update a set b = id')
  await house.query('insert into tree values (2, null), (1, 2)')
  const before = [await house.fingerprint(), await foreignKeys(house)]
  const { name } = await house.backups.take('x', { verify: false })
  await house.query('update a set b = null')
  await house.query('truncate b, a, tree')
  await house.backups.restore(name)
  assert.deepEqual([await house.fingerprint(), await foreignKeys(house)], before)
})

test('what PostgreSQL refuses in the middle changes nothing', async (t) => {
  const house = await fixture(t)
  await addProducts(house, 3)
  const { name } = await house.backups.take('three')
  await addProducts(house, 1, 9)
  await house.query('create table note (id int primary key, product uuid references product)')
  await house.query('insert into note select 1, id from product where product_id = $1', ['Dubai_9'])
  const before = await house.fingerprint()
  await assert.rejects(house.backups.restore(name), {
    code: 'backup.failed',
    message: /nothing was changed.*note/is,
  })
  assert.equal(await house.fingerprint(), before)
  assert.deepEqual(await scratchDatabases(house), [])
})

test('writers wait for a restore, and none of their writes is lost unseen', async (t) => {
  const house = await fixture(t)
  await addProducts(house, 2000)
  const { name } = await house.backups.take('x')
  let restoring = true
  let written = 0
  const writer = (async () => {
    while (restoring) await addProducts(house, 1, 100_000 + written++)
  })()
  const report = await house.backups.restore(name)
  restoring = false
  await writer
  const [row] = await house.query('select count(*) as rows from product')
  const after = Number(row!.rows) - 2000
  const seen = report.tables.find(({ table }) => table === 'product')!.removed
  assert.equal(seen + after, written, `${seen} in the backup before, ${after} after`)
  const saved = (await house.backups.list()).find((info) => info.name === report.backup)!
  assert.equal(saved.rows, house.shippedRows + 2000 + seen)
})

test('stored objects come back when they are missing or different; younger ones stay', async (t) => {
  const house = await fixture(t)
  for (const key of ['kept', 'lost', 'altered']) await house.objects.put(`uploads/${key}`, Buffer.from(key))
  const { name } = await house.backups.take('x')
  await house.objects.remove('uploads/lost')
  await house.objects.put('uploads/altered', Buffer.from('other'))
  await house.objects.put('uploads/young', Buffer.from('young'))
  assert.equal((await house.backups.restore(name)).objects, 2)
  for (const key of ['kept', 'lost', 'altered', 'young'])
    assert.equal((await buffer(house.objects.get(`uploads/${key}`))).toString(), key)
})

test('in the same cluster followers keep their place: nothing that they acted on comes again', async (t) => {
  const house = await fixture(t)
  await addEvents(house, 4)
  await house.query(
    `insert into follower (name, transaction, position) select 'mail', transaction, 2 from event where position = 2`,
  )
  const { name } = await house.backups.take('x')
  await house.query(`update follower set position = 4`)
  const [before] = await house.query('select transaction::text, position from follower')
  await house.backups.restore(name)
  assert.deepEqual(await house.query('select transaction::text, position from follower'), [before])
})

test('in another cluster the log is readable from where each follower stood, and new events come after', async (t) => {
  const old = await fixture(t)
  await addEvents(old, 4)
  // Numbers that this cluster will not reach for years, as a younger cluster would see them.
  await old.query(`update event set transaction = (1000000000000 + position)::text::xid8`)
  await old.query(
    `insert into follower (name, transaction, position) values ('mail', '1000000000002', 2), ('idle', '1000000000004', 4)`,
  )
  const { name } = await old.backups.take('moving house')
  await forge(old.folder, name, ({ content }) => {
    content.origin = 'another/1'
  })
  const house = { ...old, ...(await emptyHouse(t)) }
  await house.open({ connection: house.connection }).restore(name)
  await addEvents(house, 1)
  const unread = async (follower: string) => {
    const [cursor] = await house.query('select transaction::text, position from follower where name = $1', [
      follower,
    ])
    const after = { transaction: String(cursor!.transaction), position: Number(cursor!.position) }
    return (await nextEvents({ query: house.pool.query.bind(house.pool) }, after, 10)).map(
      ({ position }) => position,
    )
  }
  // Events show once every older transaction of the server is over, other tests' too.
  for (let tries = 0; tries < 100 && (await unread('mail')).length < 3; tries++) await sleep(50)
  assert.deepEqual(await unread('mail'), [3, 4, 5])
  assert.deepEqual(await unread('idle'), [5])
})

test('a file of the predecessor is listed, and restoring it says how to load it', async (t) => {
  const house = await fixture(t)
  await house.backups.take('x')
  await writeFile(join(house.folder, 'products_20250102_030405.json'), '[]')
  await writeFile(join(house.folder, 'notes.txt'), '')
  const [json] = await house.backups.list()
  assert.equal(json!.kind, 'json')
  assert.equal(json!.created_at, '2025-01-02T03:04:05.000Z')
  assert.equal(json!.size_bytes, 2)
  await assert.rejects(house.backups.restore(json!.name), {
    code: 'backup.not_restorable',
    message: /serai ingest --file .*products_20250102_030405\.json/,
  })
  for (const name of ['notes.txt', '../../etc', 'serai_20250102_030405000Z_0009'])
    await assert.rejects(house.backups.restore(name), { code: 'backup.not_found' })
})

test('an empty database has an empty backup, and is empty after its restore', async (t) => {
  const house = await fixture(t, {}, null)
  const { name, verified, rows } = await house.backups.take('nothing yet')
  assert.deepEqual([verified, rows], [true, 0])
  assert.deepEqual((await house.backups.restore(name)).tables, [])
})

async function emptyHouse(t: TestContext) {
  const database = await testDatabase(t)
  const query = async (sql: string, values: unknown[] = []) => (await database.pool.query(sql, values)).rows
  return { ...database, query }
}

async function foreignKeys({ query }: Fixture): Promise<unknown> {
  return query(
    "select conname, condeferrable, condeferred, convalidated from pg_constraint where contype = 'f' order by conname",
  )
}

function unchanged({ table, after }: { table: string; after: number }) {
  return { table, before: after, after, added: 0, removed: 0, changed: 0 }
}
