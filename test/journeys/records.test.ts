import assert from 'node:assert/strict'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'
import type { Row } from '../../src/kernel/field.ts'
import { cliHome } from '../support/cli.ts'

type Done = { change: string | null; dry_run: boolean; replayed: boolean; items: Row[]; warnings: Row[] }
type Page = { items: Row[]; next: string | null; facets?: Row; count?: Row }

const product = (product_id: string, more: Row = {}): Row => ({
  product_id,
  product_name: `Tour ${product_id}`,
  pricing: [{ tier_name: 'Adult', price: { amount: 14_900, currency: 'AED' } }],
  inclusions: ['Guide'],
  ...more,
})

test('every resource and every action from the shell: list, get, do', async (t) => {
  const { json, serai, folder } = await cliHome(t)
  const act = (...args: string[]) => json<Done>('do', ...args)
  const input = join(folder, 'input.json')
  await writeFile(input, JSON.stringify([product('A', { category: 'Family' }), product('B')]))

  const rehearsed = await act('product', 'create', '--input', `@${input}`, '--dry-run')
  assert.deepEqual([rehearsed.change, rehearsed.dry_run, rehearsed.items.length], [null, true, 2])
  const made = await act('products', 'create', '--input', `@${input}`, '--reason', 'first', '--key', 'k1')
  assert.deepEqual(
    [typeof made.change, made.items.map(({ product_id }) => product_id)],
    ['string', ['A', 'B']],
  )
  const again = await act('products', 'create', '--input', `@${input}`, '--reason', 'first', '--key', 'k1')
  assert.deepEqual([again.change, again.replayed], [made.change, true])

  const page = await json<Page>(
    'list',
    'products',
    '--sort',
    '-product_id',
    '--fields',
    'product_id',
    '--facets',
    'category',
    '--count',
    '--limit',
    '1',
  )
  assert.deepEqual(page.items, [{ product_id: 'B' }])
  assert.deepEqual([typeof page.next, page.count], ['string', { value: 2, capped: false }])
  const next = await json<Page>(
    'list',
    'products',
    '--sort',
    '-product_id',
    '--fields',
    'product_id',
    '--limit',
    '1',
    '--cursor',
    page.next!,
  )
  assert.deepEqual(next, { items: [{ product_id: 'A' }], next: null })
  assert.equal((await json<Page>('list', 'product', '--filter', 'category == "Family"')).items.length, 1)

  const changed = await act(
    'product',
    'update',
    'A',
    '--set',
    'category=Luxury',
    '--set',
    'inclusions=["Tea","Guide"]',
    '--set',
    'duration_hours=1.5',
    '--if-version',
    '1',
  )
  assert.deepEqual([changed.items[0].category, changed.items[0].version], ['Luxury', 2])
  const shown = await json<Row>('get', 'product', 'A', '--fields', 'category,inclusions,duration_hours')
  assert.deepEqual(shown, { category: 'Luxury', inclusions: ['Tea', 'Guide'], duration_hours: 1.5 })
  assert.match((await serai('get', 'product', 'A')).stdout, /^product_id +A$/m)

  const rule = [
    'name=needs_category',
    'resource=product',
    'expression=category != null',
    'severity=warning',
    'message={{product_name}} has no category',
  ]
  await act('validation_rule', 'create', ...rule.flatMap((each) => ['--set', each]))
  const warned = await act('product', 'update', 'A', '--set', 'category=')
  assert.deepEqual(
    warned.warnings.map(({ code }) => code),
    ['rule.needs_category'],
  )
  await act('product', 'archive', 'A', 'B', '--reason', 'season over')
  assert.match((await serai('list', 'products')).stdout, /no products fit/)
  assert.equal((await json<Page>('list', 'products', '--archived', 'only')).items.length, 2)
  assert.equal((await serai('undo', (await act('product', 'restore', 'A')).change!)).code, 0)

  for (const [args, code, text] of [
    [['do', 'product', 'update', 'A', '--set', 'category'], 2, /write field=value/],
    [['do', 'product', 'create', '--input', '{'], 2, /--input is no JSON/],
    [['do', 'product', 'fly', 'A'], 1, /no action "fly"; there are create, update/],
    [['do', 'product', 'update', 'B', '--set', 'categorie=x'], 1, /did you mean category\?/],
    [['do', 'product', 'restore', 'B', '--if-version', '1'], 1, /is at version \d, you have seen 1/],
    [['list', 'prodcts'], 1, /did you mean products\?/],
    [['list', 'products', '--filter', 'price_form < 3'], 1, /did you mean price_from\?\n/],
    [['get', 'product', 'Z'], 1, /no product "Z"/i],
  ] as const) {
    const ran = await serai(...args)
    assert.equal(ran.code, code, args.join(' '))
    assert.match(ran.stdout + ran.stderr, text, args.join(' '))
  }
})
