import { createHash } from 'node:crypto'
import { badRequest } from '../kernel/problem.ts'

const CHECK_CHARACTERS = 12

/** Where a page ended: the sort values of its last record, bound to the question that it continues. */
export function encodeCursor(question: unknown, values: unknown[]): string {
  const body = Buffer.from(JSON.stringify(values)).toString('base64url')
  return `${body}.${check(question, body)}`
}

/** The values of a cursor; 400 when it was altered, cut, or belongs to another question. */
export function decodeCursor(question: unknown, cursor: string): unknown[] {
  const [body, sum, ...rest] = cursor.split('.')
  if (!body || rest.length > 0 || sum !== check(question, body))
    throw badRequest(
      'cursor',
      'The cursor does not belong to this list (it was altered, or the filter or sort changed). Start again without it.',
    )
  return JSON.parse(Buffer.from(body, 'base64url').toString()) as unknown[]
}

// Not a secret: rights are checked anew on every page. It finds mistakes.
function check(question: unknown, body: string): string {
  return createHash('sha256')
    .update(`${JSON.stringify(question)}\n${body}`)
    .digest('base64url')
    .slice(0, CHECK_CHARACTERS)
}
