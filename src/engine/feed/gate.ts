/** Lets a few through at once; the others wait for their turn in order. */
export type Gate = {
  /** Returns what lets the next one through; undefined when `signal` is aborted before its turn. */
  enter(signal: AbortSignal): Promise<(() => void) | undefined>
}

export function createGate(max: number): Gate {
  let inside = 0
  const waiting = new Set<() => void>()

  function leave(): void {
    inside--
    const [next] = waiting
    next?.()
  }

  return {
    async enter(signal) {
      while (inside >= max && !signal.aborted)
        await new Promise<void>((resolve) => {
          const turn = () => {
            waiting.delete(turn)
            signal.removeEventListener('abort', turn)
            resolve()
          }
          waiting.add(turn)
          signal.addEventListener('abort', turn, { once: true })
        })
      if (signal.aborted) return undefined
      inside++
      let left = false
      return () => {
        if (!left) leave()
        left = true
      }
    },
  }
}
