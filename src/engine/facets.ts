import { sql } from 'kysely'
import { compile } from '../store/compile.ts'
import type { Pool } from '../store/pool.ts'
import { column, type Sql } from '../store/where.ts'
import type { Page } from './types.ts'

const VALUES_MAX = 100
const COUNT_MAX = 100_000

/** Values of each facet among the matching rows with their numbers, largest first: one scan for all of them. */
export async function facetsOf(
  pool: Pool,
  source: Sql,
  condition: Sql,
  names: readonly string[],
): Promise<NonNullable<Page['facets']>> {
  const columns = names.map((name) => column(name))
  const { text, values } =
    compile(sql`select grouping(${sql.join(columns)}) as held, ${sql.join(columns.map((each, index) => sql`${each} as ${sql.id(`f${index}`)}`))}, count(*) as count
from ${source} t where ${condition}
group by grouping sets (${sql.join(columns.map((each) => sql`(${each})`))})
order by count(*) desc, ${sql.join(columns)}`)
  const { rows } = await pool.query<{ held: number; count: number; [facet: `f${number}`]: unknown }>(
    text,
    values,
  )
  return Object.fromEntries(
    names.map((name, index) => {
      // GROUPING() has a zero bit, counted from the right, for the column that this row is about.
      const bit = 1 << (names.length - 1 - index)
      const own = rows.filter((row) => (row.held & bit) === 0).slice(0, VALUES_MAX)
      return [name, own.map((row) => ({ value: row[`f${index}`], count: row.count }))]
    }),
  )
}

/** How many rows match, counted no further than 100,000. */
export async function countRows(
  pool: Pool,
  source: Sql,
  condition: Sql,
): Promise<NonNullable<Page['count']>> {
  const { text, values } = compile(
    sql`select count(*) as count from (select from ${source} t where ${condition} limit ${COUNT_MAX + 1}) matching`,
  )
  const { rows } = await pool.query<{ count: number }>(text, values)
  return { value: Math.min(rows[0].count, COUNT_MAX), capped: rows[0].count > COUNT_MAX }
}
