import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { assertProblem, eventCount, openDoor } from '../../src/doors/http/testing.ts'
import { settleShadows } from '../../src/engine/shadows.ts'
import type { Row } from '../../src/kernel/field.ts'

const rule = (name: string, expression: string, more: Row = {}): Row => ({
  name,
  resource: 'product',
  expression,
  ...more,
})
const product = (product_id: string, more: Row = {}): Row => ({
  product_id,
  product_name: `Tour ${product_id}`,
  pricing: [{ tier_name: 'Adult', price: { amount: 14_900, currency: 'AED' } }],
  inclusions: ['Guide'],
  ...more,
})
const cheap = { pricing: [{ tier_name: 'Adult', price: { amount: 900, currency: 'AED' } }] }
const CHEAP = rule('not_too_cheap', 'price_from == null || price_from >= 5000', {
  when: 'active',
  field: 'pricing',
  message: '{{product_name}} costs {{price_from}}, less than 50 AED',
})

async function house(t: TestContext, rules: Row[] = []) {
  const door = await openDoor(t)
  for (const each of rules) {
    const { status, body } = await door.send('POST', '/api/validation_rules', { body: each })
    assert.equal(status, 201, JSON.stringify(body))
  }
  return door
}

test('a rule of severity error refuses, with its name, its message and where', async (t) => {
  const { send, pool } = await house(t, [CHEAP])
  const before = await eventCount(pool)
  const refused = await send('POST', '/api/products', { body: product('a', cheap) })
  assertProblem(refused, 422, 'cheap')
  assert.deepEqual(
    refused.body.errors.map(({ pointer, code, detail }: Row) => ({ pointer, code, detail })),
    [
      {
        pointer: '/pricing',
        code: 'rule.not_too_cheap',
        detail: 'Tour a costs 9 AED, less than 50 AED (rule not_too_cheap)',
      },
    ],
  )
  assert.equal(
    (await send('POST', '/api/products', { body: product('a', { ...cheap, active: false }) })).status,
    201,
  )
  assertProblem(await send('PATCH', '/api/products/a', { body: { active: true } }), 422, 'update')
  assertProblem(
    await send('POST', '/api/products/update', { body: { ids: ['a'], active: true } }),
    422,
    'update of many',
  )
  assertProblem(
    await send('POST', '/api/products?dry_run=true', { body: product('b', cheap) }),
    422,
    'dry run',
  )
  const many = await send('POST', '/api/products', { body: [product('b'), product('c', cheap)] })
  assertProblem(many, 422, 'one of two')
  assert.equal(many.body.errors[0].pointer, '/1/pricing')
  assert.equal((await send('GET', '/api/products/b')).status, 404)
  assert.equal(await eventCount(pool), before + 1)
})

test('what is put away need not be right; what comes back must be', async (t) => {
  const { send } = await house(t)
  await send('POST', '/api/products', { body: product('a', cheap) })
  await send('POST', '/api/validation_rules', { body: CHEAP })
  assertProblem(await send('PATCH', '/api/products/a', { body: { category: 'Family' } }), 422, 'update')
  assert.equal((await send('DELETE', '/api/products/a')).status, 204)
  assertProblem(await send('POST', '/api/products/a/restore', { body: {} }), 422, 'restore')
  assert.equal((await send('POST', '/api/products/nuke', { body: {} })).status, 200)
})

test('undo keeps what a rule refuses meanwhile, and says why', async (t) => {
  const { send } = await house(t)
  await send('POST', '/api/products', { body: product('a', cheap) })
  const raised = await send('PATCH', '/api/products/a', { body: { pricing: product('a').pricing } })
  await send('POST', '/api/validation_rules', { body: CHEAP })
  const { body } = await send('POST', `/api/changes/${raised.headers['serai-change']}/undo`)
  assert.equal(body.restored, 0)
  assert.equal(body.kept[0].field, 'pricing')
  assert.match(body.kept[0].reason, /the old value no longer fits: Tour a costs 9 AED, less than 50 AED/)
})

test('a warning goes with the record, in a header that holds any letter', async (t) => {
  const { send } = await house(t, [{ ...CHEAP, severity: 'warning' }])
  const { status, headers } = await send('POST', '/api/products', {
    body: product('a', { ...cheap, product_name: 'مسجد' }),
  })
  assert.equal(status, 201)
  const [warning] = JSON.parse(String(headers['serai-warnings']))
  assert.deepEqual(warning, {
    pointer: '/pricing',
    code: 'rule.not_too_cheap',
    detail: 'مسجد costs 9 AED, less than 50 AED (rule not_too_cheap)',
  })
  const fine = await send('POST', '/api/products', { body: product('b') })
  assert.equal(fine.headers['serai-warnings'], undefined)
})

test('a rule may compare with what was before', async (t) => {
  const raise = 'before == null || price_from.amount <= before.price_from.amount * 2'
  const { send } = await house(t, [rule('no_doubling', raise)])
  await send('POST', '/api/products', { body: product('a') })
  const priced = (amount: number) => ({
    pricing: [{ tier_name: 'Adult', price: { amount, currency: 'AED' } }],
  })
  assert.equal((await send('PATCH', '/api/products/a', { body: priced(20_000) })).status, 200)
  assertProblem(await send('PATCH', '/api/products/a', { body: priced(50_000) }), 422, 'doubled')
})

test('a rule that comes to no value for a record refuses it: never a pass', async (t) => {
  const { send } = await house(t, [rule('listed', 'size(exclusions) < 5', { field: 'exclusions' })])
  const { body } = await send('POST', '/api/products', { body: product('a') })
  assert.equal(body.errors[0].code, 'rule.failed')
  assert.match(body.errors[0].detail, /the rule listed could not be applied: size\(\) is asked of nothing/)
  assert.equal((await send('POST', '/api/products', { body: product('a', { exclusions: [] }) })).status, 201)
})

const wrong: [name: string, body: Row, pointer: string, says: RegExp][] = [
  [
    'a slip',
    rule('r', 'actve == true'),
    '/expression',
    /character 1: there is no field "actve"; did you mean active\?/,
  ],
  ['syntax', rule('r', 'active == = true'), '/expression', /at character/],
  ['a condition', rule('r', 'true', { when: 'categry == "x"' }), '/when', /did you mean category/],
  [
    'a message',
    rule('r', 'true', { message: 'costs {{ price_form }}' }),
    '/message',
    /character 10: there is no field "price_form"; did you mean price_from/,
  ],
  ['no condition', rule('r', 'duration_hours + 1'), '/expression', /a condition is expected/],
  ['a kind', rule('r', 'product_name > 5'), '/expression', /a text cannot be compared with a number/],
  ['a resource', { ...rule('r', 'true'), resource: 'prodct' }, '/resource', /did you mean product/],
  ['a field', rule('r', 'true', { field: 'prize' }), '/field', /no field "prize"/],
  [
    'a rule about rules',
    { ...rule('r', 'false'), resource: 'validation_rule' },
    '/resource',
    /could forbid to mend it/,
  ],
  ['a name', rule('Not so', 'true'), '/name', /small letters/],
  ['a secret', { ...rule('r', 'hash != ""'), resource: 'token' }, '/expression', /there is no field "hash"/],
  [
    'an example that fails',
    rule('r', 'duration_hours < 12', {
      examples: [
        { record: { duration_hours: 5 }, valid: true },
        { record: { duration_hours: 20 }, valid: true },
      ],
    }),
    '/examples/1',
    /is said to be valid, but the rule refuses it/,
  ],
  [
    'an example that should fail',
    rule('r', 'duration_hours < 12', { examples: [{ record: { duration_hours: 5 }, valid: false }] }),
    '/examples/0',
    /is said to be wrong, but the rule lets it pass/,
  ],
  [
    'an example of nothing',
    rule('r', 'duration_hours < 12', { examples: [{ record: { duration: 5 }, valid: true }] }),
    '/examples/0/record/duration',
    /is not a field of product/,
  ],
  [
    'a hostile one',
    rule('r', `${'('.repeat(40)}active${')'.repeat(40)}`),
    '/expression',
    /nested more than 32/,
  ],
]

test('a rule is saved when it is understood and judges its examples as they say', async (t) => {
  const { send } = await house(t)
  for (const [name, body, pointer, says] of wrong) {
    const sent = await send('POST', '/api/validation_rules', { body })
    assertProblem(sent, 422, name)
    assert.equal(sent.body.errors[0].pointer, pointer, name)
    assert.match(sent.body.errors[0].detail, says, name)
  }
  const good = rule('short', 'before == null || duration_hours <= before.duration_hours', {
    examples: [
      { record: { duration_hours: 5 }, before: { duration_hours: 6 }, valid: true },
      { record: { duration_hours: 7 }, before: { duration_hours: 6 }, valid: false },
    ],
  })
  assert.equal((await send('POST', '/api/validation_rules', { body: good })).status, 201)
})

test('a trial says what the rule would do to what is there', async (t) => {
  const { send, pool } = await house(t)
  const records = ['a', 'b', 'c', 'd'].map((id) => product(id, id > 'b' ? cheap : {}))
  await send('POST', '/api/products', { body: records })
  await send('DELETE', '/api/products/d')
  await send('POST', '/api/validation_rules', { body: { ...CHEAP, mode: 'off' } })
  const before = await eventCount(pool)
  const { status, body } = await send('GET', '/api/validation_rules/not_too_cheap/try', {
    token: 'viewer-token',
  })
  assert.equal(status, 200)
  assert.equal(body.summary, 'would have rejected 1 of 3 products')
  assert.deepEqual([body.would_refuse, body.judged, body.capped], [1, 3, false])
  assert.deepEqual(
    body.refused.map(({ key }: Row) => key),
    ['c'],
  )
  const none = await send('GET', '/api/validation_rules/not_too_cheap/try?show=0')
  assert.deepEqual([none.body.would_refuse, none.body.refused], [1, []])
  assert.equal(await eventCount(pool), before)
})

test('a rule in shadow refuses nothing and counts what it would have refused', async (t) => {
  const { send, engine } = await house(t, [{ ...CHEAP, mode: 'shadow' }])
  const shadow = async () => {
    await settleShadows(engine)
    const { body } = await send('GET', '/api/validation_rules/not_too_cheap')
    return body
  }
  assert.equal((await shadow()).shadow_refused, 0)
  const made = await send('POST', '/api/products', {
    body: [product('a', cheap), product('b', cheap), product('c')],
  })
  assert.equal(made.status, 201)
  assert.equal(made.headers['serai-warnings'], undefined)
  await send('POST', '/api/products?dry_run=true', { body: product('d', cheap) })
  assert.equal((await send('POST', '/api/products', { body: product('a', cheap) })).status, 409)
  const counted = await shadow()
  assert.equal(counted.shadow_refused, 2)
  assert.equal(counted.version, 1, 'counting is no change of the rule')
  const moved = await send('PATCH', '/api/validation_rules/not_too_cheap', {
    body: { expression: 'price_from >= 1000' },
  })
  assert.equal(moved.body.shadow_refused, 0, JSON.stringify(moved.body))
  const active = await send('PATCH', '/api/validation_rules/not_too_cheap', { body: { mode: 'active' } })
  assert.deepEqual([active.body.shadow_refused, active.body.shadow_since], [null, null])
  assertProblem(await send('POST', '/api/products', { body: product('e', cheap) }), 422, 'active')
})

test('a rule holds from the moment it is saved, at a process that held the old ones', async (t) => {
  const { send, engine } = await house(t)
  // Another process: the same database, what it knows of rules is its own.
  const other = { ...engine }
  const { perform } = await import('../../src/engine/perform.ts')
  const make = (input: Row) =>
    perform(other, {
      actor: { id: 'x', name: 'X', roles: ['owner'] },
      resource: 'product',
      action: 'create',
      input,
    })
  await make(product('a', cheap))
  await send('POST', '/api/validation_rules', { body: CHEAP })
  await assert.rejects(make(product('b', cheap)), /less than 50 AED/)
  await assert.rejects(make({ ...product('b', cheap) }), /less than 50 AED/)
  await send('PATCH', '/api/validation_rules/not_too_cheap', { body: { mode: 'off' } })
  await make(product('b', cheap))
  await send('PATCH', '/api/validation_rules/not_too_cheap', { body: { mode: 'active' } })
  const update = {
    actor: { id: 'x', name: 'X', roles: ['owner'] },
    resource: 'product',
    action: 'update',
    targets: ['b'],
  }
  await assert.rejects(perform(other, { ...update, input: { category: 'Family' } }), /less than 50 AED/)
  await assert.rejects(
    perform(other, { ...update, input: { category: 'Family' }, key: 'k' }),
    /less than 50 AED/,
  )
  await send('DELETE', '/api/validation_rules/not_too_cheap')
  assert.equal(
    (await perform(other, { ...update, input: { category: 'Family' } })).records[0].category,
    'Family',
  )
})

test('who may do what with rules', async (t) => {
  const { send } = await house(t, [CHEAP])
  assertProblem(
    await send('POST', '/api/validation_rules', { body: rule('r', 'true'), token: 'viewer-token' }),
    403,
    'viewer',
  )
  assert.equal((await send('GET', '/api/validation_rules', { token: 'viewer-token' })).body.items.length, 1)
  assertProblem(await send('GET', '/api/validation_rules', { token: 'nobody-token' }), 403, 'nobody')
  assertProblem(
    await send('GET', '/api/validation_rules/not_too_cheap/try', { token: 'nobody-token' }),
    403,
    'nobody',
  )
})
