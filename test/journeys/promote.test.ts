import assert from 'node:assert/strict'
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'
import type { Row } from '../../src/kernel/field.ts'
import { cliHome } from '../support/cli.ts'
import { document, jsonl } from '../support/imports.ts'

const READY_MS = 20_000
type House = Awaited<ReturnType<typeof cliHome>>

/** The catalog of a house as its export says it, in order. */
async function catalogOf({ folder, serai }: House): Promise<string[]> {
  const out = join(folder, 'out.jsonl')
  assert.equal((await serai('export', 'products', '--out', out)).code, 0)
  return (await readFile(out, 'utf8')).trimEnd().split('\n').sort()
}

async function bring(house: House, name: string, ...documents: Row[]): Promise<void> {
  const path = join(house.folder, name)
  await writeFile(path, jsonl(...documents))
  assert.equal((await house.serai('ingest', '--file', path)).code, 0)
}

/** Serves a house as an environment; returns its address. */
async function serve(house: House, environment: string): Promise<string> {
  const server = house.start(['serve', '--port', '0'], { SERAI_ENV: environment })
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => reject(new Error('not ready in time')), READY_MS)
    let text = ''
    server.child.stdout!.on('data', (chunk) => {
      text += chunk
      const found = /ready at (http:\S+) \((\w+),/.exec(text)
      if (!found) return
      clearTimeout(timer)
      assert.equal(found[2], environment)
      resolve(found[1])
    })
  })
}

test('promotion: a plan with its differences, applied as that plan, undone there; to a home and to an address', async (t) => {
  const staging = await cliHome(t)
  const live = await cliHome(t)
  await bring(staging, 'a.jsonl', document('A', { category: 'New' }), document('B'), document('C'))
  await bring(live, 'b.jsonl', document('A', { category: 'Old' }), document('B'), document('Z'))
  const before = await catalogOf(live)
  const promote = async (args: string[], env: NodeJS.ProcessEnv = {}) =>
    staging.start(['promote', 'products', ...args], { SERAI_ENV: 'staging', ...env }).done

  const home = ['--to', live.home]
  const planned = await promote([...home, '--json'])
  const plan = JSON.parse(planned.stdout)
  assert.equal(planned.stderr, 'Environment: staging\n')
  assert.deepEqual(
    [planned.code, plan.from, plan.created, plan.updated, plan.unchanged, plan.removed, plan.applied],
    [0, 'staging', 1, 1, 1, 0, false],
  )
  assert.deepEqual(
    plan.changes.map((change: Row) => [change.key, change.verdict]),
    [
      ['C', 'new'],
      ['A', 'changed'],
    ],
  )
  assert.match((await promote(home)).stdout, /\+ C\n~ A\n {4}category: "Old" → "New"\nNothing was written/)
  const unasked = await promote([...home, '--apply'])
  assert.deepEqual([unasked.code, /Nobody can be asked here/.test(unasked.stderr)], [1, true])
  assert.deepEqual(await catalogOf(live), before)

  const applied = JSON.parse((await promote([...home, '--apply', '--yes', '--json'])).stdout)
  assert.deepEqual([applied.applied, applied.created, applied.updated], [true, 1, 1])
  const both = [...(await catalogOf(staging)), before.find((line) => line.includes('"Z"'))!]
  assert.deepEqual(await catalogOf(live), both.sort())
  assert.match((await promote([...home, '--apply', '--yes'])).stdout, /unchanged 3.*\nNothing to do/)
  assert.equal((await live.serai('undo', applied.import)).code, 0)
  assert.deepEqual(await catalogOf(live), before)

  const { token } = await live.json<{ token: string }>('token', 'create', '--role', 'manager', '--name', 'x')
  const url = await serve(live, 'production')
  const health = await fetch(`${url}/livez`)
  assert.deepEqual(
    [await health.json(), health.headers.get('x-serai-environment')],
    [{ status: 'ok', environment: 'production' }, 'production'],
  )
  const address = ['--to', url, '--mode', 'snapshot']
  const refused = await promote(address, { SERAI_PROMOTE_TOKEN: `${token}x` })
  assert.deepEqual([refused.code, /answered 401/.test(refused.stderr)], [1, true])
  assert.equal((await promote(address)).code, 2)
  const withToken = { SERAI_PROMOTE_TOKEN: token }
  const shown = await promote(address, withToken)
  assert.match(
    shown.stdout,
    /from staging to production at http:\S+\n {2}created 0, updated 2, unchanged 1, archived 1,/,
  )
  assert.match(shown.stdout, /- Z\n/)
  assert.match((await promote([...address, '--apply'], withToken)).stderr, /import .*nothing was written/)
  assert.deepEqual(await catalogOf(live), before)
  const done = JSON.parse((await promote([...address, '--apply', '--yes', '--json'], withToken)).stdout)
  assert.deepEqual([done.applied, done.removed, typeof done.change], [true, 1, 'string'])
  assert.deepEqual(await catalogOf(live), await catalogOf(staging))
  const changes = await fetch(`${url}/api/changes`, { headers: { authorization: `Bearer ${token}` } })
  const { items } = (await changes.json()) as { items: Row[] }
  assert.equal(items[0].reason, 'promotion from staging')
})
