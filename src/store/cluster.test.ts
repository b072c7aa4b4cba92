import assert from 'node:assert/strict'
import { once } from 'node:events'
import { lstat, mkdir, readdir, readFile, rename, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import pg from 'pg'
import {
  ask,
  FAST,
  isRunning,
  postmaster,
  type serverHome,
  startMember,
  temporaryHome,
  usedHome,
} from './cluster/members.testing.ts'
import { joinCluster } from './cluster.ts'

/** For tests that leave a database as they found it: stopped. */
let used: Awaited<ReturnType<typeof serverHome>>
before(async () => {
  used = await usedHome()
})
after(() => used.remove())

const MEMORY_KB_MAX = 80_000

const modeOf = async (path: string) => ((await stat(path)).mode & 0o777).toString(8)

async function timed<Result>(work: Promise<Result>): Promise<[Result, number]> {
  const begun = performance.now()
  return [await work, Math.round(performance.now() - begun)]
}

test('the first one makes and starts it, others join, the last one out stops it', async (t) => {
  const home = await temporaryHome(t)
  const target = { kind: 'embedded', home } as const
  const [first, firstMs] = await timed(joinCluster(target))
  const [second, joinMs] = await timed(joinCluster(target))
  const pid = await postmaster(home)
  assert.match(first.describe, /^embedded PostgreSQL 18\.\d+ in .*postgres$/)
  assert.deepEqual([first.embedded, first.recovered, second.recovered], [true, null, null])

  const [, leaveMs] = await timed(second.release())
  assert.ok(await isRunning(pid), 'somebody is still there')
  await ask(first, 'create table kept (id int)')
  const [, stopMs] = await timed(first.release())
  assert.ok(!(await isRunning(pid)), 'the last one out stops it')
  await assert.rejects(stat(first.connection.host!), { code: 'ENOENT' }, 'its socket folder is removed')
  await first.release()

  const [again, startMs] = await timed(joinCluster(target))
  assert.equal(again.recovered, null)
  assert.deepEqual(await ask(again, 'select * from kept'), [])
  assert.equal(again.connection.host, first.connection.host, 'pools that outlive a server find the next one')
  await again.release()
  t.diagnostic(
    `first ${firstMs} ms, start ${startMs} ms, join ${joinMs} ms, leave ${leaveMs} ms, stop ${stopMs} ms`,
  )
})

test('what it makes is closed to others, sorts the same everywhere, and is durable', async (t) => {
  const home = await temporaryHome(t)
  const cluster = await joinCluster({ kind: 'embedded', home })
  const files = await readdir(home)
  assert.deepEqual(files.sort(), ['postgres', 'postgres.log', 'postgres.password', 'postgres.socket'])
  assert.match(await modeOf(home), /^7[01]0$/)
  assert.ok((await lstat(join(home, 'postgres'))).isDirectory(), 'not elsewhere, when it can be here')
  assert.equal(await modeOf(join(home, 'postgres')), '700')
  assert.equal(await modeOf(join(home, 'postgres.password')), '600')
  assert.equal(await modeOf(cluster.connection.host!), '700')

  const settings = await ask(
    cluster,
    `select current_setting('fsync') fsync, current_setting('data_checksums') checksums, current_setting('jit') jit,
current_setting('listen_addresses') addresses, current_setting('server_encoding') encoding, current_setting('timezone') zone,
(select datlocprovider::text || datlocale || datctype from pg_database where datname = 'serai') locale`,
  )
  assert.deepEqual(settings, [
    {
      fsync: 'on',
      checksums: 'on',
      jit: 'off',
      addresses: '',
      encoding: 'UTF8',
      zone: 'UTC',
      locale: 'bC.UTF-8C.UTF-8',
    },
  ])
  const words = await ask(
    cluster,
    `select to_tsvector('simple', 'Safari – Désert، صحراء «Burj»')::text words, 'é' > 'z' above`,
  )
  assert.deepEqual(words, [{ words: "'burj':4 'désert':2 'safari':1 'صحراء':3", above: true }])
  await assert.rejects(ask({ connection: { ...cluster.connection, password: 'wrong' } }, 'select 1'), {
    code: '28P01',
  })
  await cluster.release()
})

test('an idle server is small', async (t) => {
  const home = used.path
  const cluster = await joinCluster({ kind: 'embedded', home }, FAST)
  const pid = await postmaster(home)
  const children = await readFile(`/proc/${pid}/task/${pid}/children`, 'utf8')
  let resident = 0
  for (const process of [pid, ...children.trim().split(' ')]) {
    resident += Number(/^VmRSS:\s+(\d+)/m.exec(await readFile(`/proc/${process}/status`, 'utf8'))?.[1])
  }
  t.diagnostic(
    `${resident} kB resident in ${children.trim().split(' ').length + 1} processes, pages counted once for each`,
  )
  assert.ok(resident < MEMORY_KB_MAX)
  await cluster.release()
})

test('two first starts at the same moment both succeed, on one database', async (t) => {
  const home = await temporaryHome(t)
  const members = [startMember(home), startMember(home), startMember(home)]
  await Promise.all(members.map((member) => member.wait('joined')))
  const made = members.flatMap(({ said }) => said).filter(({ progress }) => /Making/.test(String(progress)))
  assert.equal(made.length, 1)
  const pid = await postmaster(home)
  await Promise.all(members.map((member) => member.release()))
  assert.ok(!(await isRunning(pid)), 'whoever was last stopped it')
})

test("a person's own connection keeps the server", async () => {
  const home = used.path
  const cluster = await joinCluster({ kind: 'embedded', home }, FAST)
  const pid = await postmaster(home)
  const person = new pg.Client({ ...cluster.connection, application_name: 'psql' })
  await person.connect()
  await cluster.release()
  assert.deepEqual((await person.query('select 1 as one')).rows, [{ one: 1 }])
  await person.end()
  const next = await joinCluster({ kind: 'embedded', home }, FAST)
  assert.equal(await postmaster(home), pid)
  await next.release()
  assert.ok(!(await isRunning(pid)))
})

test('pools that were just closed do not keep the server', async () => {
  const home = used.path
  const cluster = await joinCluster({ kind: 'embedded', home }, FAST)
  const pid = await postmaster(home)
  const pool = new pg.Pool({ ...cluster.connection, max: 10 })
  await Promise.all(Array.from({ length: 10 }, () => pool.query('select pg_sleep(0.05)')))
  await pool.end()
  await cluster.release()
  assert.ok(!(await isRunning(pid)))
})

test('a program that forgets to leave ends all the same', async (t) => {
  const home = await temporaryHome(t)
  const member = startMember(home, { mode: 'forget' })
  await member.wait('joined')
  const [status] = await once(member.child, 'exit', { signal: AbortSignal.timeout(3_000) })
  assert.equal(status, 0)
  assert.ok(await isRunning(await postmaster(home)))
})

test('the terminal reaches members, not the server', async () => {
  const home = used.path
  const member = startMember(home)
  await member.wait('joined')
  const stat = await readFile(`/proc/${await postmaster(home)}/stat`, 'utf8')
  const [, , group, session] = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
  assert.equal(Number(session), await postmaster(home))
  assert.equal(group, session)
  await member.release()
})

test('variables of PostgreSQL in the environment do not disturb it', async (t) => {
  const home = await temporaryHome(t)
  const env = {
    PGSSLMODE: 'require',
    PGPORT: '1',
    PGDATABASE: 'no',
    PGUSER: 'no',
    LC_ALL: 'xx_XX',
    TZ: 'Asia/Dubai',
    PGTZ: 'Asia/Dubai',
  }
  const member = startMember(home, { env })
  await member.wait('joined')
  await member.release()
})

test('a home with a very long path, blanks and signs', async (t) => {
  const home = await temporaryHome(t, join('a'.repeat(120), `b "c", 'd' é ${'e'.repeat(60)}`, '.serai'))
  const cluster = await joinCluster({ kind: 'embedded', home }, FAST)
  assert.deepEqual(await ask(cluster, 'select 1 as one'), [{ one: 1 }])
  await cluster.release()
})

test('a temporary folder whose name is too long for a socket', async (t) => {
  const home = await temporaryHome(t)
  const folder = join(home, '..', 't'.repeat(100))
  await mkdir(folder)
  const member = startMember(home, { env: { TMPDIR: folder } })
  await member.wait('joined')
  assert.match(await readFile(join(home, 'postgres.socket'), 'utf8'), /^\/tmp\/serai-/)
  await member.release()
})

test('where /tmp is private to the service, others come in through the data folder', async () => {
  const home = used.path
  const first = await joinCluster({ kind: 'embedded', home }, FAST)
  const folder = first.connection.host!
  await rename(folder, `${folder}-hidden`)
  const second = await joinCluster({ kind: 'embedded', home }, FAST)
  await rename(`${folder}-hidden`, folder)
  assert.equal(second.connection.host, join(home, 'postgres'))
  assert.deepEqual(await ask(second, 'select 1 as one'), [{ one: 1 }])
  await second.release()
  await first.release()
})

test('a server whose process number means nothing here (another container) is joined, never started twice or stopped', async () => {
  const home = used.path
  const first = await joinCluster({ kind: 'embedded', home }, FAST)
  const file = join(home, 'postgres', 'postmaster.pid')
  const text = await readFile(file, 'utf8')
  const pid = Number.parseInt(text, 10)
  await writeFile(file, text.replace(String(pid), String(process.pid)))
  const second = await joinCluster({ kind: 'embedded', home }, FAST)
  assert.equal(second.recovered, null)
  assert.deepEqual(await ask(second, 'select 1 as one'), [{ one: 1 }])
  await second.release()
  assert.ok(await isRunning(pid))
  await writeFile(file, text)
  await first.release()
  assert.ok(!(await isRunning(pid)))
})
