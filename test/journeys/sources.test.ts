import assert from 'node:assert/strict'
import { mkdir, readdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { cliHome } from '../support/cli.ts'
import { document, jsonl } from '../support/imports.ts'

const WAIT_MS = 30_000

test('a folder source: saved over HTTP, checked and run by hand, then by the worker of serve; its failure is told', async (t) => {
  const { home, start, serai, json } = await cliHome(t)
  const { token } = await json<{ token: string }>('token', 'create', '--role', 'manager', '--name', 'x')
  const inbox = join(home, 'inbox')
  await mkdir(inbox)
  const server = start(['serve', '--port', '0'], { LOG_LEVEL: 'error' })
  let log = ''
  server.child.stderr!.on('data', (chunk) => {
    log += chunk
  })
  const url = await new Promise<string>((resolve) => {
    server.child.stdout!.on('data', (chunk) => {
      const found = /ready at (http:\S+)/.exec(String(chunk))?.[1]
      if (found) resolve(found)
    })
  })
  const call = async (method: string, path: string, body?: object) => {
    const headers = {
      authorization: `Bearer ${token}`,
      ...(body ? { 'content-type': 'application/json' } : {}),
    }
    const answer = await fetch(`${url}${path}`, {
      method,
      headers,
      ...(body ? { body: JSON.stringify(body) } : {}),
    })
    // biome-ignore lint/suspicious/noExplicitAny: answers of many shapes
    return { status: answer.status, body: (await answer.json()) as any }
  }
  const source = {
    name: 'drop',
    resource: 'product',
    kind: 'folder',
    location: inbox,
    every_minutes: 1,
    jitter_seconds: 0,
  }
  assert.equal((await call('POST', '/api/import_sources', source)).status, 201)
  assert.equal((await call('POST', '/api/import_sources/drop/disable')).status, 200)

  await writeFile(join(inbox, 'one.jsonl'), jsonl(document('A'), document('B')))
  assert.match((await serai('sources', 'check', 'drop')).stdout, /one\.jsonl planned: created 2/)
  assert.deepEqual(await readdir(inbox), ['one.jsonl'])
  assert.match((await serai('sources', 'run', 'drop')).stdout, /one\.jsonl applied: created 2/)
  assert.match((await serai('sources', 'run', 'drop')).stdout, /Source drop: unchanged\n {2}nothing new/)
  assert.match((await serai('sources')).stdout, /drop +folder +disabled +\d{4}-\S+ +unchanged/)
  assert.deepEqual(
    [(await serai('sources', 'run', 'nothing')).code, (await serai('sources', 'burn')).code],
    [1, 2],
  )

  await writeFile(join(inbox, 'bad.jsonl'), '{"product_id": "C"}\n')
  assert.equal((await call('POST', '/api/import_sources/drop/run')).status, 200)
  for (const until = Date.now() + WAIT_MS; (await readdir(inbox)).includes('bad.jsonl'); await sleep(500))
    assert.ok(Date.now() < until, 'the worker ran the source in time')
  await sleep(1_000)
  const { body } = await call('GET', '/api/import_sources/drop')
  assert.deepEqual([body.last_outcome, body.failures, typeof body.failing_since], ['refused', 1, 'string'])
  assert.match(log, /import source fails/)
  const metrics = await fetch(`${url}/metrics`, { headers: { authorization: `Bearer ${token}` } })
  assert.match(await metrics.text(), /serai_failing_sources 1\n/)
  assert.match((await serai('doctor')).stdout, /✖ +sources +failing: drop/)
  server.child.kill('SIGINT')
  assert.equal((await server.done).code, 0)
})
