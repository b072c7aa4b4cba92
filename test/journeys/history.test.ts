import assert from 'node:assert/strict'
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'
import { generateProducts } from '../../bench/products.ts'
import { cliHome } from '../support/cli.ts'

type Outcome = { restored: number; kept: { key: string; field: string }[]; change: string | null }
type Diff = { counts: Record<string, number>; differences: { key: string; after: object }[] }
type Change = { id: string; action: string; time: string; undone_by: string[] }

test('the way back from the shell: history, diff, export as it stood, undo and redo of an import, byte for byte', async (t) => {
  const { json, folder, serai } = await cliHome(t)
  const products = [...generateProducts(50)]
  const write = async (name: string, rows: object[]) => {
    const path = join(folder, `${name}.jsonl`)
    await writeFile(path, rows.map((each) => JSON.stringify(each)).join('\n'))
    return path
  }
  const exported = async (name: string, ...options: string[]) => {
    const path = join(folder, name)
    assert.equal((await serai('export', 'products', '--out', path, ...options)).code, 0)
    return readFile(path, 'utf8')
  }
  await json('ingest', '--file', await write('base', products))
  const base = await exported('base.out')
  const [first] = await json<Change[]>('history')
  const changed = products.map((each, index) => (index < 30 ? { ...each, category: 'Changed' } : each))
  const { import: id } = await json<{ import: string }>('ingest', '--file', await write('changed', changed))
  const after = await exported('after.out')
  assert.notEqual(after, base)

  assert.equal(await exported('then.out', '--as-of', first.time), base, 'an export as it stood')
  const stats = await json<{ by_category: { name: string }[] }>('stats', '--as-of', first.time)
  assert.ok(stats.by_category.every(({ name }) => name !== 'Changed'))
  const differing = await json<Diff>('diff', '--as-of', first.time)
  assert.deepEqual(differing.counts, { changed: 30 })
  assert.deepEqual(differing.differences[0].after, { category: 'Changed' })
  assert.match(
    (await serai('diff', '--as-of', first.time)).stdout,
    /30 products differ: 30 changed[\s\S]+category: ".+" → "Changed"/,
  )
  assert.match(
    (await serai('history', products[0].product_id)).stdout,
    /version 2 {2}ingest by cli:[\s\S]+→ "Changed"/,
  )

  const undone = await json<Outcome>('undo', id)
  assert.deepEqual([undone.restored, undone.kept], [30, []])
  assert.equal(await exported('undone.out'), base, 'after the undo')
  assert.match((await serai('diff', '--as-of', first.time)).stdout, /No products differ/)
  const redone = await json<Outcome>('redo', id)
  assert.deepEqual([redone.restored, redone.kept], [30, []])
  assert.equal(await exported('redone.out'), after, 'after the redo')
  assert.equal((await json<{ state: string }>('imports', id)).state, 'applied')
  const twice = await serai('redo', id)
  assert.deepEqual(
    [twice.code, /only an import whose undo changed something can be redone/.test(twice.stderr)],
    [1, true],
  )
  const bad = await serai('diff', '--as-of', 'yesterday')
  assert.deepEqual([bad.code, /--as-of must be a time like/.test(bad.stderr)], [1, true])
})
