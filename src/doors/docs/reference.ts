import type { JsonSchema } from '../../kernel/field.ts'
import type { Document } from '../openapi.ts'
import { escaped, page, table } from './page.ts'

type Operation = {
  operationId: string
  summary: string
  tags: string[]
  parameters?: { name: string; in: string; required?: boolean; description?: string; schema: JsonSchema }[]
  requestBody?: { content: { [type: string]: { schema: JsonSchema } } }
  responses: {
    [status: string]: {
      $ref?: string
      description?: string
      content?: { [type: string]: { schema: JsonSchema } }
    }
  }
}
type Entry = { method: string; path: string; operation: Operation }

/** The OpenAPI document as a page for people: by tag, each operation with its parameters, an example, and what it answers. */
export function referencePage(document: Document): string {
  const entries = Object.entries(document.paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, operation]) => ({
      method: method.toUpperCase(),
      path,
      operation: operation as Operation,
    })),
  )
  const groups = [...Map.groupBy(entries, ({ operation }) => operation.tags[0])]
  const schemas = Object.entries(document.components.schemas as { [name: string]: JsonSchema })
  const links = [
    ['/docs/problems', 'Problems'],
    ['/api/openapi.json', 'OpenAPI 3.1'],
    ...groups.map(([tag]) => [`#${tag}`, tag]),
    ['#schemas', 'Schemas'],
  ] as [string, string][]
  const body = [
    `<p>Release ${escaped(document.info.version)}. ${code(document.info.description)}</p>`,
    '<p>Every call needs a token: <code>Authorization: Bearer srt_…</code>, made with <code>serai token create --role manager</code>.</p>',
    ...groups.map(
      ([tag, list]) => `<h2 id="${escaped(tag)}">${escaped(tag)}</h2>\n${list.map(operationHtml).join('\n')}`,
    ),
    `<h2 id="schemas">Schemas</h2>\n${schemas.map(([name, schema]) => schemaHtml(name, schema)).join('\n')}`,
  ]
  return page('API reference', links, body.join('\n'))
}

function operationHtml({ method, path, operation }: Entry): string {
  const { operationId, summary, parameters = [], requestBody, responses } = operation
  const [type, content] = Object.entries(requestBody?.content ?? {})[0] ?? []
  return `<details id="${escaped(operationId)}"><summary><span class="method">${method}</span><code>${escaped(path)}</code><span class="says">${code(summary)}</span></summary><div>
${parameters.length ? `<h3>Parameters</h3>${table(['Name', 'In', 'Value', 'What it says'], parameters.map(parameterRow))}` : ''}
${content ? `<h3>Body (${escaped(type)})</h3><pre>${shape(content.schema)}</pre>` : ''}
<h3>Answers</h3>${table(['Status', 'What it says'], Object.entries(responses).map(answerRow))}
<h3>Example</h3><pre>${escaped(example(method, path, type))}</pre></div></details>`
}

function parameterRow({
  name,
  in: place,
  required,
  description = '',
  schema,
}: NonNullable<Operation['parameters']>[number]): string[] {
  return [`<code>${escaped(name)}</code>${required ? ' *' : ''}`, place, shape(schema), code(description)]
}

function answerRow([status, { $ref, description = '', content }]: [
  string,
  Operation['responses'][string],
]): string[] {
  if ($ref) return [status, '<a href="/docs/problems">A problem.</a>']
  const schema = Object.values(content ?? {})[0]?.schema
  return [status, `${code(description)} ${schema ? shape(schema) : ''}`]
}

function example(method: string, path: string, type: string | undefined): string {
  const file = type && !type.includes('json')
  const body = type ? ` \\\n  -H 'content-type: ${type}' ${file ? '--data-binary @FILE' : "-d '{…}'"}` : ''
  return `curl ${method === 'GET' ? '' : `-X ${method} `}'http://127.0.0.1:7700${path}' -H "authorization: Bearer $TOKEN"${body}`
}

function schemaHtml(name: string, schema: JsonSchema): string {
  const properties = Object.entries((schema.properties ?? {}) as { [name: string]: JsonSchema })
  const required = (schema.required ?? []) as string[]
  const rows = properties.map(([property, each]) => [
    `<code>${escaped(property)}</code>${required.includes(property) ? ' *' : ''}`,
    shape(each),
    code(String(each.description ?? '')),
  ])
  return `<details id="schema-${escaped(name)}"><summary><code>${escaped(name)}</code><span class="says">${code(String(schema.description ?? ''))}</span></summary><div>${
    rows.length ? table(['Member', 'Value', 'What it says'], rows) : `<pre>${shape(schema)}</pre>`
  }</div></details>`
}

/** A schema in a few words, with a link where it has a name. */
function shape(schema: JsonSchema): string {
  const {
    $ref,
    type,
    enum: values,
    items,
    format,
    anyOf,
    oneOf,
    const: only,
  } = schema as {
    $ref?: string
    type?: string | string[]
    enum?: unknown[]
    items?: JsonSchema
    format?: string
    anyOf?: JsonSchema[]
    oneOf?: JsonSchema[]
    const?: unknown
  }
  if ($ref) {
    const name = $ref.split('/').at(-1)!
    return `<a href="#schema-${escaped(name)}">${escaped(name)}</a>`
  }
  if (anyOf ?? oneOf) return (anyOf ?? oneOf)!.map(shape).join(' or ')
  if (only !== undefined) return escaped(JSON.stringify(only))
  if (values) return values.map((value) => escaped(JSON.stringify(value))).join(' · ')
  if (items) return `list of ${shape(items)}`
  const kind = Array.isArray(type) ? type.join(' or ') : (type ?? 'anything')
  return escaped([kind, format, ...bounds(schema)].filter(Boolean).join(', '))
}

function bounds({ minimum, maximum, minLength, maxLength, default: usual }: JsonSchema): string[] {
  const range = (least: unknown, most: unknown, what: string) =>
    least === undefined && most === undefined ? [] : [`${least ?? ''}–${most ?? ''}${what}`]
  return [
    ...range(minimum, maximum, ''),
    ...range(minLength, maxLength, ' characters'),
    ...(usual === undefined ? [] : [`usually ${JSON.stringify(usual)}`]),
  ]
}

/** Text in which `words between backticks` are code. */
function code(text: string): string {
  return escaped(text).replaceAll(/`([^`]+)`/g, '<code>$1</code>')
}
