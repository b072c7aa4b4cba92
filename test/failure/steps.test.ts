import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import type pg from 'pg'
import { perform } from '../../src/engine/perform.ts'
import type { Engine, Perform } from '../../src/engine/types.ts'
import { undo } from '../../src/engine/undo.ts'
import type { Row } from '../../src/kernel/field.ts'
import { openPool } from '../../src/store/pool.ts'
import { onServer, owner, testEngine } from '../support/database.ts'
import { eventCount } from '../support/engine.ts'

const product = (product_id: string, more: Row = {}): Row => ({
  product_id,
  product_name: 'Dune',
  pricing: [{ tier_name: 'Adult', price: { amount: 100, currency: 'AED' } }],
  inclusions: [],
  ...more,
})

/** What is done, when the connection dies at each of its statements in turn. */
const calls: [string, Omit<Perform, 'actor'>, (row: Row | undefined) => boolean][] = [
  [
    'create with a key',
    { resource: 'product', action: 'create', input: product('new'), key: 'k' },
    (row) => row !== undefined,
  ],
  ['create', { resource: 'product', action: 'create', input: product('new') }, (row) => row !== undefined],
  [
    'update with a key',
    { resource: 'product', action: 'update', targets: ['old'], input: { category: 'X' }, key: 'k' },
    (row) => row?.category === 'X',
  ],
  [
    'update',
    { resource: 'product', action: 'update', targets: ['old'], input: { category: 'X' } },
    (row) => row?.category === 'X',
  ],
  [
    'archive many with a key',
    { resource: 'product', action: 'archive', targets: ['old', 'older'], input: {}, key: 'k' },
    (row) => row?.archived_at != null,
  ],
  [
    'an action with code',
    { resource: 'product', action: 'nuke', input: {}, key: 'k' },
    (row) => row?.archived_at != null,
  ],
]

type Death = 'before' | 'after'

/** An engine whose connections die at their n-th statement: before it is sent, or after it was done but before the answer is read. */
function mortal(t: TestContext, engine: Engine, connection: pg.ClientConfig, at: number, when: Death) {
  const pool = openPool(connection, { max: 1 })
  t.after(() => pool.end())
  let sent = 0
  let died = false
  pool.on('connect', (client) => {
    const query = client.query.bind(client) as (...given: unknown[]) => Promise<unknown>
    client.query = (async (...given: unknown[]) => {
      // The pool's own use of the client has a callback; the statements of the engine have none.
      if (typeof given.at(-1) === 'function') return query(...given)
      if (died || sent++ !== at) return query(...given)
      died = true
      const { processID } = client as unknown as { processID: number }
      if (when === 'after') await query(...given)
      await onServer(`select pg_terminate_backend(${processID})`)
      return query('select 1')
    }) as typeof client.query
  })
  // The pool's own `query` hands its client a callback, which would pass by the death above.
  pool.query = (async (...given: unknown[]) => {
    const client = await pool.connect()
    try {
      return await (client.query as (...given: unknown[]) => Promise<unknown>)(...given)
    } finally {
      client.release(died)
    }
  }) as typeof pool.query
  return { engine: { ...engine, pool }, died: () => died }
}

for (const [name, call, done] of calls)
  for (const when of ['before', 'after'] as const)
    test(`the connection dies ${when} each statement of ${name}: effect and event together or neither, and once after a retry`, async (t) => {
      for (let at = 0; at < 20; at++) {
        const { engine, pool, connection } = await testEngine(t)
        await perform(engine, {
          actor: owner,
          resource: 'product',
          action: 'create',
          input: [product('old'), product('older')],
        })
        const before = await eventCount(pool)
        const { engine: dying, died } = mortal(t, engine, connection, at, when)
        const request = { ...call, actor: owner }
        const failure = await perform(dying, request).then(
          () => null,
          (error: Error) => error,
        )
        if (!died()) {
          assert.ok(at > 0, 'there was a statement to die at')
          return
        }
        const effect = async () => {
          const key = call.targets?.[0] ?? (call.action === 'nuke' ? 'old' : 'new')
          const { rows } = await pool.query('select * from product where product_id = $1', [key])
          return done(rows[0])
        }
        const events = (await eventCount(pool)) - before
        const each = call.action === 'archive' || call.action === 'nuke' ? 2 : 1
        assert.equal(events, (await effect()) ? each : 0, `statement ${at}: events and effect agree`)
        if (!failure) assert.equal(events, each, `statement ${at}: what was acknowledged is there`)
        if (!call.key) continue
        await perform(engine, request)
        assert.equal((await eventCount(pool)) - before, each, `statement ${at}: done once`)
        assert.ok(await effect())
      }
      assert.fail('a call of fewer than 20 statements')
    })

test('the connection dies at each statement of an undo: all of it or nothing', async (t) => {
  for (let at = 0; at < 20; at++) {
    const { engine, pool, connection } = await testEngine(t)
    const { change } = await perform(engine, {
      actor: owner,
      resource: 'product',
      action: 'create',
      input: [product('old'), product('older')],
    })
    const { engine: dying, died } = mortal(t, engine, connection, at, 'after')
    await undo(dying, { actor: owner, change: change! }).catch((error: Error) => error)
    if (!died()) return assert.ok(at > 4)
    const { rows } = await pool.query<{ count: number }>(
      'select count(*) as count from product where archived_at is not null',
    )
    assert.equal(rows[0].count, (await eventCount(pool)) - 2, `statement ${at}`)
    assert.ok([0, 2].includes(rows[0].count))
  }
})
