import assert from 'node:assert/strict'
import { chmod, chown, mkdir, readFile, rename, rm, stat, symlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { joinCluster } from '../cluster.ts'
import type { ClusterErrorCode } from './error.ts'
import { openHome } from './home.ts'
import {
  ask,
  FAST,
  postmaster,
  type serverHome,
  startMember,
  temporaryHome,
  usedHome,
} from './members.testing.ts'
import { boundLog } from './server.ts'
import { parsePidFile, stoppedCleanly } from './state.ts'

/** For tests that leave a database as they found it: stopped. */
let used: Awaited<ReturnType<typeof serverHome>>
before(async () => {
  used = await usedHome()
})
after(() => used.remove())

async function refused(home: string, code: ClusterErrorCode, message: RegExp, options = FAST): Promise<void> {
  await assert.rejects(
    joinCluster({ kind: 'embedded', home }, options),
    (error: { code?: string; message: string }) => {
      assert.equal(error.code, code, error.message)
      assert.match(error.message, message)
      return true
    },
  )
}

async function works(home: string): Promise<void> {
  const cluster = await joinCluster({ kind: 'embedded', home }, FAST)
  assert.deepEqual(await ask(cluster, 'select 1 as one'), [{ one: 1 }])
  await cluster.release()
}

test('what stands in the way of an existing database is said, and mending it is enough', async (t) => {
  const home = used.path
  const data = join(home, 'postgres')
  const version = join(data, 'PG_VERSION')

  await t.test('data of another major version', async () => {
    await writeFile(version, '17\n')
    await refused(
      home,
      'data_version',
      /made by PostgreSQL 17; this Serai brings PostgreSQL 18.*restore the backup/,
    )
    await writeFile(version, '18\n')
    await works(home)
  })

  await t.test('a folder that is no database', async () => {
    await rm(version)
    await refused(home, 'data_foreign', /postgres is there, but is not a data directory/)
    await writeFile(version, '18\n')
    await works(home)
  })

  await t.test('a link to data that is gone: never a new, empty database', async () => {
    await rename(data, join(home, '..', 'away'))
    await symlink(join(home, '..', 'elsewhere'), data)
    await refused(home, 'data_missing', /The database in .* is gone.*may be a link.*restore a backup/)
    await rm(data)
    await rename(join(home, '..', 'away'), data)
    await works(home)
  })

  await t.test('a lost password', async () => {
    const password = join(home, 'postgres.password')
    await rename(password, `${password}-away`)
    await refused(home, 'password_missing', /postgres\.password is gone.*Put that file back/)
    await assert.rejects(
      postmaster(home),
      { code: 'ENOENT' },
      'a server that cannot be used is not left running',
    )
    await rename(`${password}-away`, password)
    await works(home)
  })

  await t.test('a setting that PostgreSQL refuses: the end of its log', async () => {
    const wrong = { settings: { fsync: 'off', shared_buffers: 'many' } }
    await refused(
      home,
      'start_failed',
      /did not start.*invalid value for parameter "shared_buffers".*postgres\.log/s,
      wrong,
    )
    await works(home)
  })

  await t.test('a damaged control file', async () => {
    const control = join(data, 'global', 'pg_control')
    const bytes = await readFile(control)
    await writeFile(control, Buffer.concat([bytes.subarray(0, 40), Buffer.alloc(40, 1), bytes.subarray(80)]))
    await refused(home, 'start_failed', /incorrect checksum in control file/)
    await writeFile(control, bytes)
    await works(home)
  })
})

test('a file where the home should be', async (t) => {
  const home = await temporaryHome(t)
  await writeFile(home, '')
  await refused(home, 'home_unusable', /cannot use .*\.serai: .*SERAI_HOME/)
})

test('a home that belongs to somebody else', {
  skip: process.getuid?.() === 0 && 'root may enter everything',
}, async () => {
  await refused('/serai-home', 'home_unusable', /EACCES.*SERAI_HOME/)
  await refused('/root', 'home_unusable', /belongs to user 0, this process runs as user \d+.*chown/)
})

test('making the database fails: the reason, and nothing is left', async (t) => {
  const home = await temporaryHome(t)
  await mkdir(home, { recursive: true })
  await writeFile(join(home, 'postgres.password'), '')
  await refused(home, 'create_failed', /password file .* is empty.*start again/s)
  await assert.rejects(stat(join(home, 'postgres')), { code: 'ENOENT' })
  await rm(join(home, 'postgres.password'))
  await works(home)
})

test('settings of a person survive and win', async () => {
  const home = used.path
  const file = join(home, 'postgres', 'postgresql.conf')
  await writeFile(file, `${await readFile(file, 'utf8')}work_mem = '3MB'\n`)
  const cluster = await joinCluster({ kind: 'embedded', home }, FAST)
  assert.deepEqual(await ask(cluster, 'show work_mem'), [{ work_mem: '3MB' }])
  assert.deepEqual(await ask(cluster, 'show random_page_cost'), [{ random_page_cost: '1.1' }])
  await cluster.release()
})

test('a socket folder that somebody else took over is not used', async (t) => {
  const home = used.path
  const folder = (await readFile(join(home, 'postgres.socket'), 'utf8')).trim()
  const { uid, gid } = await stat(join(home, 'postgres'))
  await mkdir(folder)
  await chown(folder, uid, gid)
  await chmod(folder, 0o777)
  t.after(() => rm(folder, { recursive: true }))
  const cluster = await joinCluster({ kind: 'embedded', home }, FAST)
  assert.notEqual(cluster.connection.host, folder)
  await cluster.release()
})

test('the log keeps to its limit, with one older part', async (t) => {
  const path = await temporaryHome(t)
  const home = await openHome(path)
  await writeFile(home.log, 'older\n'.repeat(100))
  await boundLog(home, 600)
  assert.equal((await stat(home.log)).size, 600, 'at the limit nothing happens')
  await boundLog(home, 599)
  assert.equal((await stat(home.log)).size, 0)
  assert.match(await readFile(`${home.log}.1`, 'utf8'), /^(older\n){100}$/)
})

test('errors of statements, which quote what people typed, stay out of the log', async () => {
  const home = used.path
  const cluster = await joinCluster({ kind: 'embedded', home }, FAST)
  await assert.rejects(ask(cluster, "select 'private-word'::int"))
  await cluster.release()
  assert.doesNotMatch(await readFile(join(home, 'postgres.log'), 'utf8'), /private-word/)
})

test('an empty or half-written control file is an error, not a clean stop', async () => {
  const home = used.path
  const data = join(home, 'postgres')
  assert.equal(await stoppedCleanly(data), true)
  const copy = join(home, 'copy')
  await mkdir(join(copy, 'global'), { recursive: true })
  await writeFile(join(copy, 'global', 'pg_control'), Buffer.alloc(10))
  assert.equal(await stoppedCleanly(copy), false)
  await rm(copy, { recursive: true })
})

const pidFiles: [string, string, unknown][] = [
  [
    'whole',
    '12\n/data\n1700000000\n5432\n/tmp/x\n\n 1 2\nready   \n',
    { pid: 12, port: 5432, socketFolder: '/tmp/x', status: 'ready' },
  ],
  ['being written', '12\n/data\n1700000000\n', { pid: 12, port: 0, socketFolder: '', status: '' }],
  ['empty', '', null],
  ['not one', 'hello\n', null],
]
for (const [name, text, server] of pidFiles) {
  test(`postmaster.pid: ${name}`, () => assert.deepEqual(parsePidFile(text), server))
}

test('every process says what it waits for', async (t) => {
  const home = await temporaryHome(t)
  const member = startMember(home)
  await member.wait('joined')
  assert.deepEqual(
    member.said.filter(({ progress }) => progress).map(({ progress }) => progress),
    [`Making the database in ${home} (once, takes about a second).`],
  )
  await member.release()
})
