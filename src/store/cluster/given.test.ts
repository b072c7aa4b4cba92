import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import pg from 'pg'
import { joinCluster } from '../cluster.ts'
import { databaseTarget } from '../target.ts'
import type { Cluster } from './contract.ts'
import type { ClusterError } from './error.ts'
import { requireVersion } from './given.ts'
import { ask, FAST, serverHome } from './members.testing.ts'

let server: Cluster
let home: Awaited<ReturnType<typeof serverHome>>

before(async () => {
  home = await serverHome()
  server = await joinCluster({ kind: 'embedded', home: home.path }, FAST)
})
after(async () => {
  await server.release()
  await home.remove()
})

const urlOf = (change: Partial<pg.ClientConfig> = {}) => {
  const { host, port, user, password, database } = { ...server.connection, ...change }
  return `postgresql://${user}:${password}@${encodeURIComponent(String(host))}:${port}/${database}`
}

test('a given server is used as it is, and left as it was', async () => {
  const cluster = await joinCluster({ kind: 'given', url: urlOf() })
  assert.match(cluster.describe, /^PostgreSQL 18\.\d+ at postgresql:\/\/serai:\*\*\*@%2Ftmp/)
  assert.deepEqual([cluster.embedded, cluster.recovered], [false, null])
  const counted = await ask<{ count: number }>(
    cluster,
    "select count(*)::int from pg_stat_activity where backend_type = 'client backend' and application_name = 'serai'",
  )
  assert.deepEqual(counted, [{ count: 0 }], 'joining keeps no connection')
  await cluster.release()
  await cluster.release()
  assert.deepEqual(await ask(server, 'select 1 as one'), [{ one: 1 }])
})

test('the variables of PostgreSQL lead there as well', async () => {
  const { host, port, user, password, database } = server.connection
  const env = {
    PGHOST: host,
    PGPORT: String(port),
    PGUSER: user,
    PGPASSWORD: String(password),
    PGDATABASE: database,
  }
  const cluster = await joinCluster(databaseTarget(env, '/nowhere'))
  assert.deepEqual(await ask(cluster, 'select current_user as name'), [{ name: 'serai' }])
  await cluster.release()
})

const refusals: [string, () => string, ClusterError['code'], RegExp][] = [
  [
    'nobody listens on the port',
    () => 'postgresql://anna:s3cret@127.0.0.1:1/shop',
    'server_unreachable',
    /ECONNREFUSED.*Check that it runs/,
  ],
  [
    'nobody listens on either address',
    () => 'postgresql://anna:s3cret@localhost:1/shop',
    'server_unreachable',
    /ECONNREFUSED/,
  ],
  ['there is no such socket', () => urlOf({ host: '/nowhere' }), 'server_unreachable', /ENOENT/],
  [
    'there is no such host',
    () => 'postgresql://anna:s3cret@no-such-host.invalid/shop',
    'server_unreachable',
    /check its name/,
  ],
  [
    'the password is wrong',
    () => urlOf({ password: 's3cret' }),
    'login_refused',
    /password authentication failed.*Check the user/,
  ],
  ['the user is unknown', () => urlOf({ user: 'anna' }), 'login_refused', /Check the user/],
  [
    'the database is missing',
    () => urlOf({ database: 'none' }),
    'database_missing',
    /"none" does not exist.*createdb/,
  ],
  [
    'the server speaks no TLS',
    () => `${urlOf()}?sslmode=no-verify`,
    'server_failed',
    /does not support SSL.*settings/,
  ],
]
for (const [name, url, code, message] of refusals) {
  test(`refused: ${name}`, async () => {
    await assert.rejects(joinCluster({ kind: 'given', url: url() }), (error: ClusterError) => {
      assert.equal(error.code, code)
      assert.match(error.message, message)
      assert.match(error.message, /at postgresql:\/\/\w+:\*\*\*@/)
      assert.doesNotMatch(error.message, /s3cret/)
      return true
    })
  })
}

test('refused: all its connections are taken', async () => {
  await ask(server, "create role guest login password 'guest'")
  const held: pg.Client[] = []
  try {
    await ask(server, 'alter role guest connection limit 1')
    const client = new pg.Client({ ...server.connection, user: 'guest', password: 'guest' })
    held.push(client)
    await client.connect()
    await assert.rejects(joinCluster({ kind: 'given', url: urlOf({ user: 'guest', password: 'guest' }) }), {
      code: 'server_full',
    })
  } finally {
    for (const client of held) await client.end()
  }
})

test('refused: a server that is too old', () => {
  assert.throws(
    () => requireVersion(140_011, '14.11', 'postgresql://anna:s3cret@db/shop'),
    (error: ClusterError) => {
      assert.equal(error.code, 'server_too_old')
      assert.match(error.message, /anna:\*\*\*@db\/shop is PostgreSQL 14\.11; Serai needs 15 or newer/)
      return true
    },
  )
  requireVersion(150_000, '15.0', 'postgresql://db/shop')
})
