import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { createInterface } from 'node:readline'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { accessHouse } from './house.ts'

const NOTICED_MS_MAX = 1_000
const ROUNDS = 5

test('what is granted and revoked reaches another process within a second', async (t) => {
  const house = await accessHouse(t)
  const { body } = await house.send('POST', '/api/clients', { body: { name: 'till' } })
  const { rows } = await house.pool.query('select current_database() as name')
  const url = new URL(process.env.SERAI_TEST_DATABASE!)
  url.pathname = `/${rows[0].name}`
  const watcher = spawn(process.execPath, [
    fileURLToPath(new URL('watcher.ts', import.meta.url)),
    url.toString(),
    body.id,
  ])
  t.after(() => watcher.kill())
  const lines = createInterface({ input: watcher.stdout })[Symbol.asyncIterator]()
  const next = async () => JSON.parse((await lines.next()).value as string) as { at: number; may: boolean }
  assert.equal((await next()).may, false)
  const took: number[] = []
  for (let round = 0; round < ROUNDS; round++) {
    const given = await house.give({ client: 'till', permission: 'product:read' })
    const granted = Date.now()
    const yes = await next()
    assert.equal(yes.may, true)
    await house.send('POST', `/api/grants/${given.body.id}/revoke`, { body: {} })
    const revoked = Date.now()
    const no = await next()
    assert.equal(no.may, false)
    took.push(yes.at - granted, no.at - revoked)
  }
  t.diagnostic(`noticed after ${took.join(', ')} ms`)
  assert.ok(Math.max(...took) <= NOTICED_MS_MAX, `${took} ms`)
})
