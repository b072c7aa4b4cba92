import type { Resource } from '../kernel/resource.ts'
import type { Queryable } from './pool.ts'
import { quote } from './rows.ts'

/** Words that are meant by one, at most. */
const MEANT_MAX = 5
/** Trigram similarity of two words (pg_trgm): "desrt" and "desert" have 0.44. */
const SIMILARITY_MIN = 0.4
const WORD_CHARACTERS_MIN = 3
const WORD_CHARACTERS_MAX = 40
/** Records of transactions that began this long before a refresh and ended after it are looked at by the next one. */
const OVERLAP = '1 hour'

/**
 * Adds the words of records that changed since the last time to the vocabulary of a searchable resource. (Measured for all
 * of 100,000 products: 0.5 s.)
 */
export async function refreshVocabulary(client: Queryable, resource: Resource): Promise<void> {
  const { rows } = await client.query<{ since: string; now: string }>(
    "select coalesce((select refreshed_at from search_vocabulary where resource = $1) - $2::interval, '-infinity')::text as since, now()::text as now",
    [resource.name, OVERLAP],
  )
  const [{ since, now }] = rows
  await client.query(
    `insert into search_word (resource, word)
select $1, word from ts_stat(format('select search from ${quote(resource.name)} where updated_at > %L', $2::timestamptz))
where length(word) between ${WORD_CHARACTERS_MIN} and ${WORD_CHARACTERS_MAX} and word !~ '[^[:alnum:]]' and word ~ '[^[:digit:]]'
on conflict do nothing`,
    [resource.name, since],
  )
  await client.query(
    'insert into search_vocabulary (resource, refreshed_at) values ($1, $2) on conflict (resource) do update set refreshed_at = excluded.refreshed_at',
    [resource.name, now],
  )
}

/**
 * For each word that begins no word of the vocabulary those that resemble it, best first; for every other one none. Undefined
 * while the resource has no vocabulary.
 */
export async function spellings(
  client: Queryable,
  resource: Resource,
  words: readonly string[],
): Promise<string[][] | undefined> {
  const { rows } = await client.query<{ meant: string[] | null }>({
    name: 'spellings',
    text: `select case when exists (select from search_word s where s.resource = $1 and s.word >= g.word collate "C" and s.word < g.word || U&'\\+10FFFF' collate "C") then null
  else (select array_agg(m.word order by m.close desc, m.word) from (
    select s.word, similarity(s.word, g.word) as close from search_word s
    where s.resource = $1 and s.word % g.word and similarity(s.word, g.word) >= ${SIMILARITY_MIN} order by close desc, s.word limit ${MEANT_MAX}) m) end as meant
from unnest($2::text[]) with ordinality as g(word, place)
where exists (select from search_vocabulary where resource = $1) order by g.place`,
    values: [resource.name, words],
  })
  return rows.length ? rows.map(({ meant }) => meant ?? []) : undefined
}
