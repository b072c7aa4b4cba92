import type { Resource } from '../../kernel/resource.ts'
import { type Compiled, compileExpression, type Scope } from './compile.ts'
import { ExpressionError } from './error.ts'
import { display, EvaluationError } from './value.ts'

/** Values in one message. */
const VALUES_MAX = 20
const VALUE = /\{\{(.*?)\}\}/g

export type Template = { fields: ReadonlySet<string>; fill(scope: Scope): string }

/**
 * A message with values: what stands in double braces is an expression over the record, `{{product_name}} costs
 * {{price_from}}`. Throws ExpressionError that points into the message. A value that cannot be had is shown as `?`.
 */
export function compileTemplate(resource: Resource, message: string): Template {
  const found = [...message.matchAll(VALUE)]
  if (found.length > VALUES_MAX)
    throw new ExpressionError(
      'size',
      message,
      found[VALUES_MAX].index,
      `a message has at most ${VALUES_MAX} values`,
    )
  const values = found.map((match) => compileAt(resource, message, match[1], match.index + 2))
  const texts = message.split(VALUE).filter((_, index) => index % 2 === 0)
  return {
    fields: new Set(values.flatMap(({ fields }) => [...fields])),
    fill: (scope) =>
      texts.map((text, index) => text + (values[index] ? shown(values[index], scope) : '')).join(''),
  }
}

function compileAt(resource: Resource, message: string, source: string, start: number): Compiled {
  try {
    return compileExpression(resource, source)
  } catch (error) {
    if (!(error instanceof ExpressionError)) throw error
    throw new ExpressionError(error.code, message, start + (error.offset ?? 0), error.reason)
  }
}

function shown(value: Compiled, scope: Scope): string {
  try {
    return display(value.evaluate(scope))
  } catch (error) {
    if (error instanceof EvaluationError) return '?'
    throw error
  }
}
