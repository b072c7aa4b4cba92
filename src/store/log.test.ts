import assert from 'node:assert/strict'
import { test } from 'node:test'
import { testDatabase } from '../../test/support/database.ts'
import { type LogCursor, nextEvents } from './log.ts'

test('the log is read in the order of its transactions as numbers, also from 9 to 10 and in small steps', async (t) => {
  const { pool } = await testDatabase(t)
  await pool.query(`insert into event (transaction, change, actor, action, resource, record, key, version, after)
select n::text::xid8, gen_random_uuid(), 'test', 'create', 'product', gen_random_uuid(), n::text, 1, '{}' from unnest(array[100, 9, 11, 99, 10, 8, 101]) n`)
  for (const limit of [1, 2, 100]) {
    const keys: string[] = []
    let after: LogCursor = { transaction: '0', position: 0 }
    for (;;) {
      const events = await nextEvents(pool, after, limit)
      if (events.length === 0) break
      keys.push(...events.map(({ key }) => key))
      after = events.at(-1)!
    }
    assert.deepEqual(keys, ['8', '9', '10', '11', '99', '100', '101'], `${limit} at a time`)
  }
})
