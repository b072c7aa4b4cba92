// A text is dangerous when a spreadsheet program may take it for a formula: it starts with one of these signs (also their
// full-width forms), perhaps after blanks, or a line inside it does. Apostrophes in front are looked through, so that a text that was
// escaped once is still dangerous and undoing takes away exactly one.
const DANGEROUS = /^'*(?:[^\S\t\r\n]*[=+\-@\t\r＝＋－＠]|[\s\S]*[\r\n][^\S\t\r\n]*[=+\-@\t＝＋－＠])/

/**
 * `spreadsheet`: no cell of the file can become a formula in whatever program opens it (OWASP, CSV injection).
 * `raw`: for programs; texts are what they are, but for one that already starts with the sign of an escaped text.
 */
export type Profile = 'spreadsheet' | 'raw'

/** A text that a program may take for a formula, escaped or not. */
export function isDangerous(text: string): boolean {
  return DANGEROUS.test(text)
}

/** The text as a cell of a file of ours says it. `unescapeText` gives the text back, whichever the profile. */
export function escapeText(text: string, profile: Profile): string {
  if (profile === 'raw' && !text.startsWith("'")) return text
  return isDangerous(text) ? `'${text}` : text
}

/** What `escapeText` was given: one apostrophe less when the text is dangerous. */
export function unescapeText(text: string): string {
  return text.startsWith("'") && isDangerous(text) ? text.slice(1) : text
}
