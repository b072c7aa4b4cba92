import { type Fault, fault } from '../../kernel/fault.ts'

const SHOWN_BEFORE = 60
const SHOWN_AFTER = 40

/** An expression that cannot be understood. `offset` counts UTF-16 units; without one the whole expression is meant. */
export class ExpressionError extends Error {
  /** stable name of what is wrong: `syntax`, `name`, `kind`, `length`, `depth`, `size`, … */
  readonly code: string
  readonly source: string
  readonly offset: number | undefined
  readonly reason: string
  constructor(code: string, source: string, offset: number | undefined, reason: string) {
    super(reason)
    this.name = 'ExpressionError'
    this.code = code
    this.source = source
    this.offset = offset
    this.reason = reason
  }

  /** What is wrong and where, for people, with a caret under the character: `The filter is wrong at character 8: …`. */
  describe(what: string): string {
    const reason = /[.?!]$/.test(this.reason) ? this.reason : `${this.reason}.`
    if (this.offset === undefined) return `${what} is wrong: ${reason}`
    const place = Array.from(this.source.slice(0, this.offset)).length + 1
    return `${what} is wrong at character ${place}: ${reason}\n${caret(this.source, this.offset)}`
  }

  /** The same as a fault of the field or parameter that holds the expression. */
  fault(path: string, what: string): Fault {
    return fault(path, `expression.${this.code}`, this.describe(what), this.source.slice(0, 200))
  }
}

/** The line of the source that holds the place, cut around it, and a caret under the character. */
function caret(source: string, offset: number): string {
  const start = source.lastIndexOf('\n', offset - 1) + 1
  const end = source.indexOf('\n', offset)
  const from = Math.max(start, offset - SHOWN_BEFORE)
  const to = Math.min(end < 0 ? source.length : end, offset + SHOWN_AFTER)
  const before = `${from > start ? '…' : ''}${plain(source.slice(from, offset))}`
  const after = `${plain(source.slice(offset, to))}${to < (end < 0 ? source.length : end) ? '…' : ''}`
  return `  ${before}${after}\n  ${' '.repeat(Array.from(before).length)}^`
}

function plain(text: string): string {
  return text.toWellFormed().replaceAll(/\p{Cc}/gu, ' ')
}
