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
