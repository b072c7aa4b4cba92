import { parse as parseCel } from '@bufbuild/cel'
import { ExpressionError } from './error.ts'
import {
  BRACKETS_DEPTH_MAX,
  EXPRESSION_CHARACTERS_MAX,
  EXPRESSION_DEPTH_MAX,
  EXPRESSION_PARTS_MAX,
  LIST_VALUES_MAX,
} from './limits.ts'

type Parsed = ReturnType<typeof parseCel>
export type Expr = Parsed['expr']

/** A loop as it was written: `pricing.map(tier, tier.active, tier.price)` has a condition and a value. */
export type Loop = { macro: string; list: Expr; variable: string; condition?: Expr; value?: Expr }

/** A parsed expression: its tree, where each part stands, and what was written where a macro was unfolded. */
export type Tree = {
  source: string
  root: Expr
  /** offset of a part in the source, in UTF-16 units. */
  at(expr: Expr): number
  /** the loop that was written, for a part that is one. */
  loop(expr: Expr): Loop | undefined
  wrong(expr: Expr, code: string, reason: string): ExpressionError
}

/** Parses CEL (the grammar of cel-spec) within the limits of size and depth. Throws ExpressionError. */
export function parseExpression(source: string): Tree {
  if (source.length > EXPRESSION_CHARACTERS_MAX)
    throw new ExpressionError(
      'length',
      source,
      undefined,
      `it has ${source.length} characters; at most ${EXPRESSION_CHARACTERS_MAX} are allowed`,
    )
  checkBrackets(source)
  const { expr: root, sourceInfo } = parseOrExplain(source)
  const positions = sourceInfo?.positions ?? {}
  const macros = sourceInfo?.macroCalls ?? {}
  const tree: Tree = {
    source,
    root,
    at: (expr) => behindSpace(source, Number(positions[String(expr.id)] ?? 0)),
    loop(expr) {
      const written = macros[String(expr.id)]?.exprKind
      return written?.case === 'callExpr' ? loopOf(expr, written.value.function) : undefined
    },
    wrong: (expr, code, reason) => new ExpressionError(code, source, tree.at(expr), reason),
  }
  checkSize(tree, root, 0, { parts: 0 })
  return tree
}

/** The parser gives the blanks before an operator as its place. */
function behindSpace(source: string, offset: number): number {
  return offset + /^\s*/.exec(source.slice(offset))![0].length
}

/** The parser calls itself for each bracket, so their depth is bounded before it begins. */
function checkBrackets(source: string): void {
  let depth = 0
  let quote: string | undefined
  for (let index = 0; index < source.length; index++) {
    const character = source[index]
    if (quote) {
      if (character === '\\') index++
      else if (character === quote) quote = undefined
    } else if (character === '"' || character === "'") quote = character
    else if ('([{'.includes(character) && ++depth > BRACKETS_DEPTH_MAX)
      throw new ExpressionError(
        'depth',
        source,
        index,
        `brackets are nested more than ${BRACKETS_DEPTH_MAX} deep`,
      )
    else if (')]}'.includes(character)) depth--
  }
}

function parseOrExplain(source: string): Parsed {
  if (source.trim() === '') throw new ExpressionError('syntax', source, undefined, 'it is empty')
  try {
    return parseCel(source)
  } catch (error) {
    if (error instanceof RangeError)
      throw new ExpressionError('depth', source, undefined, 'it is nested too deeply')
    const { location } = error as Error & { location?: { start: { offset: number } } }
    if (!location) throw error
    const { offset, reason } = hint(source, location.start.offset)
    throw new ExpressionError('syntax', source, offset, reason)
  }
}

/** What people coming from SQL or a spreadsheet write, and what CEL calls it. */
const SLIPS: [before: RegExp, after: RegExp, say: string][] = [
  [/$/, /^=(?!=)/, 'write == to compare'],
  [/$/, /^<>/, 'write != for "is not"'],
  [/$/, /^and\b/i, 'write && for "and"'],
  [/$/, /^or\b/i, 'write || for "or"'],
  [/\bnot\s+$/i, /^/, 'write ! for "not"'],
  [/$/, /^not\b/i, 'write ! for "not", as in !(category in ["Family"])'],
  [/$/, /^i?like\b/i, 'write name.contains("word") or name.startsWith("word")'],
  [/$/, /^is\b/i, 'write == null or != null'],
  [/$/, /^between\b/i, 'write a >= 1 && a <= 5'],
  [/$/, /^in\s*\(/i, 'write a list in square brackets: in ["a", "b"]'],
  [/$/, /^\S*\s*[‘’“”«»]/, 'write straight quotes: "text"'],
  [/$/, /^["']/, 'a text begins here that does not end, or an operator is missing before it'],
  [/$/, /^$/, 'something is missing at the end'],
]
// The parser gives the operator when what follows it cannot be read.
const OPERATOR = /^(==|!=|<=|>=|&&|\|\||in\b|[-+*/%<>?:!.,([{])\s*/

function hint(source: string, offset: number): { offset: number; reason: string } {
  const [before, after] = [source.slice(0, offset), source.slice(offset)]
  const slip = SLIPS.find(([left, right]) => left.test(before) && right.test(after))
  if (slip) return { offset, reason: slip[2] }
  const [operator] = OPERATOR.exec(after) ?? ['']
  const rest = after.slice(operator.length)
  const reason = /^["']/.test(rest)
    ? 'a text begins here that does not end'
    : rest
      ? `"${Array.from(rest)[0]}" does not belong here`
      : `something is missing after "${operator.trim()}"`
  return { offset: offset + (rest ? operator.length : 0), reason }
}

/** The parser unfolds a loop into a fold; its parts lie where the macros of cel-spec put them. */
function loopOf(expr: Expr, macro: string): Loop | undefined {
  if (expr.exprKind.case !== 'comprehensionExpr') return undefined
  const { iterRange, iterVar, loopStep } = expr.exprKind.value
  if (!iterRange || loopStep?.exprKind.case !== 'callExpr') return undefined
  const step = loopStep.exprKind.value
  const loop = { macro, list: iterRange, variable: iterVar }
  if (macro !== 'map') return { ...loop, condition: step.args[macro === 'all' || macro === 'exists' ? 1 : 0] }
  if (step.function === '_+_') return { ...loop, value: added(loopStep) }
  return { ...loop, condition: step.args[0], value: added(step.args[1]) }
}

/** `x` of `@result + [x]`. */
function added(expr: Expr): Expr {
  const list = expr.exprKind.case === 'callExpr' ? expr.exprKind.value.args[1].exprKind : undefined
  if (list?.case !== 'listExpr') throw new Error('a map() that is not unfolded as cel-spec says')
  return list.value.elements[0]
}

// Goes down no further than the limit, so a hostile tree cannot exhaust the stack here either.
function checkSize(tree: Tree, expr: Expr, depth: number, seen: { parts: number }): void {
  if (++seen.parts > EXPRESSION_PARTS_MAX)
    throw tree.wrong(expr, 'size', `it has more than ${EXPRESSION_PARTS_MAX} parts`)
  if (depth > EXPRESSION_DEPTH_MAX)
    throw tree.wrong(expr, 'depth', `its parts are nested more than ${EXPRESSION_DEPTH_MAX} deep`)
  if (expr.exprKind.case === 'listExpr' && expr.exprKind.value.elements.length > LIST_VALUES_MAX)
    throw tree.wrong(
      expr,
      'list',
      `a list has ${expr.exprKind.value.elements.length} values; at most ${LIST_VALUES_MAX} are allowed`,
    )
  for (const child of childrenOf(expr)) checkSize(tree, child, depth + 1, seen)
}

function childrenOf(expr: Expr): Expr[] {
  const kind = expr.exprKind
  switch (kind.case) {
    case 'callExpr':
      return [...(kind.value.target ? [kind.value.target] : []), ...kind.value.args]
    case 'selectExpr':
      return kind.value.operand ? [kind.value.operand] : []
    case 'listExpr':
      return kind.value.elements
    case 'structExpr':
      return kind.value.entries.flatMap(({ keyKind, value }) => [
        ...(keyKind.case === 'mapKey' ? [keyKind.value] : []),
        ...(value ? [value] : []),
      ])
    case 'comprehensionExpr': {
      const { iterRange, loopStep } = kind.value
      return [iterRange, loopStep].filter((each) => each !== undefined)
    }
    default:
      return []
  }
}

/** How many parts are evaluated, at most, for one item of a loop; a loop inside counts its own. */
export function partsOf(expr: Expr | undefined): number {
  if (!expr) return 0
  if (expr.exprKind.case === 'comprehensionExpr') return 1
  return childrenOf(expr).reduce((sum, each) => sum + partsOf(each), 1)
}
