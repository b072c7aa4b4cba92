import assert from 'node:assert/strict'
import { test } from 'node:test'
import { accessAliases, permissionOf } from '../../src/areas/platform/access/aliases.ts'
import { perform } from '../../src/engine/perform.ts'
import { parseQuery } from '../../src/engine/query.ts'
import { read } from '../../src/engine/read.ts'
import type { Actor } from '../../src/kernel/actor.ts'
import type { AliasCall, Asked, Found } from '../../src/kernel/alias.ts'
import type { Row } from '../../src/kernel/field.ts'
import { Problem } from '../../src/kernel/problem.ts'
import { accessHouse } from './house.ts'

type Ask = Partial<Asked> & { actor?: string }

test('the old addresses mean our calls, need the same grants, and answer as they did', async (t) => {
  const { engine, actors, person, keeper, send } = await accessHouse(t)
  const ana = await person('ana', 'staff')
  const { body: ball } = await send('POST', '/api/toys', { body: { code: 'ball' } })

  async function call(actor: Actor, each: AliasCall): Promise<Found> {
    if (each.kind === 'perform') {
      const { records, answer } = await perform(engine, { ...each, actor, targets: each.targets ?? [] })
      return { records, answer, total: records.length }
    }
    assert.equal(each.kind, 'list')
    const { resource, parameters } = each as AliasCall & { kind: 'list' }
    const { items } = await read(engine, actor, resource, parseQuery(engine, resource, parameters))
    return { records: items, answer: null, total: items.length }
  }
  // biome-ignore lint/suspicious/noExplicitAny: old answers have many shapes
  async function ask(method: string, path: string, given: Ask = {}, actor = actors.olga): Promise<any> {
    const alias = accessAliases.find((each) => each.method === method && each.path === path)
    assert.ok(alias, `${method} ${path}`)
    const asked: Asked = { params: {}, query: {}, body: {}, ...given, actor: actor.id }
    const found: Found = { records: [], answer: null, total: 0 }
    for (const each of alias.calls(asked)) {
      const { records, answer, total } = await call(actor, each)
      found.records.push(...records)
      found.answer = answer ? { ...found.answer, ...answer } : found.answer
      found.total += total
    }
    await keeper.look()
    return alias.answer(found)
  }
  const refused = (work: Promise<unknown>, status: number) =>
    assert.rejects(work, (error: Problem) => error instanceof Problem && error.status === status)
  const body = (row: Row): Ask => ({ body: row })

  const given = await ask(
    'POST',
    '/api/access/permissions/grant',
    body({ user_id: ana, permission: 'toys:read' }),
  )
  assert.deepEqual([given.permission, given.user], ['toy:read', ana])
  const listed = await ask('GET', '/api/access/permissions/user/{id}', { params: { id: ana } })
  assert.deepEqual([listed.total, listed.permissions], [1, ['toy:read']])
  await refused(
    ask(
      'POST',
      '/api/access/permissions/grant',
      body({ user_id: ana, permission: 'toys:delete' }),
      actors.ana,
    ),
    403,
  )
  const taken = await ask(
    'POST',
    '/api/access/permissions/revoke',
    body({ user_id: ana, permission: 'toys:read' }),
  )
  assert.deepEqual(taken, { revoked: 1 })
  const at = { user_id: ana, resource_type: 'toys', resource_id: ball.id }
  const both = await ask(
    'POST',
    '/api/access/resources/access/grant',
    body({ ...at, access_level: 'read_write' }),
  )
  assert.deepEqual(
    both.items.map(({ permission }: Row) => permission),
    ['toy:read', 'toy:update'],
  )
  const access = { query: { user_id: ana, resource_type: 'toys' } }
  assert.equal((await ask('GET', '/api/access/resources/user-access', access)).total, 2)
  assert.deepEqual(await ask('POST', '/api/access/resources/access/revoke', body(at)), { revoked: 1 })
  assert.equal((await ask('GET', '/api/access/resources/user-access', access)).total, 0)
  assert.equal((await ask('GET', '/api/access/roles')).items[0].name, 'owner')

  const made = await ask('POST', '/system/clients', body({ name: 'till', client_type: 'pos' }))
  assert.match(made.api_key, /^srk_live_/)
  assert.deepEqual([made.client_type, made.is_active], ['pos', true])
  await refused(ask('POST', '/system/clients', body({ name: 'x', api_key: 'mine' })), 422)
  await refused(ask('POST', '/system/clients', body({ name: 'x' }), actors.ana), 403)
  const params = { params: { id: made.id } }
  assert.equal((await ask('POST', '/system/clients/{id}/deactivate', params)).is_active, false)
  assert.equal((await ask('POST', '/system/clients/{id}/activate', params)).is_active, true)
  const { items } = await ask('GET', '/system/clients')
  assert.ok(!JSON.stringify(items).includes(made.api_key))
})

test('old names of permissions are ours', () => {
  for (const [old, ours] of [
    ['orders:read', 'order:read'],
    ['deliveries:update', 'delivery:update'],
    ['products:delete', 'product:archive'],
    ['orders:read_own', 'order:read'],
    ['*', '*:*'],
  ])
    assert.equal(permissionOf(old), ours)
})
