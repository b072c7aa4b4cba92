import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import pg from 'pg'
import { joinCluster } from '../src/store/cluster.ts'
import { migrateUp } from '../src/store/migrate.ts'
import { openPool } from '../src/store/pool.ts'
import { prepareQueue } from '../src/work/runner.ts'

/** A throw-away PostgreSQL with a migrated template database. It does not wait for the disk: nothing of it is kept. */
export async function startServer(
  template: string,
): Promise<{ url: string; connection: pg.ClientConfig; stop(): Promise<void> }> {
  const home = await mkdtemp(join(tmpdir(), 'serai-test-'))
  const cluster = await joinCluster(
    { kind: 'embedded', home },
    {
      settings: { fsync: 'off', synchronous_commit: 'off', full_page_writes: 'off', max_connections: '300' },
    },
  )
  const admin = new pg.Client(cluster.connection)
  await admin.connect()
  await admin.query(`create database ${template}`)
  const connection = { ...cluster.connection, database: template }
  await migrateUp(connection)
  const pool = openPool(connection)
  await prepareQueue(pool)
  await pool.end()
  const { host, port, user, password, database } = cluster.connection
  return {
    url: `postgresql://${user}:${encodeURIComponent(String(password))}@localhost/${database}?host=${encodeURIComponent(String(host))}&port=${port}`,
    connection: cluster.connection,
    async stop() {
      await admin.end()
      await cluster.release()
      await rm(home, { recursive: true, force: true })
    },
  }
}
