import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { chmod, mkdir, mkdtemp, readdir, readFile, rm, symlink, utimes, writeFile } from 'node:fs/promises'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { type TestContext, test } from 'node:test'
import { pino } from 'pino'
import { perform } from '../../src/engine/perform.ts'
import { readOne } from '../../src/engine/read.ts'
import type { Row } from '../../src/kernel/field.ts'
import type { Problem } from '../../src/kernel/problem.ts'
import { guardedFetch } from '../../src/ports/fetch-guarded.ts'
import { prepareQueue } from '../../src/work/runner.ts'
import { enqueueDue, sourceJobs } from '../../src/work/sources/jobs.ts'
import { checkSource, runSource } from '../../src/work/sources/run.ts'
import type { SourceContext } from '../../src/work/sources/types.ts'
import { owner, viewer } from '../support/database.ts'
import { eventCount } from '../support/engine.ts'
import { document, importHouse, jsonl } from '../support/imports.ts'

/** A house whose sources may lie in one folder and call one server. */
async function sourceHouse(t: TestContext, allow: string[] = []) {
  const house = await importHouse(t)
  const { engine, imports, pool } = house
  const root = await mkdtemp(join(tmpdir(), 'serai-sources-'))
  t.after(() => rm(root, { recursive: true, force: true }))
  const inbox = join(root, 'inbox')
  await mkdir(inbox)
  const lines: Row[] = []
  const log = pino({ level: 'warn' }, { write: (line: string) => void lines.push(JSON.parse(line)) })
  const context: SourceContext = {
    engine,
    imports,
    fetch: guardedFetch({ allow, headMs: 2_000 }),
    folders: [inbox],
    downloads: join(root, 'downloads'),
    log,
    stillMs: 30,
    random: () => 0,
  }
  const make = (input: Row) =>
    perform(engine, {
      actor: owner,
      resource: 'import_source',
      action: 'create',
      input: { name: 'feed', resource: 'product', kind: 'folder', location: inbox, ...input },
    })
  const change = (action: string, input: Row = {}, name = 'feed') =>
    perform(engine, { actor: owner, resource: 'import_source', action, targets: [name], input })
  const show = (name = 'feed') => readOne(engine, owner, 'import_source', name)
  const put = (name: string, ...documents: Row[]) => writeFile(join(inbox, name), jsonl(...documents))
  const facts = async () =>
    (
      await pool.query<{ action: string; reason: string | null }>(
        "select action, reason from event where resource = 'import_source' and action in ('alarm', 'recover') order by position",
      )
    ).rows
  return { ...house, context, root, inbox, lines, make, change, show, put, facts }
}

/** A feed that answers as it is told, and counts what it is asked. */
async function feedServer(t: TestContext) {
  const feed = { status: 200, body: '', etag: '', asked: [] as string[] }
  const server = createServer((request, response) => {
    const { authorization = '-', 'if-none-match': match = '-', 'x-shop': shop = '-' } = request.headers
    feed.asked.push([authorization, match, shop].join(' '))
    if (feed.etag && match === feed.etag) response.writeHead(304, { etag: feed.etag }).end()
    else response.writeHead(feed.status, feed.etag ? { etag: feed.etag } : {}).end(feed.body)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  t.after(() => {
    server.closeAllConnections()
    server.close()
  })
  const origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  return { feed, origin, location: `${origin}/s3cret/prices.jsonl` }
}

const outcomes = (report: { files: { file: string; outcome: string }[] }) =>
  report.files.map(({ file, outcome }) => `${file} ${outcome}`)

test('files of a folder come in by name, whole ones only, and move to done or failed', async (t) => {
  const { context, inbox, make, put, catalog, show } = await sourceHouse(t)
  await make({ pattern: '*.jsonl' })
  await put('2.jsonl', document('A', { category: 'second' }))
  await put('1.jsonl', document('A', { category: 'first' }), document('B'))
  await put('3.jsonl', { product_id: 'C' })
  await put('.hidden.jsonl', document('H'))
  await put('half.jsonl.part', document('H'))
  await put('other.csv', document('H'))
  const report = await runSource(context, 'feed')
  assert.deepEqual(outcomes(report), ['1.jsonl applied', '2.jsonl applied', '3.jsonl refused'])
  assert.equal(report.outcome, 'refused')
  assert.deepEqual(
    (await catalog()).map(({ product_id, category }) => [product_id, category]),
    [
      ['A', 'second'],
      ['B', null],
    ],
  )
  const shape = (names: string[]) => names.map((name) => name.replace(/\d{8}T\d{9}Z/, 'TIME')).sort()
  assert.deepEqual(shape(await readdir(join(inbox, 'done'))), ['1.TIME.jsonl', '2.TIME.jsonl'])
  assert.deepEqual(shape(await readdir(join(inbox, 'failed'))), [
    '3.TIME.jsonl',
    '3.TIME.reason.txt',
    '3.TIME.rejects.jsonl',
  ])
  const [reason] = (await readdir(join(inbox, 'failed'))).filter((name) => name.endsWith('reason.txt'))
  assert.match(await readFile(join(inbox, 'failed', reason), 'utf8'), /1 of 1 rows are wrong/)
  assert.deepEqual((await readdir(inbox)).sort(), [
    '.hidden.jsonl',
    'done',
    'failed',
    'half.jsonl.part',
    'other.csv',
  ])
  const { last_outcome, last_error, failures } = await show()
  assert.deepEqual([last_outcome, failures], ['refused', 1])
  assert.match(String(last_error), /1 of 1 rows are wrong/)
})

test('a file that is being written waits for the next run, whether it grows before or while it is read', async (t) => {
  const { context, inbox, make, put, catalog } = await sourceHouse(t)
  await make({})
  const grow = () => writeFile(join(inbox, 'a.jsonl'), jsonl(document('A')), { flag: 'a' })
  const long = Array.from({ length: 20 }, (_, index) =>
    document(`L${index}`, { description_long: 'x'.repeat(40_000) }),
  )
  await put('a.jsonl', ...long)
  const later = setTimeout(() => void grow(), 150)
  t.after(() => clearTimeout(later))
  assert.deepEqual((await runSource({ ...context, stillMs: 600 }, 'feed')).files, [])
  const { ingest } = context.imports
  const more = jsonl(...long)
  let chunks = 0
  async function* growingBody(body: Readable) {
    for await (const chunk of body) {
      if (++chunks > 100) return
      yield chunk
      await writeFile(join(inbox, 'a.jsonl'), more, { flag: 'a' })
    }
  }
  const growing: SourceContext['imports'] = {
    ...context.imports,
    ingest: (request) => ingest({ ...request, body: Readable.from(growingBody(request.body)) }),
  }
  assert.deepEqual((await runSource({ ...context, imports: growing }, 'feed')).files, [])
  assert.ok(chunks > 0 && chunks < 100, 'it is read to where it stood, not to an end that never comes')
  assert.equal((await catalog()).length, 0)
  assert.deepEqual(outcomes(await runSource(context, 'feed')), ['a.jsonl applied'])
})

test('a folder outside of the allowed ones is refused, also behind a link, and links are not files', async (t) => {
  const { context, root, inbox, make, change, show } = await sourceHouse(t)
  const outside = join(root, 'outside')
  await mkdir(outside)
  await writeFile(join(outside, 'secret.jsonl'), jsonl(document('S')))
  await symlink(outside, join(inbox, 'link'))
  await symlink(join(outside, 'secret.jsonl'), join(inbox, 'secret.jsonl'))
  await make({})
  assert.deepEqual((await runSource(context, 'feed')).files, [])
  for (const location of [outside, join(inbox, 'link'), join(inbox, '..', 'outside'), '/etc', `${inbox}x`]) {
    await change('update', { location })
    const report = await runSource(context, 'feed')
    assert.equal(report.outcome, 'failed', location)
    assert.match(report.error!, /SERAI_IMPORT_FOLDERS|There is no folder/, location)
  }
  assert.equal((await show()).failures, 5)
})

/** Makes a folder read-only until what is returned is called; root may write everywhere, so for root it is mounted so. */
async function readOnly(folder: string): Promise<() => Promise<void>> {
  if (process.getuid?.() !== 0) {
    await chmod(folder, 0o555)
    return () => chmod(folder, 0o755)
  }
  const mount = (command: string, ...args: string[]) =>
    assert.equal(spawnSync(command, args).status, 0, command)
  mount('mount', '--bind', folder, folder)
  mount('mount', '-o', 'remount,bind,ro', folder)
  return async () => mount('umount', folder)
}

test('a folder that cannot be written is remembered instead, and its files come in once', async (t) => {
  const { context, inbox, make, put, pool, catalog } = await sourceHouse(t)
  await make({})
  await put('a.jsonl', document('A'))
  await put('bad.jsonl', { product_id: 'B' })
  const run = async (force = false) => {
    const writable = await readOnly(inbox)
    return runSource(context, 'feed', { force }).finally(writable)
  }
  assert.deepEqual(outcomes(await run()), ['a.jsonl applied', 'bad.jsonl refused'])
  assert.deepEqual([(await run()).files, (await readdir(inbox)).length], [[], 2])
  assert.deepEqual(outcomes(await run(true)), ['a.jsonl unchanged', 'bad.jsonl refused'])
  const { rows } = await pool.query("select count(*) as count from event where resource = 'product'")
  assert.equal(rows[0].count, 1)
  await put('a.jsonl', document('A', { category: 'new' }))
  await utimes(join(inbox, 'a.jsonl'), new Date(), new Date(Date.now() + 5_000))
  assert.deepEqual(outcomes(await run()), ['a.jsonl applied'])
  assert.equal((await catalog())[0].category, 'new')
})

test('an address: secrets are sent and never shown, unchanged bytes are no work', async (t) => {
  const { feed, origin, location } = await feedServer(t)
  const { engine, context, make, change, show, catalog, pool } = await sourceHouse(t, [origin])
  await make({
    kind: 'https',
    location,
    auth_header: 'Bearer s3cret',
    headers: { 'X-Shop': '7' },
    mode: 'merge',
  })
  feed.body = jsonl(document('A'), document('B'))
  const first = await runSource(context, 'feed')
  assert.deepEqual([outcomes(first), first.files[0].counts?.created], [['feed.jsonl applied'], 2])
  assert.deepEqual([feed.asked, (await catalog()).length], [['Bearer s3cret - 7'], 2])
  const imports = async () => (await pool.query('select count(*) as count from import')).rows[0].count
  const before = [await eventCount(pool), await imports()]
  const unused = { ingest: () => assert.fail('it was taken in again') }
  const same = await runSource({ ...context, imports: { ...context.imports, ...unused } }, 'feed')
  feed.etag = '"v1"'
  await runSource(context, 'feed')
  await runSource(context, 'feed')
  assert.deepEqual([same.outcome, feed.asked.at(-1)], ['unchanged', 'Bearer s3cret "v1" 7'])
  assert.deepEqual([await eventCount(pool), await imports()], before)
  feed.etag = '"v2"'
  feed.body = jsonl(document('A', { category: 'new' }), document('B'))
  const second = await runSource(context, 'feed')
  assert.deepEqual([second.outcome, second.files[0].counts?.updated], ['applied', 1])
  await change('update', { mode: 'snapshot' })
  await runSource(context, 'feed')
  assert.equal(feed.asked.at(-1), 'Bearer s3cret - 7')
  const shown = JSON.stringify([
    await show(),
    (await pool.query('select * from event')).rows,
    (await pool.query('select file_name, options from import')).rows,
  ])
  assert.equal(shown.replaceAll(location, '').includes('s3cret'), false)
  await assert.rejects(
    readOne(engine, viewer, 'import_source', 'feed'),
    (error: Problem) => error.status === 403,
  )
})

test('check fetches and plans, and writes nothing', async (t) => {
  const { feed, origin, location } = await feedServer(t)
  const { context, make, show, catalog } = await sourceHouse(t, [origin])
  await make({ kind: 'https', location })
  feed.body = jsonl(document('A'))
  const report = await checkSource(context, 'feed')
  assert.deepEqual([report.outcome, report.files[0].counts?.created], ['planned', 1])
  const { last_check, last_run_at } = await show()
  assert.deepEqual([(last_check as Row).outcome, last_run_at, (await catalog()).length], ['planned', null, 0])
  const run = await runSource(context, 'feed')
  assert.deepEqual([run.outcome, run.files[0].import], ['applied', report.files[0].import])
})

test('a failing source backs off, alarms once, recovers once, and leaves the others alone', async (t) => {
  const { feed, origin, location } = await feedServer(t)
  const { context, make, show, facts, lines } = await sourceHouse(t, [origin])
  await make({ kind: 'https', location, every_minutes: 1, jitter_seconds: 0, alert_after: 2 })
  const waits: number[] = []
  const run = async (status: number, body: string) => {
    Object.assign(feed, { status, body })
    const { outcome } = await runSource(context, 'feed')
    waits.push(Math.round((Date.parse(String((await show()).next_run_at)) - Date.now()) / 60_000))
    return outcome
  }
  assert.deepEqual([await run(503, ''), (await facts()).length], ['failed', 0])
  assert.deepEqual(
    [await run(200, '<html>'), await run(200, '{"product_id"'), await run(200, '[]')],
    ['refused', 'refused', 'refused'],
  )
  assert.deepEqual(
    (await facts()).map(({ action }) => action),
    ['alarm'],
  )
  const failing = await show()
  assert.deepEqual([failing.failures, typeof failing.failing_since], [4, 'string'])
  assert.deepEqual(
    [await run(200, jsonl(document('A'))), await run(200, jsonl(document('A')))],
    ['applied', 'unchanged'],
  )
  assert.deepEqual(
    (await facts()).map(({ action }) => action),
    ['alarm', 'recover'],
  )
  assert.deepEqual(waits, [1, 2, 4, 8, 1, 1])
  const { failures, failing_since, last_error } = await show()
  assert.deepEqual([failures, failing_since, last_error], [0, null, null])
  assert.deepEqual(
    lines.map(({ level, msg }) => [level, msg]),
    [[50, 'import source fails']],
  )
})

test('an empty folder does not make a failure good', async (t) => {
  const { context, make, put, show, facts } = await sourceHouse(t)
  await make({})
  await put('bad.jsonl', { product_id: 'A' })
  await runSource(context, 'feed')
  await runSource(context, 'feed')
  const { failures, last_outcome } = await show()
  assert.deepEqual([failures, last_outcome, (await facts()).length], [1, 'refused', 1])
  await put('good.jsonl', document('A'))
  await runSource(context, 'feed')
  assert.deepEqual(
    [(await show()).failures, (await facts()).map(({ action }) => action)],
    [0, ['alarm', 'recover']],
  )
})

test('two processes: each due source is enqueued once, runs once, and a lost lease comes back', async (t) => {
  const { context, make, change, pool, show, put, catalog } = await sourceHouse(t)
  await prepareQueue(pool)
  for (let index = 0; index < 20; index++) await make({ name: `s${index}`, every_minutes: 60 })
  await make({ name: 'off', every_minutes: 60 })
  await change('disable', {}, 'off')
  await make({ name: 'manual' })
  const jobs = async () =>
    (
      await pool.query(
        "select count(*) as count from graphile_worker.jobs where task_identifier = 'sources.run'",
      )
    ).rows[0].count
  const both = await Promise.all([enqueueDue(context), enqueueDue(context), enqueueDue(context)])
  assert.deepEqual([both.reduce((sum, count) => sum + count), await jobs()], [20, 20])
  assert.equal(await enqueueDue(context), 0)
  await put('a.jsonl', document('A'))
  await assert.rejects(runSource(context, 's0'), (error: Problem) => error.code === 'source.busy')
  const { rows } = await pool.query<{ payload: Row }>(
    "select payload from graphile_worker._private_jobs j join import_source s on j.payload ->> 'source' = s.id::text where s.name = 's0'",
  )
  const { jobs: work } = sourceJobs(context)
  const run = work.find((job) => job.name === 'sources.run')!
  const unused = {} as Parameters<typeof run.run>[1]
  await Promise.all([run.run(rows[0].payload, unused), run.run({ source: rows[0].payload.source }, unused)])
  assert.equal((await catalog()).length, 1)
  assert.ok(Date.parse(String((await show('s0')).next_run_at)) > Date.now() + 3_000_000)
  await pool.query(
    "update import_source_state set lease_until = now() - interval '1 second' where lease_until is not null",
  )
  assert.deepEqual([await enqueueDue(context), await jobs()], [19, 20])
})

test('run and check are actions that enqueue; disable and enable are changes', async (t) => {
  const { engine, change, make, pool } = await sourceHouse(t)
  await prepareQueue(pool)
  await make({ every_minutes: 5 })
  await change('run', { force: true })
  await change('run')
  await change('check')
  const { rows } = await pool.query('select task_identifier from graphile_worker.jobs order by 1')
  assert.deepEqual(
    rows.map((row) => row.task_identifier),
    ['sources.check', 'sources.run'],
  )
  assert.equal((await change('disable')).records[0].enabled, false)
  assert.equal((await change('enable')).records[0].enabled, true)
  for (const action of ['alarm', 'recover', 'run'] as const) {
    const request = {
      actor: action === 'run' ? viewer : owner,
      resource: 'import_source',
      action,
      targets: ['feed'],
    }
    await assert.rejects(perform(engine, request), (error: Problem) => error.status === 403, action)
  }
})

const wrong: [Row, RegExp][] = [
  [{ location: 'inbox' }, /whole path/],
  [{ kind: 'https', location: '/srv/feeds' }, /address such as/],
  [{ kind: 'https', location: 'https://me:word@feeds.example/x' }, /must not hold a name or password/],
  [{ kind: 'https', location: 'https://feeds.example/x', pattern: '*.csv' }, /folder sources/],
  [{ kind: 'https', location: 'https://feeds.example/x', headers: { Host: 'a' } }, /cannot be set here/],
  [{ kind: 'https', location: 'https://feeds.example/x', headers: { 'X-A': 'a\r\nb: c' } }, /plain ASCII/],
  [{ auth_header: 'Bearer x' }, /https sources/],
  [{ cron: '61 * * * *' }, /not a cron line/],
  [{ cron: '* * * * * *' }, /not a cron line/],
  [{ cron: '0 0 31 2 *' }, /never comes/],
  [{ cron: '0 3 * * *', every_minutes: 5 }, /one schedule/],
  [{ cron: '0 3 * * *', time_zone: 'Mars/Phobos' }, /not a time zone/],
  [{ every_minutes: 0 }, />= 1/],
  [{ name: 'Feed One' }, /small letters/],
  [{ on_error: 'maybe' }, /abort, skip/],
]

test('a source that cannot work is refused when it is saved', async (t) => {
  const { make, pool } = await sourceHouse(t)
  for (const [input, reason] of wrong) await assert.rejects(make(input), reason, JSON.stringify(input))
  assert.equal(await eventCount(pool), 0)
})
