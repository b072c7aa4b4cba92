import assert from 'node:assert/strict'
import { type ChildProcess, execFile, execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdir, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { testServer } from '../../../test/support/database.ts'
import { addProducts, type Fixture, fixture, namesIn, scratchDatabases } from './fixture.testing.ts'
import { parseBackupName } from './name.ts'

const CHILD = fileURLToPath(new URL('./taking.testing.ts', import.meta.url))
const KILLS = 6
const SESSIONS = `select pid from pg_stat_activity
  where application_name = 'serai snapshot' and datname = current_database()`

test('kill -9 at any moment: only whole backups are listed, and the next run cleans up', async (t) => {
  const house = await fixture(t)
  await addProducts(house, 3000)
  await house.objects.put('uploads/a', Buffer.alloc(300_000, 'a'))
  let leftovers = 0
  for (let round = 0; round < KILLS; round += 1) {
    const child = spawn(process.execPath, childArguments(house, 9), { stdio: ['ignore', 'pipe', 'inherit'] })
    await killSomewhere(child, house, round % 2 === 0)
    const names = await namesIn(house.folder)
    leftovers += names.filter((name) => !parseBackupName(name)).length
    for (const info of await house.backups.list()) {
      assert.ok(parseBackupName(info.name))
      assert.equal(info.problem, null)
    }
  }
  assert.ok(leftovers > 0, 'no kill hit a backup under way: the test proves nothing')
  // The server may still be making the scratch database of a client that is gone; who comes next finds it when it is.
  await gone(() => house.query(SESSIONS))
  const last = await house.backups.take('after the kills')
  assert.equal(last.verified, true)
  assert.deepEqual(
    (await namesIn(house.folder)).filter((name) => !parseBackupName(name)),
    [],
  )
  await gone(() => scratchDatabases(house))
  for (const { name } of await house.backups.list())
    assert.equal((await house.backups.verify(name)).ok, true, name)
})

test('kill -9 of a restore at any moment: the data is the one before or the one after', async (t) => {
  const house = await fixture(t)
  await addProducts(house, 3000)
  const after = await house.fingerprint()
  const { name } = await house.backups.take('three thousand')
  await addProducts(house, 1000, 10_000)
  const before = await house.fingerprint()
  const seen = new Set<string>()
  for (let round = 0; round < KILLS && seen.size < 2; round += 1) {
    const child = spawn(process.execPath, [...childArguments(house, 0), name], { stdio: 'ignore' })
    const ended = once(child, 'close')
    await sleep(700 + round * 300)
    child.kill('SIGKILL')
    await ended
    const now = await house.fingerprint()
    assert.ok([before, after].includes(now), `round ${round}`)
    seen.add(now)
  }
  assert.equal((await house.backups.list()).filter(({ problem }) => problem).length, 0)
})

test('the unfinished backup of a process that lives is left alone', async (t) => {
  const house = await fixture(t)
  await addProducts(house, 3000)
  const child = spawn(process.execPath, childArguments(house, 1), { stdio: ['ignore', 'pipe', 'inherit'] })
  t.after(() => child.kill('SIGKILL'))
  while (!(await namesIn(house.folder)).some((name) => name.startsWith('.tmp-'))) await sleep(2)
  child.kill('SIGSTOP')
  const [unfinished] = (await namesIn(house.folder)).filter((name) => name.startsWith('.tmp-'))
  await house.backups.take('meanwhile')
  if (unfinished) assert.ok((await namesIn(house.folder)).includes(unfinished))
  child.kill('SIGCONT')
  await once(child, 'close')
  assert.equal((await house.backups.list()).filter(({ verified }) => verified).length, 2)
})

test('a full disk: the error says how much is free and needed, older backups stay, nothing else does', async (t) => {
  const house = await fixture(t)
  await addProducts(house, 500)
  const home = await smallDisk(t, 2048)
  if (!home) return t.skip('only root can mount a small disk here; the next test does it with a limit')
  const small = house.open({ home })
  const first = await small.take('fits')
  await addNoise(house, 4_000_000)
  const message = /ENOSPC.*[\d.]+ [KM]B are free.*needs about [\d.]+ [KM]B.*prune-backups/
  await assert.rejects(small.take('does not fit'), { code: 'backup.disk_full', message })
  assert.deepEqual(await namesIn(join(home, 'backups')), [first.name])
  assert.equal((await small.verify(first.name)).ok, true)
})

test('a file that may not grow is told and cleaned up like a full disk', async (t) => {
  const house = await fixture(t)
  await addNoise(house, 500_000)
  const command = `ulimit -f 100; exec "$0" "$@"`
  const run = promisify(execFile)('sh', ['-c', command, process.execPath, ...childArguments(house, 1)])
  const { stdout } = await run.catch((error) => error)
  const { code, message } = JSON.parse(stdout)
  assert.equal(code, 'backup.disk_full')
  assert.match(message, /EFBIG/)
  assert.deepEqual(await namesIn(house.folder), [])
})

test('the server dies in the middle of a backup: an error, and nothing remains', async (t) => {
  const house = await fixture(t, {
    onProgress: (_done, _total, what) => {
      if (what === 'backing up product')
        void house.query(`select pg_terminate_backend(pid) from pg_stat_activity
        where application_name = 'serai snapshot' and datname = current_database()`)
    },
  })
  await addNoise(house, 3_000_000)
  await assert.rejects(house.backups.take('cut off'))
  assert.deepEqual(await namesIn(house.folder), [])
})

function childArguments({ database, home }: Fixture, count: number): string[] {
  const url = new URL(testServer())
  url.pathname = `/${database}`
  return [CHILD, url.href, home, String(count)]
}

/** Kills the child `writing` a backup, or at any other moment of its first second. */
async function killSomewhere(child: ChildProcess, { folder }: Fixture, writing: boolean): Promise<void> {
  const ended = once(child, 'close')
  if (!writing) await sleep(150 + Math.random() * 700)
  else {
    while (!(await namesIn(folder)).some((name) => name.startsWith(`.tmp-${child.pid}-`))) await sleep(1)
    await sleep(Math.random() * 30)
  }
  child.kill('SIGKILL')
  await ended
}

/** A killed client's session ends when the server notices. */
async function gone(names: () => Promise<unknown[]>): Promise<void> {
  for (let tries = 0; tries < 250 && (await names()).length > 0; tries += 1) await sleep(20)
  assert.deepEqual(await names(), [])
}

/** About `bytes` that no compression makes smaller. */
async function addNoise({ query }: Fixture, bytes: number): Promise<void> {
  await query(
    `insert into product (id, product_id, product_name, pricing, inclusions, active, description_short)
     select gen_random_uuid(), 'noise_' || n, 'noise', '[]', '[]', false,
       (select string_agg(md5(random()::text || k), '') from generate_series(1, 60 + n % 2) k) from generate_series(1, $1::int / 1000) n`,
    [bytes],
  )
}

/** A folder on a disk of its own, of so many kilobytes; null when it cannot be mounted. */
async function smallDisk(t: TestContext, kilobytes: number): Promise<string | null> {
  const folder = await mkdtemp(join(tmpdir(), 'serai-small-'))
  await mkdir(folder, { recursive: true })
  try {
    execFileSync('mount', ['-t', 'tmpfs', '-o', `size=${kilobytes}k`, 'none', folder], { stdio: 'ignore' })
  } catch {
    await rm(folder, { recursive: true })
    return null
  }
  t.after(async () => {
    execFileSync('umount', [folder])
    await rm(folder, { recursive: true })
  })
  return folder
}
