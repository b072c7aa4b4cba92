import type { Field, FieldFlags, FileMember, Reading } from '../field.ts'
import { operators } from '../field.ts'
import { currencyDigits, isCurrency, similarCurrency } from './currency.ts'
import { describe, refuse } from './text.ts'

/** Minor units of a currency (ISO 4217): 149 dirhams are `{ amount: 14900, currency: 'AED' }`. */
export type Money = { amount: number; currency: string }

export type MoneyOptions = FieldFlags & {
  /** smallest amount in minor units. */
  min?: number
  /** currency of a file's amount that names none. */
  currency?: string
  /** every value has this currency: the column holds minor units and can be sorted and compared. */
  only?: string
  /** member names in a file's document: the decimal amount and the currency. */
  file?: { amount: FileMember; currency: FileMember }
}

/** How a file says money: a decimal amount beside a currency. */
type Spelled = { decimal: unknown; currency: unknown }

const DECIMAL = /^([+-]?)(\d*)(?:\.(\d*))?$/

/** An amount of money. Decimal text becomes minor units digit by digit, never through floating point. */
export function money(options: MoneyOptions = {}): Field<Money> {
  const { min, currency: usual = 'AED', only, file, ...flags } = options
  return {
    ...flags,
    kind: 'money',
    column: only ? 'bigint' : 'jsonb',
    operators: only ? operators.ordered : operators.none,
    schema: {
      type: 'object',
      required: ['amount', 'currency'],
      properties: {
        amount: {
          type: 'integer',
          ...(min === undefined ? {} : { minimum: min }),
          description: 'minor units',
        },
        currency: only ? { const: only } : { type: 'string', pattern: '^[A-Z]{3}$', description: 'ISO 4217' },
      },
      additionalProperties: false,
    },
    members: (name) =>
      file
        ? [file.amount, file.currency]
        : [
            { name, aliases: [] },
            { name: `${name}_currency`, aliases: [] },
          ],
    spell: (value) => [toDecimal(value), value.currency],
    unspell: ([amount, currency]) =>
      amount == null || typeof amount === 'object'
        ? amount
        : ({ decimal: amount, currency: currency ?? usual } satisfies Spelled),
    read(value, reading) {
      if (typeof value !== 'object' || value === null || Array.isArray(value))
        return refuse(reading, 'type', `must be an amount with a currency, got ${describe(value)}`, value)
      const currency = readCurrency((value as Spelled).currency, only, reading)
      const amount = currency === undefined ? undefined : readAmount(value, currency, reading)
      if (amount === undefined || currency === undefined) return undefined
      if (min !== undefined && amount < min)
        return refuse(
          reading,
          'min',
          `must be >= ${decimal(min, currency)}, got ${decimal(amount, currency)}`,
          raw(value),
        )
      return { amount, currency }
    },
    ...(only
      ? {
          toColumn: (value: Money) => value.amount,
          fromColumn: (value: unknown) => ({ amount: Number(value), currency: only }),
        }
      : {}),
  }
}

/** Money as an exact decimal number: 14900 AED → 149, 1500 KWD → 1.5. */
export function toDecimal({ amount, currency }: Money): number {
  return Number(decimal(amount, currency))
}

function readCurrency(value: unknown, only: string | undefined, reading: Reading): string | undefined {
  const at = { ...reading, path: `${reading.path}.currency` }
  if (typeof value !== 'string')
    return refuse(at, 'type', `must be a currency code like AED, got ${describe(value)}`, value)
  const code = value.trim().toUpperCase()
  if (!isCurrency(code))
    return refuse(
      at,
      'unknown',
      `is not a currency of ISO 4217: ${describe(value)}`,
      value,
      similarCurrency(code),
    )
  return only && code !== only ? refuse(at, 'only', `must be ${only}, got ${code}`, value) : code
}

function readAmount(value: object, currency: string, reading: Reading): number | undefined {
  if ('decimal' in value) return fromDecimal(value.decimal, currency, reading)
  const { amount } = value as Partial<Money>
  const strange = Object.keys(value).find((key) => key !== 'amount' && key !== 'currency')
  if (strange) return refuse(reading, 'unknown', `has only amount and currency, not ${strange}`)
  return Number.isSafeInteger(amount)
    ? (amount as number)
    : refuse(reading, 'type', `needs an amount in whole minor units, got ${describe(amount)}`, amount)
}

function fromDecimal(given: unknown, currency: string, reading: Reading): number | undefined {
  const match =
    typeof given === 'number' || typeof given === 'string' ? DECIMAL.exec(String(given).trim()) : null
  if (!match || !(match[2] || match[3]))
    return refuse(reading, 'type', `must be a number, got ${describe(given)}`, given)
  const [, sign, whole, fraction = ''] = match
  const digits = currencyDigits(currency)
  const exact = fraction.replace(/0+$/, '')
  if (exact.length > digits)
    return refuse(
      reading,
      'precision',
      `has ${exact.length} decimals; ${currency} has ${digits}. Amounts are never rounded`,
      given,
    )
  const amount = Number(`${whole}${exact.padEnd(digits, '0')}`)
  if (!Number.isSafeInteger(amount)) return refuse(reading, 'max', `is too large: ${given}`, given)
  return sign === '-' && amount !== 0 ? -amount : amount
}

/** Minor units as decimal text without needless zeros: 14900 AED → `149`. */
function decimal(amount: number, currency: string): string {
  const digits = currencyDigits(currency)
  const padded = String(Math.abs(amount)).padStart(digits + 1, '0')
  const whole = padded.slice(0, padded.length - digits)
  const fraction = padded.slice(padded.length - digits).replace(/0+$/, '')
  return `${amount < 0 ? '-' : ''}${whole}${fraction ? `.${fraction}` : ''}`
}

function raw(value: object): unknown {
  return 'decimal' in value ? value.decimal : (value as Money).amount
}
