import type { Socket } from 'node:net'
import { uuidv7 } from '../../kernel/uuid.ts'

const ANSWERS: { [code: string]: { status: string; code: string; detail: string } } = {
  HPE_HEADER_OVERFLOW: {
    status: '431 Request Header Fields Too Large',
    code: 'headers.size',
    detail:
      'The request line and headers are larger than 40 KB. Shorten the URL, or drop cookies and headers.',
  },
  ERR_HTTP_REQUEST_TIMEOUT: {
    status: '408 Request Timeout',
    code: 'timeout',
    detail: 'The request did not arrive in time. Send it again.',
  },
}
const MALFORMED = {
  status: '400 Bad Request',
  code: 'http.syntax',
  detail: 'This is not a well-formed HTTP/1.1 request.',
}

/** Answers what the HTTP parser could not read: there is no request yet, so the answer is written by hand. */
export function answerBroken(error: Error & { code?: string }, socket: Socket): void {
  if (error.code === 'ECONNRESET' || socket.destroyed) return
  if (!socket.writable) return void socket.destroy()
  const { status, code, detail } = ANSWERS[error.code ?? ''] ?? MALFORMED
  const body = JSON.stringify({
    type: `/docs/problems#${code}`,
    title: status.slice(4),
    status: Number(status.slice(0, 3)),
    detail,
    request_id: uuidv7(),
    errors: [],
  })
  const head = [
    `HTTP/1.1 ${status}`,
    'Content-Type: application/problem+json',
    `Content-Length: ${Buffer.byteLength(body)}`,
    'Connection: close',
  ]
  socket.end(`${head.join('\r\n')}\r\n\r\n${body}`)
}
