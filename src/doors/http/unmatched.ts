import type { FastifyReply, FastifyRequest } from 'fastify'
import { nearest } from '../../kernel/nearest.ts'
import { Problem } from '../../kernel/problem.ts'
import type { Route } from './route.ts'

/** Answers where no route is: 405 with `Allow` when another method would do, otherwise 404 with a hint. */
export function unmatched(routes: readonly Route[], plurals: readonly string[]) {
  return async (request: FastifyRequest, reply: FastifyReply): Promise<never> => {
    const steps = stepsOf(request.url.split('?')[0])
    const there = routes.filter((route) => leadsTo(stepsOf(route.path), steps))
    if (there.length === 0) throw new Problem(404, 'not_found', 'Not found', hint(request, steps, plurals))
    const allowed = [
      ...new Set(
        there.flatMap(({ method, file }) => (method === 'GET' && !file ? ['GET', 'HEAD'] : [method])),
      ),
    ]
    reply.header('allow', allowed.join(', '))
    throw new Problem(
      405,
      'method',
      'Method not allowed',
      `${request.method} is not for ${request.url.split('?')[0]}; use ${allowed.join(' or ')}.`,
    )
  }
}

function stepsOf(path: string): string[] {
  return path.split('/').filter(Boolean)
}

function leadsTo(pattern: string[], steps: string[]): boolean {
  return (
    pattern.length === steps.length &&
    pattern.every((step, index) => step.startsWith('{') || step === steps[index])
  )
}

function hint(request: FastifyRequest, [root, name = '']: string[], plurals: readonly string[]): string {
  const nothing = `There is nothing at ${request.method} ${request.url.split('?')[0].slice(0, 200)}`
  if (root !== 'api') return `${nothing}. The API begins at /api.`
  if (plurals.includes(name)) return `${nothing}; /api/openapi.json lists what ${name} have.`
  const meant = nearest(name, plurals)
  return `${nothing}; ${meant ? `did you mean /api/${meant}?` : `there are ${plurals.join(', ')}.`}`
}
