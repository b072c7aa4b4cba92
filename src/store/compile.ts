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

/** The same as a prepared statement, for a text of which there are few: a filter that people write has endless forms. */
export function compileNamed(fragment: Sql): { name?: string; text: string; values: unknown[] } {
  const { text, values } = compile(fragment)
  return { ...prepared(text), values }
}

const PREPARED_MAX = 1_000
const names = new Map<string, string>()

/**
 * A statement that comes often is parsed and planned once a connection, under the name of its hash. There are no more than
 * 1,000, so that the server's memory stays bounded whatever people ask.
 */
export function prepared(text: string): { name?: string; text: string } {
  let name = names.get(text)
  if (!name && names.size < PREPARED_MAX) {
    name = hash('sha1', text, 'base64url')
    names.set(text, name)
  }
  return name ? { name, text } : { text }
}
