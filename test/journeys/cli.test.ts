import assert from 'node:assert/strict'
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'
import { generateProducts } from '../../bench/products.ts'
import { cliHome } from '../support/cli.ts'

type Ingested = {
  read: number
  created: number
  updated: number
  unchanged: number
  superseded: number
  held: number
  rejected: number
  import: string
  change: string | null
  rejects_file: string | null
}

const REJECTED = { code: 1, created: 0 }

test('a newcomer’s first hour: ingest, stats, mend, undo, back up, nuke and back, from the shell', async (t) => {
  const { serai, json, folder, project } = await cliHome(t)
  const sample = (name: string) => join(project, 'samples/catalog', name)

  const early = await serai('stats')
  assert.equal(early.code, 1)
  assert.match(early.stderr, /There is no catalog yet.*serai ingest/)

  const first = await serai('ingest', '--file', sample('first-twelve.json'))
  assert.equal(first.code, 0, first.stderr)
  assert.match(
    first.stdout,
    /^Ingesting first-twelve\.json…\nIngested 12 products from first-twelve\.json:\n {2}created 12, updated 0, unchanged 0/,
  )

  const stats = await json<{
    total: number
    active: number
    by_category: { name: string; count: number; percent: number }[]
    by_destination: object[]
    backups: number
  }>('stats')
  assert.deepEqual([stats.total, stats.active, stats.backups], [12, 12, 1])
  assert.deepEqual(stats.by_category, [
    { name: 'Cultural', count: 5, percent: 41.7 },
    { name: 'Sightseeing', count: 4, percent: 33.3 },
    { name: 'Adventure', count: 2, percent: 16.7 },
    { name: 'Family', count: 1, percent: 8.3 },
  ])
  assert.deepEqual(stats.by_destination, [
    { name: 'Dubai', count: 8, percent: 66.7 },
    { name: 'Abu Dhabi', count: 4, percent: 33.3 },
  ])

  const before = await serai('export', 'products', '--format', 'jsonl')
  const bad = join(folder, 'bad.jsonl')
  await writeFile(
    bad,
    '{"product_id":"New","product_name":"New","pricing":[{"tier_name":"A","price_aed":1}],"inclusions":[]}\n{"product_id":"Bad","product_name":"Bad","pricing":[{"tier_name":"A","price_aed":-1}],"inclusions":[]}\n',
  )
  const refused = await serai('ingest', '--file', bad)
  assert.equal(refused.code, REJECTED.code)
  assert.match(refused.stderr, /Error: product Bad \(line 2\): pricing\[0\]\.price_aed must be >= 0, got -1/)
  assert.equal((await serai('export', 'products', '--format', 'jsonl')).stdout, before.stdout)

  const skipped = await json<Ingested>('ingest', '--file', bad, '--on-error', 'skip')
  assert.deepEqual(
    [skipped.created, skipped.rejected, skipped.rejects_file],
    [1, 1, join(folder, 'bad.rejects.jsonl')],
  )
  assert.match(
    await readFile(skipped.rejects_file!, 'utf8'),
    /"_errors":\["line 2, pricing\[0\]\.price_aed: must be >= 0, got -1"\]/,
  )

  const undone = await json<{ restored: number; kept: unknown[]; change: string }>('undo', skipped.import)
  assert.deepEqual([undone.restored, undone.kept], [1, []])
  assert.equal((await serai('export', 'products', '--format', 'jsonl')).stdout, before.stdout)

  const backup = await json<{ name: string; size_bytes: number; verified: boolean }>('backup')
  assert.ok(backup.verified && backup.size_bytes > 0)
  assert.equal((await serai('nuke')).code, 1)
  const nuked = await json<{ archived: number; change: string }>('nuke', '--yes')
  assert.equal(nuked.archived, 12)
  assert.equal((await json<{ total: number }>('stats')).total, 0)
  assert.equal((await json<Ingested>('ingest', '--file', sample('first-twelve.json'))).created, 12)
  const restored = await serai('restore', backup.name, '--yes')
  assert.equal(restored.code, 0, restored.stderr)
  assert.equal((await serai('export', 'products', '--format', 'jsonl')).stdout, before.stdout)
  assert.match((await serai('token', 'create', '--role', 'owner', '--name', 'laptop')).stdout, /^srt_/)
  assert.equal((await serai('doctor')).code, 0)
})

const usages: [string[], number, RegExp][] = [
  [[], 1, /Usage: serai/],
  [['--help'], 0, /ingest/],
  [['ingest', '--help'], 0, /Example:\n {2}serai ingest/],
  [['bakup'], 2, /Did you mean backup/],
  [['ingest', '--fil', 'x'], 2, /Did you mean --file/],
  [['ingest'], 2, /needs a file/],
  [['ingest', '--file', 'missing.json'], 1, /There is no file missing\.json/],
  [['ingest', '--file', '/etc/hostname', '--mode', 'merg'], 2, /--mode is "merg"/],
  [['export', 'products', '--format', 'pdf'], 2, /--format is "pdf"/],
  [['migrate', 'sideways'], 2, /up, down or status/],
]

test('wrong usage exits with 2, failure with 1, and both say what to do', async (t) => {
  const { serai } = await cliHome(t)
  for (const [args, code, text] of usages) {
    const ran = await serai(...args)
    assert.equal(ran.code, code, args.join(' '))
    assert.match(ran.stdout + ran.stderr, text, args.join(' '))
  }
})

test('half-set PostgreSQL variables are an error, never an empty embedded database', async (t) => {
  const { start } = await cliHome(t)
  for (const [env, text] of [
    [{ PGHOST: 'db.example' }, /PGUSER.*PGDATABASE/],
    [{ DATABASE_URL: '' }, /DATABASE_URL/],
    [{ DATABASE_URL: 'postgresql://u:secret@127.0.0.1:1/db' }, /127\.0\.0\.1:1/],
  ] as const) {
    const { code, stderr } = await start(['stats'], env).done
    assert.equal(code, 1)
    assert.match(stderr, text)
    assert.doesNotMatch(stderr, /secret/)
  }
})

test('two processes ingest one file at the same moment: the catalog is that of one, both succeed, both accounts close', async (t) => {
  const { json, folder, start } = await cliHome(t)
  const file = join(folder, 'many.jsonl')
  await writeFile(file, [...generateProducts(500)].map((each) => JSON.stringify(each)).join('\n'))
  const both = await Promise.all([
    start(['ingest', '--file', file, '--json']).done,
    start(['ingest', '--file', file, '--json']).done,
  ])
  assert.deepEqual(
    both.map((ran) => ran.code),
    [0, 0],
    both.map((ran) => ran.stderr).join('\n'),
  )
  const counts = both.map((ran) => JSON.parse(ran.stdout) as Ingested)
  for (const each of counts)
    assert.equal(
      each.read,
      each.created + each.updated + each.unchanged + each.superseded + each.held + each.rejected,
    )
  assert.equal(counts[0].created + counts[1].created, 500)
  assert.equal((await json<{ total: number }>('stats')).total, 500)
})

test('Ctrl-C at any moment of an ingest: exit code 130, nothing written, no server left behind, and the next command works', async (t) => {
  const { json, folder, home, start, serai } = await cliHome(t)
  const file = join(folder, 'many.jsonl')
  await writeFile(file, [...generateProducts(12_000)].map((each) => JSON.stringify(each)).join('\n'))
  assert.equal((await serai('migrate', 'up')).code, 0)
  for (const delayMs of [0, 60, 120, 200, 300, 400]) {
    const { child, done } = start(['ingest', '--file', file])
    await new Promise<void>((resolve) => child.stdout!.once('data', () => resolve()))
    await new Promise((resolve) => setTimeout(resolve, delayMs))
    child.kill('SIGINT')
    const { code, stderr } = await done
    assert.deepEqual([code, /Interrupted; nothing half done remains/.test(stderr)], [130, true], stderr)
    await assert.rejects(
      readFile(join(home, 'postgres', 'postmaster.pid')),
      `the last one out stopped PostgreSQL (interrupted after ${delayMs} ms)`,
    )
  }
  assert.equal((await json<Ingested>('ingest', '--file', file)).created, 12_000)
})

const KILLS = 20

test(`kill -9 of an ingest at ${KILLS} random moments: the catalog is the one before or the one after`, async (t) => {
  const { json, folder, start, serai } = await cliHome(t)
  const products = [...generateProducts(1_500)]
  const write = async (name: string, category: string) => {
    const path = join(folder, `${name}.jsonl`)
    await writeFile(path, products.map((each) => JSON.stringify({ ...each, category })).join('\n'))
    return path
  }
  assert.equal((await serai('ingest', '--file', await write('base', 'Round 0'))).code, 0)
  const started = performance.now()
  assert.equal((await serai('ingest', '--file', await write('timing', 'Round 0b'))).code, 0)
  const usual = performance.now() - started
  let landed = 0
  for (let round = 1; round <= KILLS; round++) {
    const { child, done } = start(['ingest', '--file', await write(`round-${round}`, `Round ${round}`)])
    await new Promise((resolve) => setTimeout(resolve, Math.random() * usual))
    child.kill('SIGKILL')
    await done
    const { by_category } = await json<{ by_category: { name: string; count: number }[] }>('stats')
    assert.equal(by_category.length, 1, `one round only, got ${JSON.stringify(by_category)}`)
    assert.equal(by_category[0].count, 1_500)
    if (by_category[0].name === `Round ${round}`) landed++
  }
  t.diagnostic(`${landed} of ${KILLS} killed ingests had landed`)
  assert.equal((await serai('ingest', '--file', await write('last', 'Last'))).code, 0)
})
