import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { type Door, openDoor } from '../../src/doors/http/testing.ts'
import type { BackupService } from '../../src/doors/services.ts'
import type { Row } from '../../src/kernel/field.ts'
import { createImports } from '../../src/work/imports.ts'
import { cliWay } from './cli.ts'
import { filesWay } from './files.ts'
import { graphqlWay } from './graphql.ts'
import { type Subscriber, subscribers } from './live.ts'
import { restWay } from './rest.ts'
import { type Scenario, type Step, scenarios } from './scenarios.ts'
import type { Outcome, Way } from './way.ts'

const ARRIVES_MS = 10_000
const backups = {
  take: async () => ({ name: 'no-backup', verified: true }),
  list: async () => [],
} as unknown as BackupService

type House = { door: Door; url: string; told: Subscriber[] }
/** What a scenario left: how many steps the door did itself, and the facts in the log. */
type Run = { own: number; facts: Row[] }

async function house(t: TestContext): Promise<House> {
  const door = await openDoor(t, { imports: (context) => createImports(context), services: { backups } })
  const url = await door.app.listen({ host: '127.0.0.1', port: 0 })
  const told = await subscribers(url, 'viewer-token')
  t.after(() => {
    for (const each of told) each.leave()
  })
  return { door, url, told }
}

const ways: { [name: string]: (house: House) => Way } = {
  REST: ({ url }) => restWay(url),
  GraphQL: ({ url }) => graphqlWay(url),
  'command line': ({ door }) => cliWay(door.services),
  files: ({ door }) => filesWay(door.services),
}

for (const scenario of scenarios)
  test(scenario.name, { timeout: 60_000 }, async (t) => {
    const runs: { [name: string]: Run } = {}
    for (const [name, wayOf] of Object.entries(ways))
      await t.test(name, async (inner) => {
        const each = await house(inner)
        runs[name] = await run(each, wayOf(each), scenario, name === 'files')
      })
    assert.deepEqual(runs.GraphQL.facts, runs.REST.facts, 'the log says the same')
    assert.deepEqual(runs['command line'].facts, runs.REST.facts, 'the log says the same')
    assert.deepEqual(asPut(runs.files.facts), asPut(runs.REST.facts), 'the log says the same')
    t.diagnostic(`${runs.files.own} of ${scenario.steps.length} steps by files`)
  })

/** Does the steps by `way`; those that it has no verb for by REST, for the next ones stand on them. */
async function run(house: House, way: Way, { steps, events }: Scenario, partly: boolean): Promise<Run> {
  const rest = restWay(house.url)
  const last: Last = { change: '', before: '', time: '', next: '' }
  let own = 0
  for (const [index, step] of steps.entries()) {
    if ('remember' in step) {
      last.before = last.change
      last.time = await lastTime(house)
    } else {
      const [verb, ...given] = filled(step, last)
      const all = [...given, step.how ?? {}]
      const called = call(way, verb, all)
      const got = await (called ?? call(rest, verb, all))!
      if (called) own++
      last.change = got.change ?? last.change
      last.next = got.next ?? last.next
      compare(
        step,
        got,
        partly && called !== undefined,
        `step ${index + 1}: ${verb} ${JSON.stringify(given)}`,
      )
    }
  }
  const facts = await factsOf(house)
  const written = facts.map(({ action, key, version }) => `${action} ${key} ${version}`)
  const expected = events.map((each) => each.split(' ').slice(0, 3).join(' '))
  assert.deepEqual(partly ? written.map(putText) : written, partly ? expected.map(putText) : expected)
  await assertTold(house, facts, events)
  return { own, facts }
}

type Last = { change: string; before: string; time: string; next: string }

/** The step's verb and arguments, with what earlier steps gave in the place of `$change`, `$before`, `$time` and `$next`. */
function filled(step: Extract<Step, { do: unknown }>, last: Last): [keyof Way, ...unknown[]] {
  return JSON.parse(JSON.stringify(step.do), (_, value) =>
    typeof value === 'string' && value.startsWith('$') ? last[value.slice(1) as keyof Last] : value,
  )
}

function call(way: Way, verb: keyof Way, given: unknown[]): Promise<Outcome> | undefined {
  return (way[verb] as (...all: unknown[]) => Promise<Outcome> | undefined)(...given)
}

/** A door that shows less than the others is held to what it shows. */
function compare(step: Extract<Step, { do: unknown }>, got: Outcome, partly: boolean, what: string): void {
  const isSorted = step.do[0] === 'list' && step.do[1].sort !== undefined
  const shown = {
    ...got,
    ...(got.rows ? { rows: isSorted ? got.rows : got.rows.toSorted() } : {}),
    ...(partly && got.history ? { history: got.history.map(putText) } : {}),
    ...(got.faults ? { faults: got.faults.toSorted() } : {}),
  }
  const { change, next, ...rest } = shown
  const all = { ...rest, ...(change ? { change: true } : {}), ...(next ? { next: true } : {}) }
  const { history } = step.gives
  const wanted = partly && history ? { ...step.gives, history: history.map(putText) } : step.gives
  const names = Object.keys(partly ? all : { ...all, ...step.gives }) as (keyof typeof step.gives)[]
  assert.ok(names.length > 0 || (step.how?.dryRun && !step.gives.problem), `${what} shows nothing`)
  assert.deepEqual(
    all,
    Object.fromEntries(names.flatMap((name) => (name in step.gives ? [[name, wanted[name]]] : []))),
    what,
  )
}

async function lastTime({ door }: House): Promise<string> {
  const { rows } = await door.pool.query(
    `select to_char(max(time) at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') as time from event`,
  )
  return rows[0].time
}

/** The log, without what is never the same twice. */
async function factsOf({ door }: House): Promise<Row[]> {
  const { rows } = await door.pool.query(
    'select action, resource, key, version, actor, reason, before, after from event order by position',
  )
  return rows.map(({ before, after, ...rest }) => ({
    ...rest,
    before: lasting(before),
    after: lasting(after),
  }))
}

function lasting(row: Row | null): Row | null {
  if (!row) return null
  const { id: _, created_at: __, updated_at: ___, archived_at, ...rest } = row
  return archived_at === undefined ? rest : { ...rest, archived_at: archived_at !== null }
}

/** A file creates and updates by one verb. */
function putText(text: string): string {
  return text.replace(/^(create|update|ingest) /, 'put ')
}

function asPut(facts: Row[]): Row[] {
  return facts.map((fact) => ({ ...fact, action: putText(`${fact.action} `).trim() }))
}

async function assertTold({ told }: House, facts: Row[], events: string[]): Promise<void> {
  const expected = facts.map(
    ({ action, key, version }, index) => `${action} ${key} ${version} ${events[index].split(' ')[3]}`,
  )
  for (const subscriber of told) {
    for (const until = Date.now() + ARRIVES_MS; subscriber.told.length < expected.length; )
      if (Date.now() > until) break
      else await new Promise((resolve) => setTimeout(resolve, 10))
    const heard = subscriber.told.map(
      ({ action, key, version, effect }) => `${action} ${key} ${version} ${effect}`,
    )
    assert.deepEqual(heard, expected, subscriber.name)
  }
}
