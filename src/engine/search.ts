import { sql } from 'kysely'
import type { Resource } from '../kernel/resource.ts'
import { compile } from '../store/compile.ts'
import type { Pool } from '../store/pool.ts'
import { spellings } from '../store/vocabulary.ts'
import type { Sql } from '../store/where.ts'

const WORDS_MAX = 12
/** Trigram similarity of a word to a part of the name (pg_trgm): "desrt" to "desert" is 0.50. */
const WORD_SIMILARITY_MIN = 0.45

/** How rows are found and how well: a condition over the alias `t` and a number, larger is better. */
export type Search = { condition: Sql; rank: Sql }

/**
 * Every word must begin a word of the record (folded: no case, no accents). One that begins no word there is may be a slip
 * of the pen: then those that resemble it will do. Before the vocabulary is made, what finds nothing is compared with names.
 */
export async function searchOf(pool: Pool, resource: Resource, q: string): Promise<Search> {
  const words = await foldedWords(pool, q)
  const meant = await spellings(pool, resource, words)
  const exact = wordSearch(words, meant)
  if (meant || words.length === 0 || (await anyRow(pool, resource, exact.condition))) return exact
  return similarSearch(words)
}

async function foldedWords(pool: Pool, q: string): Promise<string[]> {
  const { rows } = await pool.query<{ folded: string }>({
    name: 'fold',
    text: 'select serai_fold($1) as folded',
    values: [q.replaceAll('\u0000', ' ')],
  })
  return rows[0].folded
    .split(/[^\p{L}\p{N}]+/u)
    .filter(Boolean)
    .slice(0, WORDS_MAX)
}

async function anyRow(pool: Pool, resource: Resource, condition: Sql): Promise<boolean> {
  const { text, values } = compile(
    sql`select exists (select from ${sql.table(resource.name)} t where ${condition}) as found`,
  )
  const { rows } = await pool.query<{ found: boolean }>(text, values)
  return rows[0].found
}

/** For every word, one that it begins or one that is meant by it must be there. */
function wordSearch(words: readonly string[], meant: readonly string[][] | undefined): Search {
  const query = words
    .map((word, index) => [`'${word}':*`, ...(meant?.[index] ?? []).map((each) => `'${each}'`)].join(' | '))
    .map((each) => `(${each})`)
    .join(' & ')
  const tsquery = sql`to_tsquery('simple', ${query})`
  return { condition: sql`t.search @@ ${tsquery}`, rank: sql`ts_rank(t.search, ${tsquery})` }
}

function similarSearch(words: string[]): Search {
  const alike = words.map(
    (word) =>
      sql`(t.search_text %> ${word} and word_similarity(${word}, t.search_text) >= ${WORD_SIMILARITY_MIN})`,
  )
  const close = words.map((word) => sql`word_similarity(${word}, t.search_text)`)
  return { condition: sql`(${sql.join(alike, sql` and `)})`, rank: sql`(${sql.join(close, sql` + `)})::real` }
}
