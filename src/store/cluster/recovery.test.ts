import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readdir, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import pg from 'pg'
import { joinCluster } from '../cluster.ts'
import {
  ask,
  FAST,
  isRunning,
  killAll,
  type Member,
  postmaster,
  type serverHome,
  startMember,
  temporaryHome,
  usedHome,
} from './members.testing.ts'
import { kill } from './processes.ts'

/** For tests that leave a database as they found it: stopped. */
let used: Awaited<ReturnType<typeof serverHome>>
before(async () => {
  used = await usedHome()
})
after(() => used.remove())

const RECOVERED =
  /^The database was not shut down cleanly last time .* nothing acknowledged was lost\. \(\d+\.\d s\)$/
const KILLS = 10

async function killed(member: Member): Promise<void> {
  const { child } = member
  child.kill('SIGKILL')
  if (child.exitCode === null && child.signalCode === null) await once(child, 'exit')
}

const acknowledged = (members: Member[]) =>
  members.flatMap(({ said }) => said.map(({ wrote }) => wrote)).filter((id) => id !== undefined)

test('members killed: the server is an orphan, the next one joins it and stops it', async () => {
  const home = used.path
  const members = [startMember(home), startMember(home)]
  for (const member of members) await member.wait('joined')
  const pid = await postmaster(home)
  for (const member of members) await killed(member)
  const next = await joinCluster({ kind: 'embedded', home }, FAST)
  assert.equal(next.recovered, null)
  assert.equal(await postmaster(home), pid)
  await next.release()
  assert.ok(!(await isRunning(pid)))
})

test('everything killed: the next start recovers, says so, and has every acknowledged row', async () => {
  const home = used.path
  const member = startMember(home, { mode: 'write' })
  await member.wait('wrote')
  await sleep(200)
  await killAll(home, member)
  const [next, second] = await Promise.all([
    joinCluster({ kind: 'embedded', home }, FAST),
    joinCluster({ kind: 'embedded', home }, FAST),
  ])
  const said = [next.recovered, second.recovered].filter((sentence) => sentence !== null)
  assert.equal(said.length, 1, 'only the one that started it says so')
  assert.match(said[0]!, RECOVERED)
  const ids = (await ask<{ id: string }>(next, 'select id from fact')).map(({ id }) => Number(id))
  assert.deepEqual(
    acknowledged([member]).filter((id) => !ids.includes(id as number)),
    [],
  )
  await Promise.all([next.release(), second.release()])

  const clean = await joinCluster({ kind: 'embedded', home }, FAST)
  assert.equal(clean.recovered, null, 'an orderly stop needs no recovery')
  await clean.release()
})

test('ten kills at random moments, with and without the server, lose nothing', async (t) => {
  const home = used.path
  const members: Member[] = []
  let recoveries = 0
  for (let index = 0; index < KILLS; index++) {
    const member = startMember(home, { mode: 'write' })
    members.push(member)
    // Half of them at any instruction of joining, half while they write.
    await sleep(index % 2 ? 0 : Math.random() * 250)
    if (index % 2) await member.wait('wrote').then(() => sleep(Math.random() * 100))
    const withServer = index % 3 !== 0 && (await postmaster(home).catch(() => 0))
    await (withServer ? killAll(home, member) : killed(member))
    recoveries += member.said.some(({ recovered }) => recovered) ? 1 : 0
  }
  const last = await joinCluster({ kind: 'embedded', home }, FAST)
  await ask(last, 'create table if not exists fact (id bigint)')
  const ids = new Set((await ask<{ id: string }>(last, 'select id from fact')).map(({ id }) => Number(id)))
  const wrote = acknowledged(members)
  assert.deepEqual(
    wrote.filter((id) => !ids.has(id as number)),
    [],
  )
  await last.release()
  const left = (await readdir(home)).sort()
  assert.deepEqual(left, ['postgres', 'postgres.log', 'postgres.password', 'postgres.socket'])
  assert.ok(wrote.length > 0 && recoveries > 0, 'or this test tests nothing')
  t.diagnostic(`${wrote.length} rows acknowledged, ${recoveries} starts recovered`)
})

test('killed while the database is being made: the next start makes it', async (t) => {
  const home = await temporaryHome(t)
  for (const delay of [0, 60, 180, 320]) {
    const member = startMember(home)
    await member.wait('progress')
    await sleep(delay)
    await killed(member)
  }
  const cluster = await joinCluster({ kind: 'embedded', home }, FAST)
  assert.deepEqual(await ask(cluster, 'select current_database() as name'), [{ name: 'serai' }])
  await cluster.release()
  const left = (await readdir(home)).sort()
  assert.deepEqual(left, ['postgres', 'postgres.log', 'postgres.password', 'postgres.socket'])
})

test('a backend that computes does not notice that its server was killed; the next start ends it', async () => {
  const home = used.path
  const member = startMember(home)
  await member.wait('joined')
  const cluster = await joinCluster({ kind: 'embedded', home }, FAST)
  const client = new pg.Client(cluster.connection)
  client.on('error', () => undefined)
  await client.connect()
  const { rows } = await client.query<{ pid: number }>('select pg_backend_pid() as pid')
  const busy = client
    .query('select count(*) from generate_series(1, 100000000000)')
    .catch((error: Error) => error.message)
  await sleep(100)
  await killAll(home, member)
  await sleep(50)
  assert.ok(await isRunning(rows[0]!.pid), 'or this test tests nothing')
  const next = startMember(home)
  await next.wait('joined')
  assert.ok(!(await isRunning(rows[0]!.pid)))
  assert.match(String(await busy), /terminated/)
  await next.release()
  await cluster.release()
})

test('the number of the dead server belongs to another program now, which even works in its folder', async (t) => {
  const home = used.path
  const member = startMember(home)
  await member.wait('joined')
  await killAll(home, member)
  const data = join(home, 'postgres')
  const { uid, gid } = await stat(data)
  const program = spawn('sleep', ['60'], { cwd: data, ...(process.getuid?.() === 0 ? { uid, gid } : {}) })
  t.after(() => program.kill())
  for (const name of ['postmaster.pid', '.s.PGSQL.5432.lock']) {
    const text = await readFile(join(data, name), 'utf8')
    await writeFile(join(data, name), text.replace(/^\d+/, String(program.pid)))
  }
  const next = await joinCluster({ kind: 'embedded', home }, FAST)
  assert.match(next.recovered!, RECOVERED)
  assert.ok(await isRunning(program.pid!), 'a program in the data folder, such as a shell, is left alone')
  await next.release()
})

test('a server that dies under its members is back in seconds, at the same address, and they do not crash', async () => {
  const home = used.path
  const messages: string[] = []
  const cluster = await joinCluster(
    { kind: 'embedded', home },
    { ...FAST, onProgress: (text) => messages.push(text) },
  )
  const other = startMember(home)
  await other.wait('joined')
  const pool = new pg.Pool(cluster.connection)
  pool.on('error', () => undefined)
  await pool.query('create table kept as select 7 as id')
  const pid = await postmaster(home)
  process.kill(pid, 'SIGKILL')
  for (let attempt = 0; attempt < 200 && (await postmaster(home).catch(() => pid)) === pid; attempt++)
    await sleep(20)
  assert.deepEqual(await untilItWorks(() => pool.query('select id from kept')), [{ id: 7 }])
  assert.notEqual(await postmaster(home), pid)
  await pool.end()
  await cluster.release()
  await other.release()
  assert.match(messages.join('\n'), /server ended; starting it again/)
  await assert.rejects(postmaster(home), { code: 'ENOENT' }, 'the last one out stopped the new one, too')
})

async function untilItWorks(query: () => Promise<pg.QueryResult>): Promise<unknown[]> {
  for (let attempt = 0; attempt < 200; attempt++) {
    const result = await query().catch(() => null)
    if (result) return result.rows
    await sleep(50)
  }
  throw new Error('the server did not come back')
}

test('leaving while the server is dead is quiet', async () => {
  const home = used.path
  const cluster = await joinCluster({ kind: 'embedded', home }, FAST)
  const pid = await postmaster(home)
  process.kill(pid, 'SIGKILL')
  await cluster.release()
  assert.ok(!(await isRunning(pid)))
  const next = await joinCluster({ kind: 'embedded', home }, FAST)
  assert.match(next.recovered!, RECOVERED)
  await next.release()
})

test('leaving after the home was removed stops the server', async (t) => {
  const home = await temporaryHome(t)
  const cluster = await joinCluster({ kind: 'embedded', home }, FAST)
  const pid = await postmaster(home)
  await rm(home, { recursive: true, maxRetries: 10 })
  await cluster.release()
  assert.ok(!(await isRunning(pid)))
})

test('a server that ends because its files were removed is not replaced by an empty one', async (t) => {
  const home = await temporaryHome(t)
  const messages: string[] = []
  const cluster = await joinCluster(
    { kind: 'embedded', home },
    { ...FAST, onProgress: (text) => messages.push(text) },
  )
  const pid = await postmaster(home)
  await rm(join(home, 'postgres'), { recursive: true, maxRetries: 10 })
  kill(pid, 'SIGKILL') // it may have noticed by itself
  for (let attempt = 0; attempt < 200 && !/is gone/.test(messages.join()); attempt++) await sleep(20)
  assert.match(messages.join('\n'), /not back yet: The database in .* is gone/)
  await cluster.release()
  await assert.rejects(stat(join(home, 'postgres')), { code: 'ENOENT' })
})
