/** Documents as one JSON array (RFC 8259): two spaces of indent, one record after another, UTF-8, nothing escaped that need not be. */
export async function* writeJson(documents: AsyncIterable<unknown[]>): AsyncGenerator<Uint8Array> {
  let before = '[\n'
  for await (const chunk of documents) {
    if (chunk.length === 0) continue
    yield Buffer.from(before + chunk.map(indented).join(',\n'))
    before = ',\n'
  }
  yield Buffer.from(before === '[\n' ? '[]\n' : '\n]\n')
}

/** Documents as JSON Lines: one a line, UTF-8, LF. */
export async function* writeJsonl(documents: AsyncIterable<unknown[]>): AsyncGenerator<Uint8Array> {
  for await (const chunk of documents)
    yield Buffer.from(chunk.map((document) => `${JSON.stringify(document)}\n`).join(''))
}

// A line break inside a JSON text is always one between members: in strings it is escaped.
function indented(document: unknown): string {
  return `  ${JSON.stringify(document, null, 2).replaceAll('\n', '\n  ')}`
}
