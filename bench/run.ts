// npm run bench [-- ROWS]: our path beside the floor, in the same run, on a fresh embedded PostgreSQL with its disk writes on.
import { spawn } from 'node:child_process'
import { createReadStream, createWriteStream } from 'node:fs'
import { chmod, mkdtemp, rm, stat } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import autocannon from 'autocannon'
import Fastify from 'fastify'
import { from as copyFrom } from 'pg-copy-streams'
import { catalog } from '../src/areas/catalog/area.ts'
import { platform } from '../src/areas/platform/area.ts'
import { tokenAuthenticator } from '../src/areas/platform/authenticate.ts'
import { createHttp } from '../src/doors/http.ts'
import { exportDocuments } from '../src/engine/export.ts'
import { perform } from '../src/engine/perform.ts'
import { parseQuery } from '../src/engine/query.ts'
import { read } from '../src/engine/read.ts'
import { type House, openHouse } from '../src/house.ts'
import { write } from '../src/intake/writers/index.ts'
import type { Actor } from '../src/kernel/actor.ts'
import { fileColumns } from '../src/kernel/document.ts'
import { uuidv7 } from '../src/kernel/uuid.ts'
import { readSettings } from '../src/settings.ts'
import { selectList } from '../src/store/rows.ts'
import { refreshVocabulary } from '../src/store/vocabulary.ts'
import { jobRates } from './jobs.ts'
import { writeJsonl } from './products.ts'

const ROWS = Number(process.argv[2] ?? 100_000)
const HTTP_SECONDS = 4
const CONNECTIONS = 8
const WRITES = 400
const SEARCHES = 200
const PROJECT = new URL('..', import.meta.url).pathname

const actor: Actor = { id: 'bench', name: 'bench', roles: ['owner'] }
const home = await mkdtemp(join(tmpdir(), 'serai-bench-'))
// PostgreSQL of a benchmark run by root belongs to another user.
await chmod(home, 0o711)
const env = { ...process.env, SERAI_HOME: join(home, '.serai') }
try {
  await startTimes()
  const house = await openHouse(readSettings(env, PROJECT), [platform, catalog])
  try {
    await bulk(house)
    await search(house)
    await exports(house)
    await writes(house)
    await reads(house)
    await jobs(house)
  } finally {
    await house.close()
  }
} finally {
  await rm(home, { recursive: true, force: true })
}

function line(work: string, ours: string, floor = '', ratio = ''): void {
  console.log(`${work.padEnd(38)}${ours.padStart(22)}${floor.padStart(24)}${ratio.padStart(10)}`)
}

async function timed<Result>(work: () => Promise<Result>): Promise<{ ms: number; result: Result }> {
  const started = performance.now()
  const result = await work()
  return { ms: performance.now() - started, result }
}

function seconds(ms: number): string {
  return `${(ms / 1_000).toFixed(2)} s`
}

/** From the command to the first answered request: on nothing, then on existing data. */
async function startTimes(): Promise<void> {
  line('work', 'ours', 'floor', 'ratio')
  for (const what of ['first start to ready', 'start on existing data']) {
    const { ms } = await timed(startOnce)
    line(what, seconds(ms))
  }
}

async function startOnce(): Promise<void> {
  const child = spawn(join(PROJECT, 'bin/serai'), ['serve'], {
    env: { ...env, PORT: '0', LOG_LEVEL: 'silent' },
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  await new Promise<void>((resolve, reject) => {
    child.stdout.on('data', (chunk) => String(chunk).includes('ready') && resolve())
    child.on('exit', (code) => reject(new Error(`serve ended with ${code}`)))
  })
  const ended = new Promise((resolve) => child.on('close', resolve))
  setImmediate(() => child.kill('SIGINT'))
  await ended
}

/** Ingest, the same again, dry run and undo, beside a raw COPY of the same rows into the same table. */
async function bulk(house: House): Promise<void> {
  const path = join(home, 'products.jsonl')
  await writeJsonl(path, ROWS)
  const send = () =>
    house.services.imports.ingest({
      actor,
      resource: 'product',
      fileName: 'products.jsonl',
      body: createReadStream(path),
      options: {},
      dryRun: false,
    })
  const first = await timed(send)
  const peak = Math.round(process.resourceUsage().maxRSS / 1024)
  const copied = await copyFloor(house)
  line(`ingest ${ROWS} new`, seconds(first.ms), `COPY ${seconds(copied)}`, (copied / first.ms).toFixed(2))
  line('  its peak memory', `${peak} MB`)
  const second = await timed(send)
  const { unchanged } = second.result.import.counts as { unchanged: number }
  line(
    `ingest again (${unchanged} unchanged)`,
    seconds(second.ms),
    '',
    `${(first.ms / second.ms).toFixed(1)}x`,
  )
}

async function copyFloor({ pool }: House): Promise<number> {
  const columns =
    'id, product_id, product_name, pricing, inclusions, active, supplier_name, destination_city, category, description_short, description_long, duration_hours, exclusions, booking_policy, source_document'
  await pool.query('create table floor (like product including all)')
  const { rows } = await pool.query(`select ${columns} from product`)
  const names = columns.split(', ')
  const text = rows.map((row) => `${names.map((name) => copyValue(row[name])).join('\t')}\n`)
  const client = await pool.connect()
  try {
    return (
      await timed(() =>
        pipeline(Readable.from(text), client.query(copyFrom(`copy floor (${columns}) from stdin`))),
      )
    ).ms
  } finally {
    client.release()
    await pool.query('drop table floor')
  }
}

function copyValue(value: unknown): string {
  if (value === null) return '\\N'
  const text = typeof value === 'object' ? JSON.stringify(value) : String(value)
  return text.replaceAll('\\', '\\\\').replaceAll('\t', '\\t').replaceAll('\n', '\\n').replaceAll('\r', '\\r')
}

/** Words, a slip of the pen, a filter and a price order, each with all facets. */
async function search({ engine, pool }: House): Promise<void> {
  await pool.query('vacuum analyze product')
  await refreshVocabulary(pool, engine.resources.get('product')!)
  const questions = [
    { q: 'desert safari' },
    { q: 'dhow cruise', filter: 'active' },
    { q: 'desrt safari' },
    { q: 'museum', sort: 'price_from' },
    { filter: 'category == "Family"', sort: '-price_from' },
  ]
  for (const question of questions) {
    const query = parseQuery(engine, 'product', {
      ...question,
      facets: 'category,destination_city,supplier_name,active',
      limit: '20',
    })
    const times: number[] = []
    for (let index = 0; index < SEARCHES / questions.length; index++)
      times.push((await timed(() => read(engine, actor, 'product', query))).ms)
    times.sort((left, right) => left - right)
    line(
      `search ${JSON.stringify(question).slice(1, 36)}`,
      `p95 ${times[Math.floor(times.length * 0.95)].toFixed(1)} ms`,
    )
  }
}

async function exports({ engine }: House): Promise<void> {
  for (const format of ['jsonl', 'csv', 'xlsx'] as const) {
    const file = join(home, `out.${format}`)
    const documents = exportDocuments(engine, actor, 'product', { archived: 'without' })
    const { ms } = await timed(() =>
      pipeline(
        Readable.from(
          write(format, fileColumns(engine.resources.get('product')!), documents, { profile: 'spreadsheet' }),
        ),
        createWriteStream(file),
      ),
    )
    line(`export ${ROWS} as ${format}`, seconds(ms), `${((await stat(file)).size / 1_000_000).toFixed(0)} MB`)
  }
}

/** One at a time, each acknowledged, beside a bare insert and a bare update of the same rows. */
async function writes({ engine, pool }: House): Promise<void> {
  const product = (index: number) => ({
    product_id: `Bench_${index}_${process.pid}`,
    product_name: 'Bench',
    pricing: [{ tier_name: 'Adult', price: { amount: 100, currency: 'AED' } }],
    inclusions: ['x'],
  })
  await pool.query('create table floor (like product including all)')
  const insert = {
    name: 'floor insert',
    text: `insert into floor (id, product_id, product_name, pricing, inclusions) values ($1, $2, $3, $4, $5) returning ${selectList(engine.resources.get('product')!, 'floor').replaceAll('floor.', '')}`,
  }
  const floorIds: string[] = []
  const bare = await timed(async () => {
    for (let index = 0; index < WRITES; index++) {
      const each = product(index)
      floorIds.push(uuidv7())
      await pool.query({
        ...insert,
        values: [
          floorIds.at(-1),
          each.product_id,
          each.product_name,
          JSON.stringify(each.pricing),
          JSON.stringify(each.inclusions),
        ],
      })
    }
  })
  const ours = await timed(async () => {
    for (let index = 0; index < WRITES; index++)
      await perform(engine, { actor, resource: 'product', action: 'create', input: product(index) })
  })
  report('create one', ours.ms, bare.ms)
  const bareUpdate = await timed(async () => {
    for (const id of floorIds)
      await pool.query({
        name: 'floor update',
        text: 'update floor set category = $2, version = version + 1 where id = $1',
        values: [id, 'x'],
      })
  })
  const update = await timed(async () => {
    for (let index = 0; index < WRITES; index++)
      await perform(engine, {
        actor,
        resource: 'product',
        action: 'update',
        targets: [product(index).product_id],
        input: { category: 'x' },
      })
  })
  report('update one', update.ms, bareUpdate.ms)
  await pool.query('drop table floor')
}

function report(work: string, ours: number, floor: number): void {
  const rate = (ms: number) => `${Math.round((WRITES / ms) * 1_000)}/s`
  line(work, rate(ours), rate(floor), (floor / ours).toFixed(2))
}

/** Over real connections: our door with identity and rules, beside a bare Fastify handler with the same SQL. */
async function reads(house: House): Promise<void> {
  const { engine, pool } = house
  const { answer } = await perform(engine, {
    actor,
    resource: 'token',
    action: 'create',
    input: { name: `bench ${process.pid}`, role: 'owner' },
  })
  const app = await createHttp({
    services: house.services,
    authenticate: tokenAuthenticator(async (text, values) => (await pool.query(text, values)).rows),
    logger: false,
    ready: async () => ({ ok: true, checks: {} }),
  })
  const bare = Fastify()
  const list = selectList(engine.resources.get('product')!)
  const { rows } = await pool.query<{ id: string }>('select id from product limit 1 offset 50')
  bare.get(
    '/one',
    async () =>
      (
        await pool.query({
          name: 'floor one',
          text: `select ${list} from product t where t.id = $1`,
          values: [rows[0].id],
        })
      ).rows[0],
  )
  bare.get(
    '/list',
    async () =>
      (
        await pool.query({
          name: 'floor list',
          text: `select ${list} from product t where archived_at is null order by id limit 21`,
        })
      ).rows,
  )
  const [our, floor] = await Promise.all([
    app.listen({ port: 0, host: '127.0.0.1' }),
    bare.listen({ port: 0, host: '127.0.0.1' }),
  ])
  const headers = { authorization: `Bearer ${answer?.token}` }
  for (const [work, path, floorPath] of [
    ['read one', `/api/products/${rows[0].id}`, '/one'],
    ['list 20', '/api/products?limit=20', '/list'],
  ]) {
    await load(`${our}${path}`, headers, 1)
    const ours = await load(`${our}${path}`, headers, HTTP_SECONDS)
    const plain = await load(`${floor}${floorPath}`, {}, HTTP_SECONDS)
    line(work, `${Math.round(ours)}/s`, `${Math.round(plain)}/s`, (ours / plain).toFixed(2))
  }
  await Promise.all([app.close(), bare.close()])
}

/** Empty jobs; the floor is a bare graphile-worker with the same batches. */
async function jobs(house: House): Promise<void> {
  const { ours, floor, unbatched } = await jobRates(house)
  const rate = (jobsPerSecond: number) => `${Math.round(jobsPerSecond)}/s`
  line('empty jobs', rate(ours), rate(floor), (ours / floor).toFixed(2))
  line('  without batches', '', rate(unbatched))
}

async function load(url: string, headers: Record<string, string>, duration: number): Promise<number> {
  const result = await autocannon({ url, headers, connections: CONNECTIONS, duration, workers: 1 })
  if (result.non2xx) throw new Error(`${url}: ${result.non2xx} answers were not 200`)
  return result.requests.average
}
