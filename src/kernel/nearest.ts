/** The candidate that `word` is probably a slip of: at most two edits away (one for short words), letters' case ignored. */
export function nearest(word: string, candidates: readonly string[]): string | undefined {
  const allowed = word.length <= 4 ? 1 : 2
  const scored = candidates
    .map((candidate) => ({
      candidate,
      edits: distance(word.toLowerCase(), candidate.toLowerCase(), allowed),
    }))
    .filter(({ edits }) => edits <= allowed)
    .sort((left, right) => left.edits - right.edits)
  return scored[0]?.candidate
}

/** Edits between two words (optimal string alignment: insert, delete, replace, swap neighbours); stops past `most`. */
export function distance(left: string, right: string, most = Number.POSITIVE_INFINITY): number {
  if (Math.abs(left.length - right.length) > most) return most + 1
  let before: number[] = []
  let previous = Array.from({ length: right.length + 1 }, (_, index) => index)
  for (let i = 1; i <= left.length; i++) {
    const current = [i]
    for (let j = 1; j <= right.length; j++) {
      const cost = left[i - 1] === right[j - 1] ? 0 : 1
      const swapped = i > 1 && j > 1 && left[i - 1] === right[j - 2] && left[i - 2] === right[j - 1]
      current[j] = Math.min(
        previous[j] + 1,
        current[j - 1] + 1,
        previous[j - 1] + cost,
        swapped ? before[j - 2] + 1 : Number.POSITIVE_INFINITY,
      )
    }
    if (Math.min(...current) > most) return most + 1
    before = previous
    previous = current
  }
  return previous[right.length]
}
