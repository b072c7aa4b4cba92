import type { Trait } from '../kernel/resource.ts'

/**
 * `?q=` finds records by the words of the fields that carry a search weight. The migration holds two generated columns:
 * `search` (tsvector of the folded words) and `search_text` (folded text for words with a slip of the pen).
 */
export const searchable: Trait = { name: 'searchable' }
