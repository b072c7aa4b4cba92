import { unescapeText } from './writers/escape.ts'

/** Column of our own rejects files: why each row was refused. It is never data. */
export const ERRORS_COLUMN = '_errors'

// Blanks, underscores, dashes, invisible marks (reading direction, joiners), the Arabic elongation and the Arabic vowel signs.
// The hamza and madda marks stay: they make another letter.
const INSIGNIFICANT = /[\s_\p{Pd}\p{Cf}\u0640]|[\u0610-\u061a\u064b-\u0652\u0656-\u065f\u0670\u06d6-\u06ed]/gu

/**
 * A header without what people write in different ways: compatibility forms (Unicode NFKC), case, blanks, `_`, dashes, Arabic vowel
 * signs and elongation. Two headers with the same plain name mean the same.
 */
export function plainName(header: string): string {
  return unescapeText(header).normalize('NFKC').toLowerCase().replaceAll(INSIGNIFICANT, '')
}

/** The place of a spreadsheet column by its letters: `A` → 0, `AA` → 26. */
export function columnIndex(letters: string): number {
  return [...letters].reduce((sum, letter) => sum * 26 + letter.charCodeAt(0) - 64, 0) - 1
}
