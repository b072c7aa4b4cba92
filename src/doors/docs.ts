import type { FastifyReply, FastifyRequest } from 'fastify'
import { notFound } from '../kernel/problem.ts'
import { overview } from './docs/overview.ts'
import { type Place, type Places, page } from './docs/page.ts'
import { type Chapter, chapterContent, chaptersOf, ROOT } from './docs/pages.ts'
import { problemsContent } from './docs/problems.ts'
import { POLICY } from './docs/style.ts'
import { sendText } from './http/conditional.ts'
import { onlyParameters } from './http/parameters.ts'
import type { Operation, Route } from './http/route.ts'
import { ifNoneMatchParameter } from './openapi/parameters.ts'
import type { Document } from './openapi.ts'

const PROBLEMS: Place = { title: 'Problems', href: '/docs/problems' }

/**
 * The documentation for people: pages of the document, without a script and without anything from elsewhere. They are open,
 * for a browser has no token, and tell what the software can do and nothing of what is in it.
 */
export function docsRoutes(document: () => Document): Route[] {
  const pages = new Map<string, string>()
  const send = async (request: FastifyRequest, reply: FastifyReply, href: string) => {
    onlyParameters(request, [])
    if (pages.size === 0) for (const [at, text] of pagesOf(document())) pages.set(at, text)
    const text = pages.get(href)
    if (text === undefined) throw notFound(`There is no such page; ${ROOT} lists those there are.`)
    reply.header('content-security-policy', POLICY)
    return sendText(request, reply, { type: 'text/html; charset=utf-8', text, cache: 'no-cache' })
  }
  return [
    route('docs', ROOT, 'How to use the API, for people.', (request, reply) => send(request, reply, ROOT)),
    route('docsPage', `${ROOT}/{page}`, 'The operations of one resource, for people.', (request, reply) =>
      send(request, reply, `${ROOT}/${(request.params as { page: string }).page}`),
    ),
    route('docsProblems', PROBLEMS.href, 'What each problem means, and what to do.', (request, reply) =>
      send(request, reply, PROBLEMS.href),
    ),
  ]
}

/** Every page by its address: made once, for the document does not change while the process runs. */
export function* pagesOf(document: Document): Generator<[string, string]> {
  const chapters = chaptersOf(document)
  const { version, description } = document.info
  const write = (
    title: string,
    here: string,
    content: Parameters<typeof page>[0]['content'],
  ): [string, string] => [here, page({ title, version, here, content, places: placesOf(chapters) })]
  yield write('The API', ROOT, overview(description, chapters))
  for (const chapter of chapters) yield write(chapter.name, chapter.href, chapterContent(chapter, document))
  yield write(PROBLEMS.title, PROBLEMS.href, problemsContent())
}

function placesOf(chapters: readonly Chapter[]): Places {
  const start: Place[] = [{ title: 'Begin', href: ROOT }, PROBLEMS]
  const places = chapters.map(({ name, href, operations }) => ({
    title: name,
    href,
    anchors: operations.map(({ operation }) => ({
      title: operation.operationId,
      href: `#${operation.operationId}`,
    })),
  }))
  return [
    { title: 'The API', places: start },
    { title: 'Operations', places },
  ]
}

function route(id: string, path: string, summary: string, handle: Route['handle']): Route {
  return { method: 'GET', path, open: true, operation: operationOf(id, path, summary), handle }
}

function operationOf(id: string, path: string, summary: string): Operation {
  const name = {
    name: 'page',
    in: 'path',
    required: true,
    description: 'A tag.',
    schema: { type: 'string' },
  } as const
  const named = path.includes('{')
  return {
    id,
    summary,
    tag: 'operations',
    parameters: [...(named ? [name] : []), ifNoneMatchParameter],
    answers: {
      200: { description: 'A page.', types: ['text/html'], schema: { type: 'string' }, headers: ['ETag'] },
      304: { description: 'The caller holds just that.', headers: ['ETag'] },
    },
    ...(named ? { problems: [404] } : {}),
  }
}
