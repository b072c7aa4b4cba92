import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { reading } from '../record.ts'
import { type Money, money, toDecimal } from './money.ts'

const field = money({
  min: 0,
  file: { amount: { name: 'price_aed', aliases: [] }, currency: { name: 'currency', aliases: [] } },
})

function fromFile(price: unknown, currency: unknown): { value: Money | undefined; code: string | undefined } {
  const at = reading({ path: 'price' })
  const given = field.unspell!([price, currency], at)
  const value = given == null ? undefined : field.read(given, at)
  return { value, code: at.faults[0]?.code }
}

const cases: [unknown, unknown, Money | string][] = [
  [149, undefined, { amount: 14900, currency: 'AED' }],
  ['149.00', 'AED', { amount: 14900, currency: 'AED' }],
  [19.99, 'AED', { amount: 1999, currency: 'AED' }],
  [1.005, 'KWD', { amount: 1005, currency: 'KWD' }],
  [1.005, 'AED', 'price.precision'],
  [1.5, 'JPY', 'price.precision'],
  ['0', 'aed', { amount: 0, currency: 'AED' }],
  [-0, 'AED', { amount: 0, currency: 'AED' }],
  [-5, 'AED', 'price.min'],
  ['1e5', 'AED', 'price.type'],
  [1e21, 'AED', 'price.type'],
  [Number.NaN, 'AED', 'price.type'],
  ['90071992547409.93', 'AED', 'price.max'],
  ['.5', 'AED', { amount: 50, currency: 'AED' }],
  ['', 'AED', 'price.type'],
  [1, 'DHS', 'currency.unknown'],
]

test('decimal amounts of files become minor units exactly, or are refused', () => {
  for (const [price, currency, expected] of cases) {
    const { value, code } = fromFile(price, currency)
    assert.deepEqual(typeof expected === 'string' ? code : value, expected, `${price} ${currency}`)
  }
})

test('minor units → file → minor units is the identity, in every precision', () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 0, max: 10 ** 12 }),
      fc.constantFrom('AED', 'JPY', 'KWD', 'OMR', 'USD'),
      (amount, currency) => {
        assert.deepEqual(fromFile(toDecimal({ amount, currency }), currency).value, { amount, currency })
      },
    ),
  )
})
