import { attempt, type Part } from './operators.ts'
import { ANY, BOOLEAN, type Type } from './type.ts'
import { EvaluationError, type Frame, kindOf, spend } from './value.ts'

/** A loop over a list: its condition and value see the item in the local variable `slot`. */
export type LoopParts = { list: Part; slot: number; condition?: Part; value?: Part; weight: number }

/** The part for `all`, `exists`, `exists_one`, `filter` or `map`; undefined for any other macro. */
export function loopPart(macro: string, loop: LoopParts): Part | undefined {
  switch (macro) {
    case 'all':
      return quantifier(loop, false)
    case 'exists':
      return quantifier(loop, true)
    case 'exists_one':
      return { type: BOOLEAN, run: (frame) => kept(loop, frame).length === 1 }
    case 'filter':
      return { type: loop.list.type, run: (frame) => kept(loop, frame) }
    case 'map':
      return { type: { kind: 'list', item: loop.value?.type ?? ANY }, run: (frame) => mapped(loop, frame) }
    default:
      return undefined
  }
}

/** The kind of an item of a list. */
export function itemType(list: Type): Type {
  return list.item ?? ANY
}

// As `&&` and `||` do, an item that decides wins over an error at another.
function quantifier(loop: LoopParts, decisive: boolean): Part {
  return {
    type: BOOLEAN,
    run(frame) {
      let failure: EvaluationError | undefined
      for (const _ of items(loop, frame)) {
        const found = attempt(loop.condition!, frame)
        if (found === decisive) return decisive
        if (found instanceof EvaluationError) failure ??= found
      }
      if (failure) throw failure
      return !decisive
    },
  }
}

function kept(loop: LoopParts, frame: Frame): unknown[] {
  const found: unknown[] = []
  for (const item of items(loop, frame)) if (holds(loop, frame)) found.push(item)
  return found
}

function mapped(loop: LoopParts, frame: Frame): unknown[] {
  const found: unknown[] = []
  for (const _ of items(loop, frame)) if (holds(loop, frame)) found.push(loop.value!.run(frame))
  return found
}

function holds({ condition }: LoopParts, frame: Frame): boolean {
  if (!condition) return true
  const found = attempt(condition, frame)
  if (found instanceof EvaluationError) throw found
  return found
}

function* items({ list, slot, weight }: LoopParts, frame: Frame): Generator<unknown> {
  const given = list.run(frame)
  const among =
    typeof given === 'object' && given !== null && !Array.isArray(given) ? Object.keys(given) : given
  if (!Array.isArray(among))
    throw new EvaluationError(
      `a list is expected, not ${kindOf(given)}${given == null ? '; test for null before' : ''}`,
    )
  for (const item of among) {
    spend(frame, weight)
    frame.locals[slot] = item
    yield item
  }
}
