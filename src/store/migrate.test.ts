import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { promisify } from 'node:util'
import pg from 'pg'
import { knownMigrations, MigrationError, migrateDown, migrateUp, migrationStatus } from './migrate.ts'

const THREE = {
  '0001_house.sql':
    '-- Up Migration\ncreate table house (id int primary key);\n-- Down Migration\ndrop table house;',
  '0002_room.sql':
    '-- Up Migration\nalter table house add room text;\n-- Down Migration\nalter table house drop room;',
  '0003_bed.sql': '-- Up Migration\ncreate table bed (id int);\n-- Down Migration\ndrop table bed;',
}
const NAMES = ['0001_house', '0002_room', '0003_bed']

test('up applies in order, again does nothing, down reverses, status tells', async (t) => {
  const connection = await database(t)
  const folder = await folderOf(t, { ...THREE, 'README.md': 'not a migration' })
  assert.deepEqual(
    await migrationStatus(connection, { folder }),
    NAMES.map((name) => ({ name, applied_at: null })),
  )
  assert.deepEqual(await migrateUp(connection, { folder, to: '0002_room' }), NAMES.slice(0, 2))
  assert.deepEqual(await migrateUp(connection, { folder }), ['0003_bed'])
  assert.deepEqual(await migrateUp(connection, { folder }), [])
  for (const step of await migrationStatus(connection, { folder }))
    assert.match(step.applied_at!, /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z$/)
  assert.deepEqual(await migrateDown(connection, 2, { folder }), ['0003_bed', '0002_room'])
  assert.deepEqual(await columns(connection), ['house.id'])
  assert.deepEqual(await migrateDown(connection, 9, { folder }), ['0001_house'])
  assert.deepEqual(await columns(connection), [])
  assert.deepEqual(await migrateDown(connection, 1, { folder }), [])
})

test('a step that fails is rolled back whole, the steps before it stay, and the message names it', async (t) => {
  const connection = await database(t)
  const broken =
    '-- Up Migration\ncreate table half (id int);\nselect 1 / 0;\n-- Down Migration\ndrop table half;'
  const folder = await folderOf(t, { ...THREE, '0003_bed.sql': broken })
  await assert.rejects(
    migrateUp(connection, { folder }),
    (error) =>
      error instanceof MigrationError &&
      error.code === 'migration.failed' &&
      /0003_bed.*division by zero/.test(error.message),
  )
  assert.deepEqual(await columns(connection), ['house.id', 'house.room'])
  const folderMended = await folderOf(t, THREE)
  assert.deepEqual(await migrateUp(connection, { folder: folderMended }), ['0003_bed'])
})

test('two processes that migrate at the same time both succeed, each step runs once', async (t) => {
  const connection = await database(t)
  const slow =
    '-- Up Migration\nselect pg_sleep(0.2); create table house (id int);\n-- Down Migration\ndrop table house;'
  const folder = await folderOf(t, { ...THREE, '0001_house.sql': slow })
  const script = `import { migrateUp } from ${JSON.stringify(new URL('./migrate.ts', import.meta.url).href)}
    console.log(JSON.stringify(await migrateUp(${JSON.stringify(connection)}, { folder: ${JSON.stringify(folder)} })))`
  const both = [script, script].map((code) =>
    promisify(execFile)(process.execPath, ['--input-type=module', '-e', code]),
  )
  const outputs = (await Promise.all(both)).map(({ stdout }) => JSON.parse(stdout))
  assert.deepEqual(outputs.flat(), NAMES)
})

const refusals: Refusal[] = [
  {
    what: 'a database migrated by a newer program',
    applied: THREE,
    now: { '0001_house.sql': THREE['0001_house.sql'] },
    code: 'migration.newer',
    says: /migrated by a newer Serai \(0002_room, 0003_bed\)/,
  },
  {
    what: 'a step put in below an applied one',
    applied: { '0001_house.sql': THREE['0001_house.sql'], '0003_bed.sql': THREE['0003_bed.sql'] },
    now: THREE,
    code: 'migration.gap',
    says: /0002_room was never applied although 0003_bed was/,
  },
  {
    what: 'a file that has no number',
    applied: {},
    now: { 'house.sql': 'select 1' },
    code: 'migration.misnamed',
    says: /house\.sql is not a migration's name/,
  },
  {
    what: 'an unknown step as the aim',
    applied: {},
    now: THREE,
    to: '0009_x',
    code: 'migration.unknown',
    says: /no migration 0009_x.*0001_house/,
  },
]
type Refusal = {
  what: string
  applied: Record<string, string>
  now: Record<string, string>
  code: string
  says: RegExp
  to?: string
}
for (const { what, applied, now, code, says, to } of refusals)
  test(`refuses ${what} and changes nothing`, async (t) => {
    const connection = await database(t)
    await migrateUp(connection, { folder: await folderOf(t, applied) })
    const before = await columns(connection)
    const folder = await folderOf(t, now)
    await assert.rejects(migrateUp(connection, { folder, ...(to ? { to } : {}) }), { code, message: says })
    assert.deepEqual(await columns(connection), before)
  })

test('order is by number, also when the clock was set back between two steps', async (t) => {
  const connection = await database(t)
  const folder = await folderOf(t, THREE)
  await migrateUp(connection, { folder })
  await query(connection, "update migration set run_on = '2001-01-01' where name = '0003_bed'")
  assert.deepEqual(await migrateUp(connection, { folder }), [])
  assert.deepEqual(await migrateDown(connection, 1, { folder }), ['0003_bed'])
})

test("the project's own steps go up, down and up again to the same schema", async (t) => {
  const connection = await database(t)
  const names = await knownMigrations()
  assert.deepEqual(await migrateUp(connection), names)
  const once = await columns(connection)
  assert.ok(once.length > 0)
  assert.deepEqual(await migrateDown(connection, names.length), names.toReversed())
  assert.deepEqual(await columns(connection), [])
  assert.deepEqual(await migrateUp(connection), names)
  assert.deepEqual(await columns(connection), once)
})

async function columns(connection: pg.ClientConfig): Promise<string[]> {
  const rows = await query(
    connection,
    `select table_name || '.' || column_name as name from information_schema.columns
     where table_schema = 'public' and table_name <> 'migration' order by table_name, ordinal_position`,
  )
  return rows.map((row) => row.name)
}

async function folderOf(t: TestContext, files: Record<string, string>): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'serai-migrations-'))
  t.after(() => rm(folder, { recursive: true }))
  for (const [name, content] of Object.entries(files)) await writeFile(join(folder, name), content)
  return folder
}

async function database(t: TestContext): Promise<pg.ClientConfig> {
  const server = process.env.SERAI_TEST_DATABASE
  assert.ok(server, 'SERAI_TEST_DATABASE must name a server on which the tests may create databases')
  const name = `test_migrate_${randomBytes(6).toString('hex')}`
  await query({ connectionString: server }, `create database ${name}`)
  t.after(() => query({ connectionString: server }, `drop database ${name} with (force)`))
  const url = new URL(server)
  url.pathname = `/${name}`
  return { connectionString: url.href }
}

async function query(connection: pg.ClientConfig, sql: string): Promise<Record<string, string>[]> {
  const client = new pg.Client(connection)
  await client.connect()
  try {
    return (await client.query(sql)).rows
  } finally {
    await client.end()
  }
}
