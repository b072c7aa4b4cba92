import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { checkMapping, fingerprint, suggestMapping } from './mapping.ts'
import { PRODUCT } from './testing.ts'
import type { Mapping } from './types.ts'

const RECOGNISED: [header: string, column: string][] = [
  ['product_id', 'product_id'],
  ['Product ID', 'product_id'],
  ['PRODUCT-ID', 'product_id'],
  [' product\u00a0Id ', 'product_id'],
  ['\u200fproduct_id', 'product_id'],
  ['ｐｒｏｄｕｃｔ＿ｉｄ', 'product_id'],
  ['Code', 'product_id'],
  ['Tour name', 'product_name'],
  ['Duration (h)', 'duration_hours'],
  ['Valid from', 'validity_start'],
  ['price_aed', 'price'],
  ['رَمز المُنتج', 'product_id'],
  ['السعـــر', 'price'],
  ['اسم الجولة', 'product_name'],
]

for (const [header, column] of RECOGNISED)
  test(`the header "${header}" is ${column}`, () => {
    const { mapping, unknown } = suggestMapping([header], PRODUCT)
    assert.deepEqual(mapping.columns, { [header]: column })
    assert.deepEqual(unknown, [])
  })

const UNKNOWN: [header: string[], unknown: string, columns: Mapping['columns']][] = [
  [['prodct_id'], 'is not a known field; did you mean product_id? (kept as it is)', {}],
  [['product_nmae'], 'is not a known field; did you mean product_name? (kept as it is)', {}],
  [['validform'], 'is not a known field; did you mean validity_start? (kept as it is)', {}],
  [['meeting_point'], 'is not a known field (kept as it is)', {}],
  [['column 7'], 'is not a known field (kept as it is)', {}],
  [['السغر'], 'is not a known field; did you mean price? (kept as it is)', {}],
  [
    ['price', 'Price AED'],
    'is left out: price comes from the column "price"',
    { price: 'price', 'Price AED': null },
  ],
  [
    ['Price AED', 'price'],
    'is left out: price comes from the column "price"',
    { price: 'price', 'Price AED': null },
  ],
  [['tier', 'pricing'], 'is left out: pricing is read from tier_name', { tier: 'tier_name', pricing: null }],
  [['pricing'], 'is not a known field (kept as it is)', {}],
]

for (const [header, reason, columns] of UNKNOWN)
  test(`the headers ${header.join(' and ')}: one is not mapped`, () => {
    const { mapping, unknown } = suggestMapping(header, PRODUCT)
    assert.deepEqual(mapping.columns, columns)
    assert.deepEqual(
      unknown.map((each) => each.reason),
      [reason],
    )
  })

test('an alias of two columns maps to neither', () => {
  const columns = PRODUCT.map((column) =>
    column.name === 'tier_name' ? { ...column, aliases: ['name'] } : column,
  )
  const { mapping, unknown } = suggestMapping(['Name'], columns)
  assert.deepEqual(mapping.columns, {})
  assert.deepEqual(unknown, [{ header: 'Name', reason: 'could mean product_name or tier_name; say which' }])
})

test('a name counts before an alias of another column', () => {
  const columns = PRODUCT.map((column) =>
    column.name === 'tier_name' ? { ...column, aliases: ['currency'] } : column,
  )
  assert.deepEqual(suggestMapping(['currency'], columns).mapping.columns, { currency: 'currency' })
})

test('what is given decides, the rest is completed', () => {
  const given: Mapping = {
    columns: { Bezeichnung: 'product_name', Notes: null },
    constants: { currency: 'AED' },
    transforms: { product_name: [{ kind: 'trim' }] },
  }
  const header = ['ID', 'bezeichnung ', 'name', 'notes', 'Currency', 'foo']
  const { mapping, unknown, missing } = suggestMapping(header, PRODUCT, given)
  assert.deepEqual(mapping, {
    ...given,
    columns: { ID: 'product_id', 'bezeichnung ': 'product_name', name: null, notes: null, Currency: null },
  })
  assert.deepEqual(
    unknown.map((each) => `${each.header} ${each.reason}`),
    [
      'name is left out: product_name comes from the column "bezeichnung "',
      'Currency is left out: currency comes from a constant',
      'foo is not a known field (kept as it is)',
    ],
  )
  assert.deepEqual(missing, ['inclusions'])
})

test('missing are required columns; those of a list only when the file has any of them', () => {
  const missing = (header: string[]) => suggestMapping(header, PRODUCT).missing
  assert.deepEqual(missing(['id']), ['product_name', 'inclusions'])
  assert.deepEqual(missing(['id', 'name', 'inclusions', 'currency']), ['tier_name', 'price'])
  assert.deepEqual(missing(['id', 'name', 'inclusions', 'tier', 'price']), [])
})

test('the reasons of a rejects file are never data', () => {
  assert.deepEqual(suggestMapping(['id', '_errors'], PRODUCT).mapping.columns, {
    _errors: null,
    id: 'product_id',
  })
})

test('a header may be called like a part of every object', () => {
  const { mapping, unknown } = suggestMapping(['__proto__', 'constructor', 'toString'], PRODUCT)
  assert.deepEqual(Object.keys(mapping.columns), [])
  assert.equal(unknown.length, 3)
})

const HEADERS = fc.array(
  fc.oneof(
    fc.constantFrom(
      ...PRODUCT.flatMap(({ name, aliases }) => [name, ...aliases]),
      'pricing',
      '_errors',
      'Price (AED)',
    ),
    fc.string({ unit: 'grapheme' }),
  ),
  { maxLength: 20 },
)

test('a suggestion that is given again suggests itself', () => {
  fc.assert(
    fc.property(HEADERS, (header) => {
      const first = suggestMapping(header, PRODUCT)
      assert.deepEqual(suggestMapping(header, PRODUCT, first.mapping).mapping, first.mapping)
    }),
  )
})

test('a suggestion has no column twice and can be used when it has the key', () => {
  fc.assert(
    fc.property(HEADERS, (some) => {
      const header = [...new Set(['product_id', ...some])]
      const { mapping } = suggestMapping(header, PRODUCT)
      assert.deepEqual(checkMapping(mapping, header, PRODUCT), [])
    }),
  )
})

const HEADER = ['id', 'name', 'inclusions', 'price', 'Foo']
const WRONG: [mapping: Mapping, found: string[]][] = [
  [{ columns: { id: 'product_id' } }, []],
  [{ columns: { ID: 'product_id' } }, []],
  [{ columns: {}, constants: { product_id: 'X' } }, []],
  [{ columns: { name: 'product_name' } }, ['mapping.key product_id no column of the file gives product_id']],
  [
    { columns: { id: 'product_id', Fo: 'description' } },
    ['mapping.header  the mapping names the column "Fo"'],
  ],
  [{ columns: { id: 'product_id', Fo: null } }, []],
  [
    { columns: { id: 'product_id', Foo: 'descripton' } },
    [
      'mapping.column descripton the mapping names the field descripton, which does not exist; did you mean description?',
    ],
  ],
  [{ columns: { id: 'product_id' }, constants: { colour: 'red' } }, ['mapping.column colour']],
  [{ columns: { id: 'product_id' }, transforms: { colour: [] } }, ['mapping.column colour']],
  [
    { columns: { id: 'product_id', name: 'product_name', Foo: 'product_name' } },
    [
      'mapping.twice product_name product_name has more than one source: the column "name" and the column "Foo"',
    ],
  ],
  [
    { columns: { id: 'product_id', name: 'product_name' }, constants: { product_name: 'X' } },
    ['mapping.twice product_name product_name has more than one source: a constant and the column "name"'],
  ],
  [
    { columns: { id: 'product_id' }, transforms: { product_name: [{ kind: 'split', separator: ',' }] } },
    ['mapping.split product_name product_name is no list'],
  ],
  [
    { columns: { id: 'product_id' }, transforms: { inclusions: [{ kind: 'split', separator: '' }] } },
    ['mapping.split inclusions the separator'],
  ],
]

for (const [mapping, expected] of WRONG)
  test(`checkMapping of ${JSON.stringify(mapping)}`, () => {
    const found = checkMapping(mapping, HEADER, PRODUCT).map(
      ({ code, path, detail }) => `${code} ${path} ${detail}`,
    )
    assert.equal(found.length, expected.length, found.join('\n'))
    for (const [index, each] of expected.entries()) assert.ok(found[index].startsWith(each), found[index])
  })

test('the fingerprint knows a header again', () => {
  const known = fingerprint(['Product ID', 'Tour name', 'Price'])
  assert.match(known, /^[0-9a-f]{64}$/)
  assert.equal(fingerprint(['product_id', 'tour  name', 'PRICE']), known)
  assert.equal(fingerprint(['Product ID', 'Tour name', 'Price', '_errors']), known)
  for (const other of [
    ['Tour name', 'Product ID', 'Price'],
    ['Product ID', 'Tour name'],
    ['Product ID', 'Tour namePrice'],
  ])
    assert.notEqual(fingerprint(other), known)
  assert.notEqual(fingerprint(['-', 'a']), fingerprint(['_', 'a']))
})
