import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { test } from 'node:test'
import { pino } from 'pino'
import { openDoor } from '../src/doors/http/testing.ts'
import { perform } from '../src/engine/perform.ts'
import type { Job } from '../src/kernel/area.ts'
import { addJobs } from '../src/store/queue.ts'
import type { Backups } from '../src/work/backup.ts'
import { followOnce } from '../src/work/follow.ts'
import { gaugesOf } from '../src/work/gauges.ts'
import { createMeters } from '../src/work/meters.ts'
import { type Runner, startRunner } from '../src/work/runner.ts'
import { owner } from './support/database.ts'

/** A metric as the text format tells it. */
type Metric = { name: string; help: string; type: string; labels: Set<string>; series: number }

/** The rules of `promtool check metrics` (prometheus/client_golang, promlint), each true where the metric is well. */
const RULES: { [rule: string]: (metric: Metric) => boolean } = {
  'has a help text': ({ help }) => help.length > 0,
  'is in base units': ({ name }) =>
    !/(^|_)(?:pico|nano|micro|milli|centi|deci|deca|hecto|kilo|kibi|mega|mibi|giga|gibi|tera|tebi|peta|pebi)?(?:minutes|hours|days|weeks|bits|fahrenheit|rankine|inches|feet|yards|miles|ounces|pounds|calories)(_|$)/.test(
      name,
    ) &&
    !/(^|_)(?:pico|nano|micro|milli|centi|deci|deca|hecto|kilo|kibi|mega|mibi|giga|gibi|tera|tebi|peta|pebi)(?:seconds|bytes|metres|meters|grams|volts|amperes|joules|kelvins?|celsius)(_|$)/.test(
      name,
    ),
  'ends in _total when it counts': ({ name, type }) => type !== 'counter' || name.endsWith('_total'),
  'ends in _total only when it counts': ({ name, type }) => type === 'counter' || !name.endsWith('_total'),
  'does not end as parts of a histogram do': ({ name, type }) =>
    type === 'histogram' || type === 'summary' || !/_(?:bucket|count|sum)$/.test(name),
  'keeps le and quantile to histograms and summaries': ({ labels, type }) =>
    (type === 'histogram' || !labels.has('le')) && (type === 'summary' || !labels.has('quantile')),
  'does not name its type': ({ name }) => !/_(?:counter|gauge|summary|untyped|histogram)(?:_|$)/.test(name),
  'has no colon': ({ name }) => !name.includes(':'),
  'is in snake_case': ({ name, labels }) => ![name, ...labels].some((word) => /[a-z][A-Z]/.test(word)),
  'spells its unit': ({ name }) => !/_(?:s|ms|us|ns|sec|b|kb|mb|gb|tb|pb|m|h|d)(?:_|$)/.test(name),
}
/** Series of one metric: what Prometheus keeps for each of our processes must not grow with the data. */
const SERIES_MAX = 4_000

function parse(text: string): Metric[] {
  const metrics = new Map<string, Metric>()
  for (const line of text.split('\n')) {
    const [, kind, name, rest] = /^# (HELP|TYPE) (\S+) ?(.*)$/.exec(line) ?? []
    if (kind) {
      const metric = metrics.get(name) ?? { name, help: '', type: '', labels: new Set(), series: 0 }
      assert.equal(kind === 'HELP' ? metric.help : metric.type, '', `${name} is told once`)
      metrics.set(name, { ...metric, [kind.toLowerCase()]: rest })
      continue
    }
    if (line === '') continue
    const sample = /^([a-zA-Z_:][a-zA-Z0-9_:]*)(?:\{(.*)\})? (\S+)$/.exec(line)
    assert.ok(sample, `"${line}" is a sample`)
    const metric = metrics.get(sample[1]) ?? metrics.get(sample[1].replace(/_(?:bucket|count|sum)$/, ''))
    assert.ok(metric?.type, `${sample[1]} was announced`)
    assert.ok(Number.isFinite(Number(sample[3])), line)
    metric.series++
    for (const [, label] of (sample[2] ?? '').matchAll(/(\w+)="(?:[^"\\]|\\.)*"/g)) metric.labels.add(label)
  }
  return [...metrics.values()]
}

function faultsOf(text: string): string[] {
  return parse(text).flatMap((metric) =>
    Object.entries(RULES).flatMap(([rule, holds]) =>
      holds(metric) ? [] : [`${metric.name}: not true that it ${rule}`],
    ),
  )
}

const bad: [rule: string, text: string][] = [
  ['has a help text', '# TYPE a_seconds gauge\na_seconds 1'],
  ['is in base units', '# HELP a_milliseconds x\n# TYPE a_milliseconds gauge\na_milliseconds 1'],
  ['is in base units', '# HELP a_hours x\n# TYPE a_hours gauge\na_hours 1'],
  ['ends in _total when it counts', '# HELP a x\n# TYPE a counter\na 1'],
  ['ends in _total only when it counts', '# HELP a_total x\n# TYPE a_total gauge\na_total 1'],
  ['does not end as parts of a histogram do', '# HELP a_count x\n# TYPE a_count gauge\na_count 1'],
  ['keeps le and quantile to histograms and summaries', '# HELP a x\n# TYPE a gauge\na{le="1"} 1'],
  ['does not name its type', '# HELP a_gauge_x x\n# TYPE a_gauge_x gauge\na_gauge_x 1'],
  ['has no colon', '# HELP a:b x\n# TYPE a:b gauge\na:b 1'],
  ['is in snake_case', '# HELP aB x\n# TYPE aB gauge\naB 1'],
  ['spells its unit', '# HELP a_ms x\n# TYPE a_ms gauge\na_ms 1'],
]
for (const [rule, text] of bad)
  test(`the rules see a metric that is bad: ${rule}`, () => {
    const [fault, ...more] = faultsOf(`${text}\n`)
    assert.match(fault ?? '', new RegExp(rule))
    assert.deepEqual(more, [])
  })

test('a working house tells everything, in a form that Prometheus accepts without a remark', async (t) => {
  const runners: Runner[] = []
  t.after(() => Promise.all(runners.map((runner) => runner.stop())))
  const meters = createMeters()
  const backups = {
    list: async () => [
      { created_at: '2026-01-02T03:04:05Z', verified: true, problem: null },
      { created_at: '2026-01-03T03:04:05Z', verified: false, problem: null },
      { created_at: '2026-01-04T03:04:05Z', verified: false, problem: 'cut short' },
    ],
  } as unknown as Backups
  const opened = await openDoor(t, {
    services: {
      gauges: () => gaugesOf(opened.pool, backups, ['watcher', 'sleeper']),
      meters: () => meters.text(),
    },
  })
  const { send, pool, engine } = opened
  for (const product_id of ['a', 'b', 'c'])
    await perform(engine, {
      actor: owner,
      resource: 'product',
      action: 'create',
      input: {
        product_id,
        product_name: product_id,
        pricing: [{ tier_name: 'A', price: { amount: 1, currency: 'AED' } }],
        inclusions: [],
      },
    })
  // Transactions of other tests on this server may hold the log up for a moment.
  for (let seen = 0; seen < 3; )
    seen += await followOnce(engine, { name: 'watcher', handle: async () => undefined })
  await pool.query(`insert into import (id, resource, state, file_name, file_key, sha256, size_bytes, identity, options, created_by, counts) values
    (gen_random_uuid(), 'product', 'applied', 'f', 'k', 's', 1, 'i', '{}', 'x', '{"read": 12, "created": 3, "updated": 7, "revived": 1, "rejected": 2}'),
    (gen_random_uuid(), 'product', 'planned', 'f', 'k', 's', 1, 'j', '{}', 'x', '{"read": 5, "created": 5}')`)
  const job: Job = { name: 'test.job', run: async () => undefined }
  runners.push(
    await startRunner({ engine, pool, jobs: [job], schedules: [], log: pino({ level: 'silent' }), meters }),
  )
  await addJobs(pool, [{ name: 'test.job', payload: {} }])
  while ((await pool.query('select from job')).rowCount) await new Promise((done) => setTimeout(done, 20))
  await addJobs(
    pool,
    Array.from({ length: 150 }, (_, index) => ({ name: `test.unknown${index}`, payload: {} })),
  )
  await send('GET', '/api/products')
  const { text } = await send('GET', '/metrics', { token: null })
  assert.deepEqual(faultsOf(text), [])
  for (const metric of parse(text))
    assert.ok(metric.series <= SERIES_MAX, `${metric.name} has ${metric.series} series`)
  const expected = [
    /^http_requests_total\{method="GET",route="\/api\/products",status="200"\} 1$/m,
    /^serai_db_pool_max_connections 6$/m,
    /^serai_db_pool_waiting_requests 0$/m,
    /^serai_job_duration_seconds_count\{task="test\.job",outcome="done"\} 1$/m,
    /^serai_queued_jobs\{task="other",state="waiting"\} 50$/m,
    /^serai_job_oldest_due_seconds 0\.\d+$/m,
    /^serai_follower_lag_events\{follower="watcher"\} 0$/m,
    /^serai_follower_lag_events\{follower="sleeper"\} 3$/m,
    /^serai_follower_lag_seconds\{follower="sleeper"\} [0-9.]+$/m,
    /^serai_log_events\{month="\d{4}-\d\d"\} \d+$/m,
    /^serai_log_size_bytes\{month="default"\} \d+$/m,
    /^serai_import_rows_total\{verdict="created"\} 3$/m,
    /^serai_import_rows_total\{verdict="updated"\} 7$/m,
    /^serai_import_rows_total\{verdict="rejected"\} 2$/m,
    /^serai_backups 3$/m,
    /^serai_backup_last_success_timestamp_seconds 1767409445$/m,
    /^serai_backup_last_verified_timestamp_seconds 1767323045$/m,
    /^serai_gauges_up 1$/m,
    /^process_resident_memory_bytes \d+$/m,
    /^nodejs_eventloop_lag_p99_seconds /m,
  ]
  assert.deepEqual(
    expected.filter((line) => !line.test(text)),
    [],
    'is missing',
  )
  assert.doesNotMatch(text, /verdict="(?:read|revived)"/)
  judge(text, (what) => t.diagnostic(what))
})

/** Prometheus's own judge, where this machine has it. */
function judge(text: string, tell: (what: string) => void): void {
  const { error, status, stdout, stderr } = spawnSync('promtool', ['check', 'metrics'], {
    input: text,
    encoding: 'utf8',
  })
  const absent = (error as NodeJS.ErrnoException | undefined)?.code === 'ENOENT'
  if (!absent) assert.deepEqual([status, stdout, stderr], [0, '', ''])
  tell(absent ? 'promtool is not here; only our own rules judged' : 'promtool had no remark')
}
