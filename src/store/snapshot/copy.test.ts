import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { Readable } from 'node:stream'
import { text } from 'node:stream/consumers'
import { pipeline } from 'node:stream/promises'
import { test } from 'node:test'
import { testDatabase } from '../../../test/support/database.ts'
import { meter, readRows } from './copy.ts'
import { withSession } from './session.ts'
import { readTables } from './shape.ts'

test('rows come by the bytes of their key, whatever the collation of its column', async (t) => {
  const { connection } = await testDatabase(t, null)
  await withSession(connection, async (client) => {
    await client.query('create table word (word text collate "und-x-icu" primary key)')
    await client.query("insert into word values ('b'), ('Z'), ('a'), ('é'), ('B')")
    const [sorted] = (await client.query("select string_agg(word, '' order by word) as words from word")).rows
    assert.notEqual(sorted.words, 'BZabé', 'the collation sorts otherwise, or this proves nothing')
    const [shape] = await readTables(client, [])
    assert.equal(await text(readRows(client, shape!)), 'B\nZ\na\nb\né\n')
  })
})

test('times, numbers and bytes are written alike whatever the database is set to', async (t) => {
  const { connection, pool, name } = await testDatabase(t, null)
  for (const setting of [
    "timezone = 'Asia/Dubai'",
    "datestyle = 'German'",
    'extra_float_digits = 0',
    "bytea_output = 'escape'",
    "intervalstyle = 'iso_8601'",
  ])
    await pool.query(`alter database ${name} set ${setting}`)
  await withSession(connection, async (client) => {
    await client.query(`create table one as select timestamptz '2026-01-02 03:04:05Z' as t, 0.1::float8 + 0.2 as f,
      '\\x00ff'::bytea as b, interval '1 day 2 hours' as i, date '2026-01-02' as d`)
    const [shape] = await readTables(client, [])
    assert.equal(
      await text(readRows(client, shape!)),
      '2026-01-02 03:04:05+00\t0.30000000000000004\t\\\\x00ff\t1 day 02:00:00\t2026-01-02\n',
    )
  })
})

test('a meter counts and hashes what passes, and stops what is too long', async () => {
  const content = Buffer.from('one\ntwo\\n\n\nfour\n')
  const chunks = [content.subarray(0, 5), content.subarray(5)]
  const measured = meter()
  await pipeline(Readable.from(chunks), measured.stream.resume())
  assert.deepEqual(measured.result(), {
    bytes: content.length,
    rows: 4,
    sha256: createHash('sha256').update(content).digest('hex'),
  })
  await assert.rejects(
    pipeline(Readable.from(chunks), meter(content.length - 1).stream.resume()),
    /more than the expected/,
  )
})
