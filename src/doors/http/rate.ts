/** At most `requests` of one caller in each window of `windowSeconds`. */
export type Rate = { requests: number; windowSeconds: number }

/** What is left of a caller's window. `left` is negative when it is used up. */
export type Allowance = { left: number; resetSeconds: number }

const CALLERS_MAX = 100_000

/**
 * Counts requests per caller in fixed windows, in memory: a guard against programs that run wild, not a bill. All callers
 * share the window, so forgetting is one `clear`.
 */
export function rateLimiter({ requests, windowSeconds }: Rate, now: () => number = Date.now) {
  const used = new Map<string, number>()
  let ends = 0
  return (caller: string): Allowance => {
    const time = now()
    if (time >= ends || used.size >= CALLERS_MAX) {
      used.clear()
      ends = time + windowSeconds * 1_000
    }
    const count = (used.get(caller) ?? 0) + 1
    used.set(caller, count)
    return { left: requests - count, resetSeconds: Math.max(1, Math.ceil((ends - time) / 1_000)) }
  }
}
