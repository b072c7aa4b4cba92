/** One event of a stream (WHATWG HTML, "server-sent events"). */
export type Block = { event: string; id?: string; data: string }

/**
 * The events of a stream, as they come in. A stream that says nothing for `idleMs`, not even a comment, is cut off by
 * `cut` and read to its end with the error that this gives.
 */
export async function* blocksOf(
  body: ReadableStream<Uint8Array>,
  idleMs: number,
  cut: () => void,
): AsyncGenerator<Block> {
  const reader = body.pipeThrough(new TextDecoderStream() as ReadableWritablePair<string>).getReader()
  let rest = ''
  try {
    for (;;) {
      const { done, value } = await watched(reader.read(), idleMs, cut)
      if (done) return
      const texts = (rest + value).split(/\r?\n\r?\n/)
      rest = texts.pop()!
      for (const text of texts) {
        const block = blockOf(text)
        if (block) yield block
      }
    }
  } finally {
    await reader.cancel().catch(() => undefined) // it failed already, and the failure is on its way
  }
}

async function watched<Value>(
  reading: Promise<Value>,
  milliseconds: number,
  cut: () => void,
): Promise<Value> {
  const timer = setTimeout(cut, milliseconds)
  return reading.finally(() => clearTimeout(timer))
}

/** Undefined for comments, and for what has no data. */
function blockOf(text: string): Block | undefined {
  const fields = text.split(/\r?\n/).flatMap((line) => {
    const found = /^(\w+): ?(.*)$/.exec(line)
    return found ? [[found[1], found[2]]] : []
  })
  const data = fields.flatMap(([name, value]) => (name === 'data' ? [value] : []))
  if (data.length === 0) return undefined
  const { event = 'message', id } = Object.fromEntries(fields) as { event?: string; id?: string }
  return { event, data: data.join('\n'), ...(id === undefined ? {} : { id }) }
}
