/** Items on their way to one reader that may not be there yet; never more than `max`. */
export type Queue<Item> = {
  /** false when it is full. */
  offer(item: Item): boolean
  /** the next item, waited for; undefined once `signal` is aborted. Throws what the queue was ended with. */
  take(signal: AbortSignal): Promise<Item | undefined>
  /** drops what waits; whoever takes next gets this error. */
  end(error: Error): void
}

export function createQueue<Item>(max: number): Queue<Item> {
  let items: Item[] = []
  let head = 0
  let ended: Error | undefined
  let wake: (() => void) | undefined

  function rouse(): void {
    wake?.()
    wake = undefined
  }

  function next(): Item {
    const item = items[head++]
    // Taken items are cut off in one go, for shifting each would copy the rest.
    if (head === items.length || head === 1_000) {
      items = items.slice(head)
      head = 0
    }
    return item
  }

  return {
    offer(item) {
      if (items.length - head >= max) return false
      items.push(item)
      rouse()
      return true
    },
    async take(signal) {
      while (!ended && head === items.length && !signal.aborted)
        await new Promise<void>((resolve) => {
          wake = resolve
          signal.addEventListener('abort', rouse, { once: true })
        }).finally(() => signal.removeEventListener('abort', rouse))
      if (ended) throw ended
      return signal.aborted ? undefined : next()
    },
    end(error) {
      ended ??= error
      items = []
      head = 0
      rouse()
    },
  }
}
