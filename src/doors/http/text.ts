/** `abc` → `"abc"`, with what a quoted string of HTTP may not hold left out. */
export function quoted(text: string): string {
  return `"${text.replaceAll(/[^\x20-\x7e]/g, '_').replaceAll(/["\\]/g, '_')}"`
}

/** Text as an extended value of RFC 8187: `UTF-8''caf%C3%A9`. */
export function extended(text: string): string {
  const escaped = encodeURIComponent(text.toWellFormed()).replaceAll(
    /['()*]/g,
    (sign) => `%${sign.charCodeAt(0).toString(16).toUpperCase()}`,
  )
  return `UTF-8''${escaped}`
}

/** The text of an extended value of RFC 8187; undefined when it is none. */
export function fromExtended(value: string): string | undefined {
  const match = /^utf-8'[A-Za-z0-9-]*'((?:[A-Za-z0-9!#$&+.^_`|~-]|%[0-9A-Fa-f]{2})*)$/i.exec(value)
  if (!match) return undefined
  try {
    return decodeURIComponent(match[1])
  } catch (error) {
    // Well-formed percent signs that are no UTF-8.
    if (error instanceof URIError) return undefined
    throw error
  }
}

/** `Content-Disposition` of a download (RFC 6266): a plain name for old clients, the real one for the others. */
export function attachment(fileName: string): string {
  return `attachment; filename=${quoted(fileName)}; filename*=${extended(fileName)}`
}
