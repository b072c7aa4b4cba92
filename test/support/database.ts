import { randomBytes } from 'node:crypto'
import type { TestContext } from 'node:test'
import pg from 'pg'
import { catalog } from '../../src/areas/catalog/area.ts'
import { platform } from '../../src/areas/platform/area.ts'
import { createBook } from '../../src/engine/access/book.ts'
import { createKeeper, type Keeper } from '../../src/engine/access/keeper.ts'
import type { Engine } from '../../src/engine/types.ts'
import type { Actor } from '../../src/kernel/actor.ts'
import type { Resource } from '../../src/kernel/resource.ts'
import { openPool, type Pool } from '../../src/store/pool.ts'

/** Name of the migrated database that `scripts/test.ts` makes once and every test clones. */
export const TEMPLATE = 'serai_template'

export type TestDatabase = {
  pool: Pool
  connection: pg.ClientConfig
  name: string
  /** what is to be stopped before the pool is; hooks of a test run in the order in which they were made. */
  beforeEnd(stop: () => Promise<void>): void
}

/** URL of the server on which tests make their databases; `npm test` starts one and sets it. */
export function testServer(): string {
  const url = process.env.SERAI_TEST_DATABASE
  if (!url)
    throw new Error(
      'SERAI_TEST_DATABASE is not set: run the tests with "npm test", or "npm test -- FILE" for one file',
    )
  return url
}

/** A migrated database of its own, dropped after the test. Cloned from the template: about 30 ms. */
export async function testDatabase(
  t: TestContext,
  template: string | null = TEMPLATE,
): Promise<TestDatabase> {
  const name = `test_${randomBytes(6).toString('hex')}`
  await onServer(`create database ${name}${template ? ` template ${template}` : ''}`)
  const connection = { connectionString: withDatabase(testServer(), name) }
  const pool = openPool(connection, { max: 6 })
  const stops: (() => Promise<void>)[] = []
  t.after(async () => {
    for (const stop of stops) await stop()
    await pool.end()
    await onServer(`drop database if exists ${name} with (force)`)
  })
  return { pool, connection, name, beforeEnd: (stop) => void stops.push(stop) }
}

export const owner: Actor = { id: 'test:owner', name: 'Olga', roles: ['owner'] }
export const viewer: Actor = { id: 'test:viewer', name: 'Vera', roles: ['viewer'] }
export const nobody: Actor = { id: 'test:nobody', name: 'Niko', roles: [] }

/** An engine over a database of its own, with the shipped resources and those given. */
export async function testEngine(
  t: TestContext,
  extra: Resource[] = [],
): Promise<TestDatabase & { engine: Engine; keeper: Keeper }> {
  const database = await testDatabase(t)
  const resources = [...catalog.resources, ...platform.resources, ...extra]
  const named = new Map(resources.map((each) => [each.name, each]))
  const book = createBook(named)
  const engine: Engine = {
    pool: database.pool,
    resources: named,
    access: book,
    grants: platform.grants!,
    rules: platform.rules!,
    views: platform.views!,
    wake() {},
  }
  const keeper = createKeeper(engine, book, platform.grants!)
  return { ...database, engine, keeper }
}

/** One statement on the server's maintenance database. */
export async function onServer(sql: string): Promise<void> {
  const client = new pg.Client({ connectionString: testServer() })
  await client.connect()
  try {
    await client.query(sql)
  } finally {
    await client.end()
  }
}

function withDatabase(url: string, name: string): string {
  const changed = new URL(url)
  changed.pathname = `/${name}`
  return changed.toString()
}
