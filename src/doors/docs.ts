import type { FastifyReply } from 'fastify'
import type { Actor } from '../kernel/actor.ts'
import { Problem } from '../kernel/problem.ts'
import { escaped, PAGE_POLICY, page, table } from './docs/page.ts'
import { PROBLEMS } from './docs/problems.ts'
import { referencePage } from './docs/reference.ts'
import { notThisMachine } from './http/local.ts'
import type { Route } from './http/route.ts'
import { actorOfHeader } from './identity.ts'
import type { Document } from './openapi.ts'

const TYPE = 'text/html; charset=utf-8'
const answers = { 200: { description: 'The page.', types: ['text/html'], schema: { type: 'string' } } }

/** Pages for people: the API, and what each problem means. No script, nothing from another address. */
export function docsRoutes(
  document: () => Document,
  authenticate: (token: string) => Promise<Actor | null>,
): Route[] {
  let reference: string | undefined
  return [
    {
      method: 'GET',
      path: '/api/docs',
      open: true,
      operation: {
        id: 'docs',
        summary: 'This API, for people.',
        tag: 'operations',
        answers,
        problems: [401],
      },
      async handle(request, reply) {
        // A browser has no token to send; from this machine it needs none.
        if (notThisMachine(request) && !(await actorOfHeader(request.headers.authorization, authenticate)))
          throw new Problem(
            401,
            'unauthorized',
            'Who are you?',
            'From another machine, /api/docs needs a token.',
          )
        reference ??= referencePage(document())
        return sendPage(reply, reference)
      },
    },
    {
      method: 'GET',
      path: '/docs/problems',
      open: true,
      operation: {
        id: 'problems',
        summary: 'What each problem means and what to do.',
        tag: 'operations',
        answers,
      },
      handle: async (_request, reply) => sendPage(reply, problemsPage()),
    },
  ]
}

function sendPage(reply: FastifyReply, html: string): FastifyReply {
  return reply.type(TYPE).header('content-security-policy', PAGE_POLICY).send(html)
}

function problemsPage(): string {
  const rows = Object.entries(PROBLEMS).map(([code, [status, meaning]]) => [
    `<code id="${escaped(code)}">${escaped(code)}</code>`,
    String(status),
    escaped(meaning),
  ])
  const intro =
    '<p>An answer of type <code>application/problem+json</code> (RFC 9457) says in <code>detail</code> what happened and what to do, and in <code>errors</code> where. Its <code>type</code> ends with one of these codes, or with the name of the parameter or header that cannot be used.</p>'
  return page(
    'Problems',
    [['/api/docs', 'API reference']],
    intro + table(['Code', 'Status', 'What it means, and what to do'], rows),
  )
}
