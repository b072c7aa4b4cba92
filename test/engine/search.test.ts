import assert from 'node:assert/strict'
import { test } from 'node:test'
import { openDoor } from '../../src/doors/http/testing.ts'
import { refreshVocabulary } from '../../src/store/vocabulary.ts'

const product = (product_id: string, product_name: string, more = {}) => ({
  product_id,
  product_name,
  pricing: [{ tier_name: 'Adult', price: { amount: 14_900, currency: 'AED' } }],
  inclusions: ['Guide'],
  ...more,
})
const PRODUCTS = [
  product('desert', 'Evening Desert Safari', { description_long: 'A falconer shows his bird.' }),
  product('museum', 'Musée du Louvre', { category: 'Cultural' }),
  product('souk', 'سوق الذهب', { destination_city: 'Dubai' }),
]

/** What is asked, and what is found before there is a vocabulary and with one. */
const questions: [q: string, before: string[], after: string[]][] = [
  ['desert safari', ['desert'], ['desert']],
  ['des saf', ['desert'], ['desert']],
  ['desrt safari', ['desert'], ['desert']],
  ['safari dessert', ['desert'], ['desert']],
  ['musee', ['museum'], ['museum']],
  ['luvre', ['museum'], ['museum']],
  ['الذهبب', ['souk'], ['souk']],
  // Names alone can be resembled before the vocabulary is made; then every word can.
  ['falconr', [], ['desert']],
  ['cultral', [], ['museum']],
  ['desert museum', [], []],
  ['zzxxyy', [], []],
  ["desrt:* | & !'", ['desert'], ['desert']],
  ['desrt %_\\', ['desert'], ['desert']],
]

test('words with slips of the pen find what was meant, before and after the vocabulary is made', async (t) => {
  const { send, pool, engine } = await openDoor(t)
  for (const body of PRODUCTS) assert.equal((await send('POST', '/api/products', { body })).status, 201)
  const found = async (q: string) =>
    (await send('GET', `/api/products?q=${encodeURIComponent(q)}`)).body.items.map(
      (item: { product_id: string }) => item.product_id,
    )
  for (const [q, before] of questions) assert.deepEqual(await found(q), before, `${q}, by names`)
  await refreshVocabulary(pool, engine.resources.get('product')!)
  for (const [q, , after] of questions) assert.deepEqual(await found(q), after, `${q}, by the vocabulary`)

  const body = product('balloon', 'Ballooning')
  assert.equal((await send('POST', '/api/products', { body })).status, 201)
  assert.deepEqual(await found('balloo'), ['balloon'], 'a word that is newer than the vocabulary')
  await refreshVocabulary(pool, engine.resources.get('product')!)
  assert.deepEqual(await found('baloning'), ['balloon'])
})
