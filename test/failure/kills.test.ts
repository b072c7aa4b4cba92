import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { perform } from '../../src/engine/perform.ts'
import { facts } from '../../src/engine/present.ts'
import type { Row } from '../../src/kernel/field.ts'
import { fromColumns, selectList } from '../../src/store/rows.ts'
import { owner, testEngine } from '../support/database.ts'

const CHILD = fileURLToPath(new URL('working.ts', import.meta.url))
const KILLS = Number(process.env.SERAI_KILLS ?? 40)
const PROCESSES = 4
const LIFE_MS = 600
const AT_ONCE_MS = 2_000

type Acknowledged = { request: string; change: string | null }

test(`${KILLS} random kill -9 of processes that edit, ingest and undo at the same time: nothing acknowledged is lost, nothing is half or double`, {
  timeout: 600_000,
}, async (t) => {
  const { engine, pool, connection } = await testEngine(t)
  const folder = await mkdtemp(join(tmpdir(), 'serai-kills-'))
  t.after(() => rm(folder, { recursive: true, force: true }))
  const acknowledged: Acknowledged[] = []
  let kills = 0

  async function live(name: string): Promise<void> {
    while (kills < KILLS) {
      const child = spawn(process.execPath, [CHILD, connection.connectionString!, folder, name], {
        stdio: ['ignore', 'pipe', 'inherit'],
      })
      const lines = createInterface({ input: child.stdout })
      const ended = once(lines, 'close')
      lines.on('line', (line) => line !== 'ready' && acknowledged.push(JSON.parse(line)))
      await once(lines, 'line')
      await sleep(Math.random() * LIFE_MS)
      assert.ok(child.kill('SIGKILL') && child.exitCode === null, 'it worked until it was killed')
      kills++
      await ended
    }
  }
  await Promise.all(Array.from({ length: PROCESSES }, (_, index) => live(`worker-${index}`)))

  const started = performance.now()
  await perform(engine, {
    actor: owner,
    resource: 'product',
    action: 'create',
    input: {
      product_id: 'after',
      product_name: 'After',
      pricing: [{ tier_name: 'A', price: { amount: 1, currency: 'AED' } }],
      inclusions: [],
    },
  })
  assert.ok(performance.now() - started < AT_ONCE_MS, 'the next command works at once')

  const { rows: lost } = await pool.query(
    'select id from unnest($1::uuid[]) id where not exists (select from event where change = id)',
    [acknowledged.flatMap(({ change }) => change ?? [])],
  )
  assert.deepEqual(lost, [], 'every acknowledged write is in the log')
  const { rows: doubled } = await pool.query(
    'select request from event where request is not null group by request having count(distinct change) > 1',
  )
  assert.deepEqual(doubled, [], 'no request was done twice')

  const product = engine.resources.get('product')!
  const { rows } = await pool.query<Row>(
    `select ${selectList(product)}, l.folded, l.events from product t
full join (select record, serai_merge(after order by position) as folded, count(*) as events from event where resource = 'product' group by record) l on l.record = t.id`,
  )
  for (const { folded, events, ...row } of rows) {
    assert.ok(row.id, 'every event has its record')
    assert.deepEqual(
      facts(product, fromColumns(product, row)),
      folded,
      `the events of ${row.product_id} add up to it`,
    )
    assert.equal(row.version, events, 'each version has its event')
  }
  t.diagnostic(`${kills} kills, ${acknowledged.length} acknowledged calls, ${rows.length} records`)
  assert.ok(acknowledged.length > KILLS)
})
