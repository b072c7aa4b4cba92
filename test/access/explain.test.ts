import assert from 'node:assert/strict'
import { test } from 'node:test'
import { assertProblem } from '../../src/doors/http/testing.ts'
import { accessHouse } from './house.ts'

test('why somebody may do something, or not: the decision, the rule and the grants', async (t) => {
  const { send, as, person, give } = await accessHouse(t)
  const ana = await person('ana', 'staff')
  await person('max', 'manager')
  await send('POST', '/api/toys', {
    body: [
      { code: 'ball', weight: 5 },
      { code: 'kite', weight: 1 },
    ],
  })
  const given = await give({ user: ana, permission: 'toy:*', rule: 'weight > 2', reason: 'stock taking' })
  await give({ user: ana, effect: 'deny', permission: 'toy:archive' })
  const ask = async (query: string, token = 'olga') => {
    const { body, status } = await as(token)('GET', `/api/access/explain?${query}`)
    assert.equal(status, 200, JSON.stringify(body))
    return body
  }
  const cases: [string, string, string | null, string[], RegExp][] = [
    [
      'permission=toy:read&user=ana@example.com',
      'depends',
      'keeper == me || weight > 2',
      [`user ${ana}`],
      /for which this holds/,
    ],
    [
      'permission=toy:read&user=ana@example.com&record=ball',
      'allow',
      'keeper == me || weight > 2',
      [`user ${ana}`],
      /^ana@example.com may read toy ball, by user/,
    ],
    [
      'permission=toy:paint&user=ana@example.com&record=kite',
      'deny',
      'weight > 2',
      [],
      /nothing that it holds/,
    ],
    [
      'permission=toy:archive&user=ana@example.com&record=ball',
      'deny',
      null,
      [`user ${ana}`],
      /denied by user/,
    ],
    ['permission=toy:read&role=viewer', 'allow', null, ['role viewer'], /by role viewer/],
    ['permission=toy:paint&role=viewer', 'deny', null, [], /nothing/],
    ['permission=toy:paint', 'allow', null, ['role owner'], /Olga may paint toys, by role owner \(\*:\*\)/],
  ]
  for (const [query, decision, rule, holders, because] of cases) {
    const said = await ask(query)
    assert.equal(said.decision, decision, query)
    assert.equal(said.rule, rule, query)
    const by = said.by
      .map((each: { holder: string }) => each.holder)
      .filter((each: string) => each !== 'everyone')
    assert.deepEqual(by, holders, query)
    assert.match(said.because, because)
  }
  const [line] = (await ask('permission=toy:paint&user=ana@example.com&record=ball')).by
  assert.deepEqual([line.id, line.reason, line.by], [given.body.id, 'stock taking', 'test:olga'])
  const checked = await as('ana')('POST', '/api/access/check', {
    body: { permission: 'toy:read', record: 'ball' },
  })
  assert.deepEqual([checked.status, checked.body.decision], [200, 'allow'])
  for (const body of [{}, { permission: 7 }, { permission: 'toy:read', verb: 'x' }])
    assertProblem(await as('ana')('POST', '/api/access/check', { body }), 400, JSON.stringify(body))
  assert.equal((await ask('permission=toy:read&record=ball', 'ana')).decision, 'allow')
  assert.equal((await ask(`permission=toy:read&user=${ana}`, 'ana')).decision, 'depends')
  for (const [query, status, token] of [
    ['permission=toy:read&user=max@example.com', 403, 'ana'],
    ['permission=toy:read&record=kite', 404, 'ana'],
    ['permission=toy:read&user=nobody@example.com', 404, 'olga'],
    ['permission=toy:read&user=max@example.com&role=staff', 400, 'olga'],
    ['permission=toy:*', 400, 'olga'],
    ['permission=toy:reed', 400, 'olga'],
    ['permission=toi:read', 404, 'olga'],
    ['', 400, 'olga'],
  ] as const)
    assertProblem(await as(token)('GET', `/api/access/explain?${query}`), status, query)
})

test('all that somebody may do, with where it comes from', async (t) => {
  const { as, person, give } = await accessHouse(t)
  const ana = await person('ana', 'viewer')
  await give({ user: ana, permission: 'toy:lend', until: '2031-01-01T00:00:00Z' })
  const { body } = await as('ana')('GET', '/api/access/permissions')
  assert.deepEqual(body.roles, ['viewer'])
  const of = (permission: string) =>
    body.permissions.find((each: { permission: string }) => each.permission === permission)
  assert.deepEqual(
    of('toy:lend').by.map((each: { until: string }) => each.until),
    ['2031-01-01T00:00:00.000Z'],
  )
  assert.equal(of('product:read').decision, 'allow')
  assert.equal(of('user:read').decision, 'depends')
  assert.equal(of('user:read').rule, 'id == me')
  assert.equal(of('product:update'), undefined)
  assertProblem(await as('ana')('GET', '/api/access/permissions?role=owner'), 403, 'others')
  assert.ok((await as('olga')('GET', '/api/access/permissions?role=owner')).body.permissions.length > 100)
})
