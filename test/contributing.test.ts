import assert from 'node:assert/strict'
import { mkdir, readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'
import { pathToFileURL } from 'node:url'
import { history } from '../src/engine/history.ts'
import { perform } from '../src/engine/perform.ts'
import { undo } from '../src/engine/undo.ts'
import type { Resource } from '../src/kernel/resource.ts'
import { findDrift } from '../src/store/drift.ts'
import { owner, testEngine } from './support/database.ts'

/** The fenced block of CONTRIBUTING.md with this label. */
async function example(label: string): Promise<string> {
  const text = await readFile('CONTRIBUTING.md', 'utf8')
  const block = new RegExp(`\`\`\`${label}\n([\\s\\S]*?)\`\`\``).exec(text)
  assert.ok(block, `CONTRIBUTING.md has a block "${label}"`)
  return block[1]
}

test('the examples of CONTRIBUTING.md work as they are written', async (t) => {
  // Beside the areas, so that their imports mean what they say.
  const folder = join('src', 'areas', `example_${process.pid}`)
  await mkdir(folder)
  t.after(() => rm(folder, { recursive: true, force: true }))
  await writeFile(join(folder, 'approve.ts'), await example('ts action'))
  await writeFile(join(folder, 'supplier.ts'), await example('ts resource'))
  const { supplier } = (await import(pathToFileURL(join(folder, 'supplier.ts')).href)) as {
    supplier: Resource
  }
  const { engine, pool } = await testEngine(t, [supplier])
  const [up, down] = (await example('sql migration')).split('-- Down Migration')
  await pool.query(up)
  assert.deepEqual(await findDrift(pool, [supplier]), [])
  const act = (action: string, input: unknown, targets: string[] = []) =>
    perform(engine, { actor: owner, resource: 'supplier', action, input, targets })
  await act('create', { code: 'old-town', name: 'Old Town Heritage Guides' })
  await assert.rejects(
    act('create', { code: 'old-town', name: 'Another' }),
    /A supplier with this code exists already/,
  )
  const approved = await act('approve', {}, ['old-town'])
  assert.ok(approved.records[0].approved_at)
  await undo(engine, { actor: owner, change: approved.change! })
  const { items } = await history(engine, owner, 'supplier', 'old-town', { limit: 10 })
  assert.deepEqual(
    items.map((event) => event.action),
    ['undo', 'approve', 'create'],
  )
  await pool.query(down)
})
