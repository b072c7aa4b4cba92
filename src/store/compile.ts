import { hash } from 'node:crypto'
import { DummyDriver, Kysely, PostgresAdapter, PostgresIntrospector, PostgresQueryCompiler } from 'kysely'
import type { Sql } from './where.ts'

// Kysely composes the text and numbers the parameters; `pg` sends it. It never connects.
const composer = new Kysely<unknown>({
  dialect: {
    createAdapter: () => new PostgresAdapter(),
    createDriver: () => new DummyDriver(),
    createIntrospector: (db) => new PostgresIntrospector(db),
    createQueryCompiler: () => new PostgresQueryCompiler(),
  },
})

/** A composed fragment as what `pg` takes. */
export function compile(fragment: Sql): { text: string; values: unknown[] } {
  const { sql, parameters } = fragment.compile(composer)
  return { text: sql, values: [...parameters] }
}

/**
 * The same as a prepared statement: parsed and planned once a connection. Only for texts of which there are few; a filter
 * that people write has endless forms and would fill the server's memory.
 */
export function compileNamed(fragment: Sql): { name: string; text: string; values: unknown[] } {
  const { text, values } = compile(fragment)
  return { name: hash('sha1', text, 'base64url'), text, values }
}
