import fc from 'fast-check'

// biome-ignore lint/suspicious/noExplicitAny: a JSON Schema may be anything
export type Schema = any
export type Pool = {
  texts: readonly string[]
  /** ids and keys that a member `ids` may hold. */
  ids?: readonly string[]
  resolve($ref: string): Schema
}

const DEPTH_MAX = 4
const ITEMS_MAX = 3
const TEXT_MAX = 40

/** What programs send by mistake, and people on purpose. */
export const hostile: fc.Arbitrary<unknown> = fc.oneof(
  fc.constantFrom<unknown>(
    null,
    '',
    ' ',
    0,
    -1,
    1e308,
    0.1,
    2 ** 53,
    true,
    [],
    {},
    [[]],
    '\u0000',
    '\ud800',
    'ﬀ🎡',
    '9'.repeat(40),
    'x'.repeat(5_000),
    "'; drop table toy; --",
    '../../etc/passwd',
    '%00',
    '9999-99-99',
    '2026-02-30T00:00:00Z',
    '+275760-09-13T00:00:00.001Z',
    '0001-01-01T00:00:00Z',
    'null',
    '[',
    '{"a":1}',
    'a~b',
    '__proto__',
    { __proto__: 1, constructor: 2 },
  ),
  fc.string({ unit: 'binary', maxLength: 20 }),
  fc.jsonValue({ maxDepth: 3 }),
)

/** Values that a schema allows. */
export function valid(schema: Schema, pool: Pool, depth = 0): fc.Arbitrary<unknown> {
  if (schema.$ref) return valid(pool.resolve(schema.$ref), pool, depth)
  if (schema.const !== undefined) return fc.constant(schema.const)
  if (schema.enum) return fc.constantFrom(...schema.enum)
  const choices = schema.anyOf ?? schema.oneOf
  if (choices) return fc.oneof(...choices.map((each: Schema) => valid(each, pool, depth)))
  const types = [schema.type ?? 'string'].flat() as string[]
  return fc.oneof(...types.map((type) => ofType(type, schema, pool, depth)))
}

function ofType(type: string, schema: Schema, pool: Pool, depth: number): fc.Arbitrary<unknown> {
  switch (type) {
    case 'null':
      return fc.constant(null)
    case 'boolean':
      return fc.boolean()
    case 'integer':
      return fc.integer(bounds(schema))
    case 'number':
      return fc.integer(bounds(schema)).map((value) => value + (schema.maximum === value ? 0 : 0.5))
    case 'array':
      return fc.array(valid(schema.items ?? {}, pool, depth + 1), {
        minLength: schema.minItems ?? 0,
        maxLength: Math.max(schema.minItems ?? 0, depth > DEPTH_MAX ? 0 : ITEMS_MAX),
      })
    case 'object':
      return object(schema, pool, depth)
    default:
      return text(schema, pool)
  }
}

function bounds({ minimum = 0, exclusiveMinimum, maximum = 1_000 }: Schema): { min: number; max: number } {
  return { min: Math.ceil(exclusiveMinimum ?? minimum), max: Math.min(maximum, 100_000) }
}

function object(
  { properties = {}, required = [], additionalProperties }: Schema,
  pool: Pool,
  depth: number,
): fc.Arbitrary<unknown> {
  const names = Object.keys(properties)
  if (names.length === 0 && additionalProperties !== false)
    return fc.dictionary(fc.constantFrom('a', 'b', 'category'), fc.jsonValue({ maxDepth: 1 }), { maxKeys: 2 })
  const shown = names.filter((name) => depth <= DEPTH_MAX || required.includes(name))
  return fc.record(
    Object.fromEntries(shown.map((name) => [name, member(name, properties[name], pool, depth + 1)])),
    {
      requiredKeys: required,
    },
  )
}

function member(name: string, schema: Schema, pool: Pool, depth: number): fc.Arbitrary<unknown> {
  return name === 'ids' && pool.ids?.length
    ? fc.uniqueArray(fc.constantFrom(...pool.ids), { minLength: 1, maxLength: 2 })
    : valid(schema, pool, depth)
}

function text(
  { format, pattern, minLength = 0, maxLength = TEXT_MAX }: Schema,
  pool: Pool,
): fc.Arbitrary<string> {
  if (format === 'uuid') return fc.oneof(fc.constantFrom(...pool.texts), fc.uuid())
  if (format === 'date-time') return times
  if (format === 'date') return times.map((time) => time.slice(0, 10))
  if (pattern) return fc.stringMatching(new RegExp(pattern))
  const most = Math.max(minLength, Math.min(maxLength, TEXT_MAX))
  return fc.oneof(
    fc.constantFrom(...pool.texts).map((known) => known.slice(0, most).padEnd(minLength, 'x')),
    fc.string({ minLength, maxLength: most }),
  )
}

const times = fc
  .date({ min: new Date('2026-01-01'), max: new Date('2027-01-01'), noInvalidDate: true })
  .map((date) => date.toISOString())

/** Nearly valid: one thing is wrong, somewhere. */
export function nearly(schema: Schema, pool: Pool): fc.Arbitrary<unknown> {
  return fc
    .tuple(valid(schema, pool), fc.nat(), fc.nat(4), hostile)
    .map(([value, at, way, bad]) => spoilt(structuredClone(value), at, way, bad))
}

function spoilt(value: unknown, at: number, way: number, bad: unknown): unknown {
  if (typeof value !== 'object' || value === null) return bad
  const holder = value as Record<string, unknown>
  const names = Object.keys(holder)
  if (way === 0 || names.length === 0)
    return Array.isArray(value) ? [...value, bad] : { ...holder, [`x${at % 3}`]: bad }
  const name = names[at % names.length]
  if (way === 1) delete holder[name]
  else if (way === 2) holder[name] = bad
  else holder[name] = spoilt(holder[name], Math.floor(at / names.length), way, bad)
  return value
}
