import { exportDocuments } from '../../engine/export.ts'
import { parseQuery } from '../../engine/query.ts'
import type { Engine } from '../../engine/types.ts'
import { withView } from '../../engine/views.ts'
import { write } from '../../intake/writers/index.ts'
import { fileColumns } from '../../kernel/document.ts'
import { badRequest } from '../../kernel/problem.ts'
import type { Resource } from '../../kernel/resource.ts'
import { parametersOf, wordOf } from '../http/parameters.ts'
import type { Route } from '../http/route.ts'
import { actorOf } from '../identity.ts'
import { download, FILE_TYPES } from '../openapi/files.ts'
import { sendFile, started } from './download.ts'

const FORMATS = Object.keys(FILE_TYPES) as (keyof typeof FILE_TYPES)[]
const PROFILES = ['spreadsheet', 'raw'] as const
/** Parameters of a list that make no sense for a whole file. */
const OF_PAGES = ['sort', 'limit', 'cursor', 'fields', 'expand', 'facets', 'count']

/** All matching records as a file, under the rules and filters of the list, from one snapshot. */
export function exportRoute(engine: Engine, resource: Resource): Route {
  return {
    method: 'GET',
    path: `/api/${resource.plural}/export`,
    file: true,
    operation: download(resource),
    async handle(request, reply) {
      const { format: asked, profile: escaped, ...selection } = parametersOf(request)
      const format = wordOf('format', single('format', asked), FORMATS)
      if (!format) throw badRequest('format', `Say which format: ${FORMATS.join(', ')}.`)
      const profile = wordOf('profile', single('profile', escaped), PROFILES) ?? 'spreadsheet'
      const paged = OF_PAGES.find((name) => name in selection)
      if (paged)
        throw badRequest(paged, `${paged} is for lists; an export holds every matching record, oldest first.`)
      const actor = actorOf(request)
      const { parameters } = await withView(engine, actor, resource.name, selection)
      const query = parseQuery(engine, resource.name, parameters)
      const documents = await started(exportDocuments(engine, actor, resource.name, query))
      const body = write(format, fileColumns(resource), documents, { profile, sheet: resource.plural })
      return sendFile(reply, { name: fileName(resource, format), type: FILE_TYPES[format], body })
    },
  }
}

function single(name: string, value: string | string[] | undefined): string | undefined {
  if (!Array.isArray(value)) return value
  throw badRequest('parameter', `${name} is given ${value.length} times; give it once.`)
}

function fileName({ plural }: Resource, format: string): string {
  return `${plural}-${new Date().toISOString().slice(0, 10)}.${format}`
}
