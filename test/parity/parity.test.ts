import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { type Door, openDoor } from '../../src/doors/http/testing.ts'
import type { BackupService } from '../../src/doors/services.ts'
import type { Row } from '../../src/kernel/field.ts'
import { createImports } from '../../src/work/imports.ts'
import { cliWay } from './cli.ts'
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
}

for (const scenario of scenarios)
  test(scenario.name, { timeout: 60_000 }, async (t) => {
    const facts: { [name: string]: Row[] } = {}
    for (const [name, wayOf] of Object.entries(ways))
      await t.test(name, async (inner) => {
        const each = await house(inner)
        facts[name] = await run(each, wayOf(each), scenario)
      })
    for (const name of Object.keys(ways))
      assert.deepEqual(facts[name], facts.REST, `the log says the same: ${name}`)
  })

/** Does the steps; returns the facts that they left in the log. */
async function run(house: House, way: Way, { steps, events }: Scenario): Promise<Row[]> {
  const last: Last = { change: '', before: '', time: '', next: '' }
  for (const [index, step] of steps.entries()) {
    if ('remember' in step) {
      last.before = last.change
      last.time = await lastTime(house)
    } else {
      const [verb, ...given] = filled(step, last)
      const got = await (way[verb] as (...all: unknown[]) => Promise<Outcome>)(...given, step.how ?? {})
      last.change = got.change ?? last.change
      last.next = got.next ?? last.next
      compare(step, got, `step ${index + 1}: ${verb} ${JSON.stringify(given)}`)
    }
  }
  const facts = await factsOf(house)
  const written = facts.map(({ action, key, version }) => `${action} ${key} ${version}`)
  assert.deepEqual(
    written,
    events.map((each) => each.split(' ').slice(0, 3).join(' ')),
  )
  await assertTold(house, facts, events)
  return facts
}

type Last = { change: string; before: string; time: string; next: string }

/** The step's verb and arguments, with what earlier steps gave in the place of `$change`, `$before`, `$time` and `$next`. */
function filled(step: Extract<Step, { do: unknown }>, last: Last): [keyof Way, ...unknown[]] {
  return JSON.parse(JSON.stringify(step.do), (_, value) =>
    typeof value === 'string' && value.startsWith('$') ? last[value.slice(1) as keyof Last] : value,
  )
}

/** Everything that the step gives must come out, and nothing else. */
function compare(step: Extract<Step, { do: unknown }>, got: Outcome, what: string): void {
  const isSorted = step.do[0] === 'list' && step.do[1].sort !== undefined
  const { change, next, ...rest } = got
  const shown = {
    ...rest,
    ...(got.rows ? { rows: isSorted ? got.rows : got.rows.toSorted() } : {}),
    ...(got.faults ? { faults: got.faults.toSorted() } : {}),
    ...(change ? { change: true } : {}),
    ...(next ? { next: true } : {}),
  }
  assert.deepEqual(shown, step.gives, what)
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
