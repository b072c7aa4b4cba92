import assert from 'node:assert/strict'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'
import { cliHome } from '../support/cli.ts'

const READY_MS = 20_000

test('serve: ready, guarded, beside the command line; PostgreSQL killed under it is a 503 and comes back; the last one out stops it', async (t) => {
  const { home, start, serai, json, project } = await cliHome(t)
  const { token } = await json<{ token: string }>('token', 'create', '--role', 'owner', '--name', 'test')
  const server = start(['serve', '--port', '0'])
  const url = await new Promise<string>((resolve, reject) => {
    const timer = setTimeout(() => reject(new Error('not ready in time')), READY_MS)
    let text = ''
    server.child.stdout!.on('data', (chunk) => {
      text += chunk
      const found = /ready at (http:\S+)/.exec(text)?.[1]
      if (!found) return
      clearTimeout(timer)
      resolve(found)
    })
  })
  // biome-ignore lint/suspicious/noExplicitAny: answers of many shapes
  const body = async (answer: Response | Promise<Response>): Promise<any> => (await answer).json()
  const get = (path: string, bearer = token) =>
    fetch(`${url}${path}`, { headers: { authorization: `Bearer ${bearer}` } })
  assert.deepEqual(
    [
      (await get('/livez')).status,
      (await get('/readyz')).status,
      (await get('/api/products')).status,
      (await get('/api/products', 'srt_wrong')).status,
    ],
    [200, 200, 200, 401],
  )

  // The command line joins the running server's database.
  assert.equal((await serai('ingest', '--file', join(project, 'samples/catalog/products.jsonl'))).code, 0)
  assert.equal((await body(get('/api/products?count=true&limit=1'))).count.value, 61)

  const pid = Number((await readFile(join(home, 'postgres', 'postmaster.pid'), 'utf8')).split('\n')[0])
  process.kill(pid, 'SIGKILL')
  const broken = await get('/api/products?limit=1')
  if (broken.status !== 200) {
    assert.equal(broken.status, 503)
    assert.equal((await body(broken)).type, '/docs/problems#database.unavailable')
  }
  const until = Date.now() + READY_MS
  while ((await get('/api/products?limit=1')).status !== 200) {
    assert.ok(Date.now() < until, 'the database came back in time')
    await new Promise((resolve) => setTimeout(resolve, 100))
  }
  assert.equal((await body(get('/api/products?count=true&limit=1'))).count.value, 61)

  server.child.kill('SIGINT')
  assert.equal((await server.done).code, 0)
  await assert.rejects(
    readFile(join(home, 'postgres', 'postmaster.pid')),
    'the last one out stopped PostgreSQL',
  )
})
