import {
  GraphQLError,
  GraphQLInputObjectType,
  GraphQLNonNull,
  GraphQLObjectType,
  GraphQLScalarType,
  GraphQLString,
  Kind,
  type ValueNode,
} from 'graphql'

const LITERAL_LEVELS_MAX = 64

/**
 * Whole numbers that JSON and JavaScript carry exactly; GraphQL's Int ends at 2^31. What a number must be besides (whole,
 * positive, …) is the engine's to say, with the field's own pointer.
 */
export const SafeInt = new GraphQLScalarType<number>({
  name: 'SafeInt',
  description: 'A whole number between −(2^53 − 1) and 2^53 − 1.',
  parseValue(value) {
    if (typeof value === 'number') return value
    throw new GraphQLError(`SafeInt cannot represent ${kindOf(value)}; send a number.`)
  },
})

/** Dates and times are text on the wire; the engine reads them, so that a wrong one is told as at every other door. */
export const DateOnly = textScalar(
  'Date',
  'A calendar date, `2026-01-31` (RFC 3339 full-date).',
  'https://scalars.graphql.org/andimarek/local-date',
)
export const DateTime = textScalar(
  'DateTime',
  'A point in time in UTC, `2026-01-31T09:30:00Z` (RFC 3339).',
  'https://www.rfc-editor.org/rfc/rfc3339',
)

/** Any JSON value, for what has no shape of its own. */
export const Json = new GraphQLScalarType<unknown>({
  name: 'JSON',
  description: 'Any JSON value (RFC 8259).',
  specifiedByURL: 'https://www.rfc-editor.org/rfc/rfc8259',
  parseValue: (value) => value,
  parseLiteral: (node, variables) => literal(node, variables ?? {}, 0),
})

/** Minor units of a currency, as JSON has them at the other doors. */
export const Money = new GraphQLObjectType({
  name: 'Money',
  description: 'An amount in minor units: 149 dirhams are `{amount: 14900, currency: "AED"}`.',
  fields: {
    amount: { type: new GraphQLNonNull(SafeInt), description: 'Minor units.' },
    currency: { type: new GraphQLNonNull(GraphQLString), description: 'ISO 4217.' },
  },
})
export const MoneyInput = new GraphQLInputObjectType({
  name: 'MoneyInput',
  description: 'An amount in minor units: 149 dirhams are `{amount: 14900, currency: "AED"}`.',
  fields: {
    amount: { type: SafeInt, description: 'Minor units.' },
    currency: { type: GraphQLString, description: 'ISO 4217.' },
  },
})

/** Half-open: `end` is the first day that is not part of it. */
export const Period = new GraphQLObjectType({
  name: 'Period',
  description: 'Days from `start` up to but not including `end`.',
  fields: { start: { type: new GraphQLNonNull(DateOnly) }, end: { type: new GraphQLNonNull(DateOnly) } },
})
export const PeriodInput = new GraphQLInputObjectType({
  name: 'PeriodInput',
  description: 'Days from `start` up to but not including `end`.',
  fields: { start: { type: DateOnly }, end: { type: DateOnly } },
})

function textScalar(name: string, description: string, specifiedByURL: string): GraphQLScalarType<string> {
  return new GraphQLScalarType<string>({
    name,
    description,
    specifiedByURL,
    parseValue(value) {
      if (typeof value === 'string') return value
      throw new GraphQLError(`${name} cannot represent ${kindOf(value)}; send text.`)
    },
  })
}

function kindOf(value: unknown): string {
  if (Array.isArray(value)) return 'a list'
  return value === null ? 'null' : `a value of type ${typeof value}`
}

/** A JSON value written in the document; `__proto__` is refused, as in bodies. */
function literal(node: ValueNode, variables: { [name: string]: unknown }, level: number): unknown {
  if (level > LITERAL_LEVELS_MAX)
    throw new GraphQLError(`A JSON value is nested deeper than ${LITERAL_LEVELS_MAX} levels.`, {
      nodes: node,
    })
  switch (node.kind) {
    case Kind.INT:
    case Kind.FLOAT:
      return Number(node.value)
    case Kind.LIST:
      return node.values.map((item) => literal(item, variables, level + 1))
    case Kind.OBJECT:
      return Object.fromEntries(
        node.fields.map(({ name, value }) => [memberName(name.value), literal(value, variables, level + 1)]),
      )
    case Kind.NULL:
      return null
    case Kind.VARIABLE:
      return variables[node.name.value]
    default:
      return node.value
  }
}

function memberName(name: string): string {
  if (name === '__proto__') throw new GraphQLError('A JSON value has a member named __proto__. Remove it.')
  return name
}
