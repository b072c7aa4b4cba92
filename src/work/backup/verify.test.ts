import assert from 'node:assert/strict'
import { readFile, rm, truncate, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import pg from 'pg'
import { testServer } from '../../../test/support/database.ts'
import { addEvents, addProducts, type Fixture, fixture, forge, scratchDatabases } from './fixture.testing.ts'
import { MANIFEST_FILE } from './manifest.ts'
import { readShelf } from './shelf.ts'

type Spoiled = { house: Fixture; name: string; path: string }
type Damage = {
  what: string
  spoil(backup: Spoiled): Promise<void>
  /** what the person is told. */
  says: RegExp
  /** set when it cannot even be looked into: then verify throws too. */
  code?: string
}

const damages: Damage[] = [
  {
    what: 'a truncated file',
    spoil: ({ path }) => truncate(join(path, 'tables/product.copy.zst'), 100),
    says: /tables\/product\.copy\.zst has 100 bytes instead of \d+/,
  },
  {
    what: 'a missing file',
    spoil: ({ path }) => rm(join(path, 'tables/event.copy.zst')),
    says: /tables\/event\.copy\.zst is missing/,
  },
  {
    what: 'a missing object',
    spoil: ({ path }) => rm(join(path, 'objects'), { recursive: true }),
    says: /objects\/[0-9a-f]{64} is missing/,
  },
  {
    what: 'one altered byte of a table',
    spoil: flip('tables/product.copy.zst'),
    says: /product\.copy\.zst was altered/,
  },
  {
    what: 'one altered byte of an object',
    spoil: async ({ house, name, path }) => {
      const [object] = (await readShelf(house.folder, name)).content.objects
      await writeFile(join(path, 'objects', object!.sha256), 'pictuRe')
    },
    says: /objects\/[0-9a-f]{64} was altered/,
  },
  {
    what: 'no manifest',
    spoil: ({ path }) => rm(join(path, MANIFEST_FILE)),
    code: 'backup.not_found',
    says: /no backup serai_.*list-backups/,
  },
  {
    what: 'a truncated manifest',
    spoil: ({ path }) => truncate(join(path, MANIFEST_FILE), 200),
    code: 'backup.altered',
    says: /manifest\.json was altered/,
  },
  {
    what: 'a format of the future',
    spoil: ({ house, name }) =>
      forge(house.folder, name, (manifest) => {
        manifest.format = 2
      }),
    code: 'backup.too_new',
    says: /has the format 2; this Serai reads up to 1/,
  },
  {
    what: 'a migration of the future',
    spoil: ({ house, name }) =>
      forge(house.folder, name, ({ content }) => void content.migrations.push('0999_future')),
    code: 'backup.too_new',
    says: /newer Serai.*does not know 0999_future/,
  },
  {
    what: 'a file outside its folder',
    spoil: ({ house, name }) =>
      forge(house.folder, name, ({ content }) => {
        content.tables[0]!.file.path = 'tables/../../../x'
      }),
    says: /is not a file of a backup/,
  },
  {
    what: 'a count that is not true',
    spoil: ({ house, name }) =>
      forge(house.folder, name, ({ content }) => {
        tableOf(content, 'product').rows += 1
      }),
    says: /the file product has 30 rows instead of 31/,
  },
  {
    what: 'statistics that are not true',
    spoil: ({ house, name }) =>
      forge(house.folder, name, ({ content }) => {
        content.stats!.active += 1
      }),
    says: /the restored catalog counts .*30.* the backup says .*31/,
  },
  {
    what: 'a type that is a statement',
    spoil: ({ house, name }) =>
      forge(
        house.folder,
        name,
        ({ content }) =>
          void tableOf(content, 'token').columns.push({
            name: 'x',
            type: 'text; drop table product',
            required: false,
            collated: false,
          }),
      ),
    says: /drop table product|syntax error/,
  },
]
for (const { what, spoil, code, says } of damages)
  test(`${what}: refused with the reason, nothing touched`, async (t) => {
    const { house, name, path } = await oneBackup(t)
    await spoil({ house, name, path })
    await addProducts(house, 2, 100)
    const before = await house.fingerprint()
    if (code) await assert.rejects(house.backups.verify(name), { code, message: says })
    else {
      const { ok, problems } = await house.backups.verify(name)
      assert.equal(ok, false)
      assert.match(problems.join('; '), says)
      const [info] = await house.backups.list()
      assert.equal(info!.verified, false)
      assert.match(info!.problem!, says)
    }
    await assert.rejects(house.backups.restore(name), { code: code ?? 'backup.altered', message: says })
    await assert.rejects(house.backups.restore(name, { dryRun: true }), { code: code ?? 'backup.altered' })
    assert.equal(await house.fingerprint(), before)
    assert.equal((await house.backups.list()).filter((info) => info.name !== name).length, 0)
    assert.deepEqual(await scratchDatabases(house), [])
  })

test('any altered byte of the manifest is seen', async (t) => {
  const { house, name, path } = await oneBackup(t)
  const file = join(path, MANIFEST_FILE)
  const whole = await readFile(file)
  for (let at = 0; at < whole.length; at += 97) {
    const altered = Buffer.from(whole)
    altered[at] = altered[at]! ^ 1
    await writeFile(file, altered)
    await assert.rejects(readShelf(house.folder, name), /altered|format/, `byte ${at}`)
  }
  await writeFile(file, whole)
  assert.equal((await house.backups.verify(name)).ok, true)
})

test('data that the schema would refuse is found, though every hash fits', async (t) => {
  const house = await fixture(t)
  await addProducts(house, 3)
  await house.query('drop index product_product_id_key')
  await house.query("update product set product_id = 'Dubai_1'")
  await assert.rejects(house.backups.take('twice the same key'), {
    code: 'backup.unverified',
    message: /product_product_id_key.*kept for inspection/s,
  })
  const [info] = await house.backups.list()
  assert.equal(info!.verified, false)
  assert.match(info!.problem!, /duplicate key value/)
})

test('scratch databases of runs that were killed are dropped, those of others are not', async (t) => {
  const { house, name } = await oneBackup(t)
  const server = new pg.Client({ connectionString: testServer() })
  await server.connect()
  const { rows } = await server.query('select oid from pg_database where datname = $1', [house.database])
  const dead = `serai_scratch_${rows[0].oid}_abc`
  const stranger = `serai_scratch_${rows[0].oid}1_abc`
  for (const database of [dead, stranger]) await server.query(`create database ${database}`)
  t.after(async () => {
    await server.query(`drop database if exists ${stranger}`)
    await server.end()
  })
  await Promise.all([house.backups.verify(name), house.backups.verify(name)])
  const left = await server.query('select datname from pg_database where datname = any ($1)', [
    [dead, stranger],
  ])
  assert.deepEqual(
    left.rows.map(({ datname }) => datname),
    [stranger],
  )
})

test('the drill tries the newest verified backup', async (t) => {
  const house = await fixture(t)
  await assert.rejects(house.backups.drill(), { code: 'backup.not_found', message: /serai backup/ })
  await house.backups.take('first')
  const second = await house.backups.take('second')
  await house.backups.take('third', { verify: false })
  const report = await house.backups.drill()
  assert.equal(report.name, second.name)
  assert.equal(report.ok, true)
  assert.ok(report.duration_ms > 0)
})

async function oneBackup(t: TestContext): Promise<Spoiled> {
  const house = await fixture(t)
  await addProducts(house, 30)
  await addEvents(house, 30)
  await house.objects.put('uploads/a', Buffer.from('picture'))
  const { name, path } = await house.backups.take('to be spoiled', { verify: false })
  return { house, name, path }
}

function flip(file: string): Damage['spoil'] {
  return async ({ path }) => {
    const bytes = await readFile(join(path, file))
    const at = Math.floor(Math.random() * bytes.length)
    bytes[at] = bytes[at]! ^ (1 << Math.floor(Math.random() * 8))
    await writeFile(join(path, file), bytes)
  }
}

function tableOf<Table extends { name: string }>(content: { tables: Table[] }, name: string): Table {
  return content.tables.find((table) => table.name === name)!
}
