import assert from 'node:assert/strict'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { migrateDown, migrateUp } from '../../store/migrate.ts'
import { addEvents, addProducts, fixture } from './fixture.testing.ts'

test('a backup of an older schema is brought up to the present one', async (t) => {
  const steps = {
    '0001_guest.sql':
      '-- Up Migration\ncreate table guest (id int primary key, name text);\n-- Down Migration\ndrop table guest;',
    '0002_split.sql': `-- Up Migration
alter table guest add first text not null default '';
update guest set first = split_part(name, ' ', 1);
alter table guest drop name;
create table stay (id int primary key);
insert into stay select id from guest;
-- Down Migration
drop table stay; alter table guest add name text; update guest set name = first; alter table guest drop first;`,
  }
  const migrations = await migrationFolder(t, steps)
  const house = await fixture(t, { migrations }, null)
  await migrateUp(house.connection, { folder: migrations, to: '0001_guest' })
  await house.query("insert into guest values (1, 'Ana Silva'), (2, 'Bo Li')")
  const old = await house.backups.take('old schema')
  assert.equal(old.verified, true)
  await migrateUp(house.connection, { folder: migrations })
  await house.query("insert into guest values (3, 'Cy')")
  await house.query("update guest set first = 'Anna' where id = 1")
  const { tables } = await house.backups.restore(old.name)
  assert.deepEqual(tables, [
    { table: 'guest', before: 3, after: 2, added: 0, removed: 1, changed: 1 },
    { table: 'stay', before: 2, after: 2, added: 0, removed: 0, changed: 0 },
  ])
  assert.deepEqual(await house.query('select * from guest order by id'), [
    { id: 1, first: 'Ana' },
    { id: 2, first: 'Bo' },
  ])
  const newer = await house.backups.take('new schema')
  await migrateDown(house.connection, 1, { folder: migrations })
  await assert.rejects(house.backups.restore(newer.name), {
    code: 'backup.schema',
    message: /serai migrate up/,
  })
})

test("the project's own schema: a backup made before the catalog existed empties it", async (t) => {
  const house = await fixture(t, {}, null)
  await migrateUp(house.connection, { to: '0001_engine' })
  await addEvents(house, 3)
  const old = await house.backups.take('before the catalog')
  await migrateUp(house.connection)
  await addProducts(house, 3)
  await house.backups.restore(old.name)
  assert.deepEqual(await house.query('select count(*) as rows from product'), [{ rows: 0 }])
  assert.deepEqual(await house.query('select count(*) as rows from event'), [{ rows: 3 }])
})

test('a table that was left out of the backup keeps its rows', async (t) => {
  const house = await fixture(t, { exclude: ['replay'] })
  await house.query("insert into replay (actor, key, fingerprint) values ('a', 'k', 'f')")
  const { name } = await house.backups.take('x')
  await house.open({ exclude: [] }).restore(name)
  assert.deepEqual(await house.query('select count(*) as rows from replay'), [{ rows: 1 }])
})

async function migrationFolder(t: TestContext, files: Record<string, string>): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'serai-migrations-'))
  t.after(() => rm(folder, { recursive: true }))
  for (const [name, content] of Object.entries(files)) await writeFile(join(folder, name), content)
  return folder
}
