import { queryOf } from './rules.ts'
import type { Engine } from './types.ts'

const FLUSH_AFTER_MS = 1_000

type Tally = { counts: Map<string, number>; timer: NodeJS.Timeout | undefined }

const tallies = new WeakMap<Engine, Tally>()

/**
 * Counts records that were written although rules in shadow would have refused them. The numbers are gathered in memory
 * and added to the rules once a second, so that a write never waits for a counter that others hold; a process that is
 * killed loses the count of its last second, nothing else.
 */
export function countShadows(engine: Engine, rules: readonly string[]): void {
  if (rules.length === 0) return
  const tally = tallies.get(engine) ?? { counts: new Map(), timer: undefined }
  tallies.set(engine, tally)
  for (const rule of rules) tally.counts.set(rule, (tally.counts.get(rule) ?? 0) + 1)
  schedule(engine, tally)
}

/** Adds what was counted to the rules now: before a process ends. */
export async function settleShadows(engine: Engine): Promise<void> {
  const tally = tallies.get(engine)
  if (!tally) return
  clearTimeout(tally.timer)
  tally.timer = undefined
  const { counts } = tally
  if (counts.size === 0) return
  tally.counts = new Map()
  try {
    await engine.rules?.count(queryOf(engine.pool), counts)
  } catch (error) {
    for (const [rule, count] of counts) tally.counts.set(rule, (tally.counts.get(rule) ?? 0) + count)
    throw error
  }
}

function schedule(engine: Engine, tally: Tally): void {
  if (tally.timer) return
  // A database that is away is asked again a second later; the counts wait.
  tally.timer = setTimeout(() => {
    tally.timer = undefined
    settleShadows(engine).catch(() => schedule(engine, tally))
  }, FLUSH_AFTER_MS).unref()
}
