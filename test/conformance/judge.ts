import { Ajv2020 } from 'ajv/dist/2020.js'
import formats from 'ajv-formats'
import { problems } from '../../src/doors/docs/problems.ts'
import type { Document } from '../../src/doors/openapi.ts'
import type { Schema } from './values.ts'

export type Answered = {
  status: number
  headers: { [name: string]: string | string[] | number | undefined }
  text: string
}

/** Says what in an answer is not as the document has it; undefined when nothing is. */
export type Judge = (path: string, method: string, answer: Answered) => string | undefined

/** Validates answers against an OpenAPI 3.1 document, whose schemas are JSON Schema 2020-12. */
export function judgeBy(document: Document): Judge {
  const ajv = new Ajv2020({ strict: false, allErrors: true })
  // biome-ignore lint/suspicious/noExplicitAny: a module of the old kind, whose default is the module or the function
  ;((formats as any).default ?? formats)(ajv)
  ajv.addSchema({ $id: 'doc', ...document })
  const components = document.components as { responses: Schema; headers: Schema }
  const responseOf = (path: string, method: string, status: number): [Schema, string] | undefined => {
    const { responses } = document.paths[path][method] as { responses: Schema }
    const found = responses[status]
    if (!found) return undefined
    if (!found.$ref) return [found, `#/paths/${escaped(path)}/${method}/responses/${status}`]
    return [components.responses[found.$ref.split('/').at(-1)], found.$ref]
  }
  return (path, method, { status, headers, text }) => {
    if (status >= 500) return 'a 5xx'
    const [response, place] = responseOf(path, method, status) ?? []
    if (!response) return `the status ${status} is not documented`
    const stray = Object.keys(components.headers).find(
      (name) => name.toLowerCase() in headers && !(name in (response.headers ?? {})),
    )
    if (stray) return `the header ${stray} is not documented for ${status}`
    if (!headers['x-request-id']) return 'it has no X-Request-ID'
    if (!response.content)
      return text || headers['content-type'] ? 'it has a body or its type, and none is documented' : undefined
    const type = String(headers['content-type']).split(';')[0]
    if (type.endsWith('json') && !isJson(text)) return `it is no JSON: ${text.slice(0, 80)}`
    if (!response.content[type] && !response.content[String(headers['content-type'])])
      return `the content type ${type} is not documented for ${status}`
    if (type === 'application/problem+json') return problemFault(status, text)
    if (!type.endsWith('json')) return undefined
    const validate = ajv.compile({ $ref: `doc${place}/content/${escaped(type)}/schema` })
    return validate(JSON.parse(text)) ? undefined : ajv.errorsText(validate.errors)
  }
}

function isJson(text: string): boolean {
  try {
    JSON.parse(text)
    return true
  } catch {
    return false // told by the caller
  }
}

/** The schema is closed in the tests of the door; here that its code has a place in the documentation, with this status. */
function problemFault(status: number, text: string): string | undefined {
  const body = JSON.parse(text)
  const code = /^\/docs\/problems#([a-z0-9_.]+)$/.exec(body.type)?.[1]
  if (!code || !problems[code]?.statuses.includes(status)) return `${body.type} with ${status} is on no page`
  return body.status === status ? undefined : `its status is ${body.status}`
}

function escaped(text: string): string {
  return encodeURIComponent(text.replaceAll('~', '~0').replaceAll('/', '~1'))
}
