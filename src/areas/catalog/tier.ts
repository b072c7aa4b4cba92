import { type Fault, fault } from '../../kernel/fault.ts'
import type { Fields, Row } from '../../kernel/field.ts'
import { f } from '../../kernel/fields/index.ts'
import type { Money } from '../../kernel/fields/money.ts'

/** A price of a product: for whom or what it is (`Adult - Peak Day`), how much, and when it holds (both days included). */
export const tierFields: Fields = {
  tier_name: f.text({ min: 1, max: 200, aliases: ['tier', 'rate', 'الشريحة'] }),
  price: f.money({
    min: 0,
    currency: 'AED',
    // Files say `price_aed` whatever the currency: the name is older than the second currency.
    file: {
      amount: { name: 'price_aed', aliases: ['price', 'price (aed)', 'amount', 'السعر'], column: 'price' },
      currency: { name: 'currency', aliases: ['العملة'] },
    },
  }),
  validity_start: f.date({ optional: true, aliases: ['valid_from'] }),
  validity_end: f.date({ optional: true, aliases: ['valid_to', 'valid_until'] }),
}

export type Tier = {
  tier_name: string
  price: Money
  validity_start: string | null
  validity_end: string | null
}

/** `price_from` as the database computes it: the lowest price in dirhams that holds on the day. */
export function lowestPrice(product: Row, today: string): Money | null {
  const amounts = (product.pricing as Tier[])
    .filter(
      ({ price, validity_start, validity_end }) =>
        price.currency === 'AED' && (validity_start ?? today) <= today && (validity_end ?? today) >= today,
    )
    .map(({ price }) => price.amount)
  return amounts.length ? { amount: Math.min(...amounts), currency: 'AED' } : null
}

/** An active product needs a price. */
export function pricedWhenActive(product: Row): Fault[] {
  const tiers = product.pricing as Tier[]
  return product.active && tiers.length === 0
    ? [
        fault(
          'pricing',
          'pricing.required_when_active',
          'needs at least one tier while the product is active',
        ),
      ]
    : []
}

/** No tier ends before it starts. */
export function validityInOrder(product: Row): Fault[] {
  return (product.pricing as Tier[]).flatMap(({ validity_start, validity_end }, index) =>
    validity_start && validity_end && validity_end < validity_start
      ? [
          fault(
            `pricing[${index}].validity_end`,
            'validity_end.order',
            `must be on or after validity_start (${validity_start}), got ${validity_end}`,
            validity_end,
          ),
        ]
      : [],
  )
}
