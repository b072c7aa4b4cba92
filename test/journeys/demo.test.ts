import assert from 'node:assert/strict'
import { access } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'
import { cliHome } from '../support/cli.ts'

type Source = { name: string; location: string; last_outcome: string | null }
type Report = { outcome: string; files: { file: string; counts: { updated: number; unchanged: number } }[] }

test('the demo has a source with a price list that waits; a second start makes neither again', async (t) => {
  const { home, start, json } = await cliHome(t)
  async function demo(): Promise<{ text: string; stop(): Promise<void> }> {
    const server = start(['demo', '--port', '0', '--no-work'])
    const text = await new Promise<string>((resolve, reject) => {
      let said = ''
      server.child.stdout!.on('data', (chunk) => {
        said += chunk
        if (said.includes('Ctrl-C')) resolve(said)
      })
      void server.done.then(({ stderr }) => reject(new Error(stderr)))
    })
    return {
      text,
      async stop() {
        server.child.kill('SIGINT')
        assert.equal((await server.done).code, 0)
      },
    }
  }
  const first = await demo()
  assert.match(first.text, /61 new, 0 as before.*the import source supplier-prices; a price list waits/s)
  const waiting = join(home, 'inbox/supplier-prices/price-list.csv')
  const check = await json<Report>('sources', 'check', 'supplier-prices')
  assert.deepEqual(
    [check.outcome, check.files[0].counts.updated, check.files[0].counts.unchanged],
    ['planned', 3, 2],
  )
  await access(waiting)
  const run = await json<Report>('sources', 'run', 'supplier-prices')
  assert.deepEqual([run.outcome, run.files[0].counts.updated], ['applied', 3])
  await assert.rejects(access(waiting))
  await first.stop()

  const second = await demo()
  assert.match(second.text, /the import source supplier-prices, as before/)
  const sources = await json<Source[]>('sources')
  assert.deepEqual(
    sources.map(({ name, last_outcome }) => [name, last_outcome]),
    [['supplier-prices', 'applied']],
  )
  await assert.rejects(access(waiting), 'what was taken in does not come again')
  await second.stop()
})
