import type { JsonSchema } from '../../kernel/field.ts'
import { JSON_TYPE } from '../http/body.ts'
import type { Parameter } from '../http/route.ts'
import { exampleOf } from './example.ts'
import { type Html, html, prose } from './html.ts'
import { limitsText, type Schemas, typeText } from './schema.ts'

/** Longer tables of parameters are folded. */
const PARAMETERS_SHOWN = 12

/** An operation as the document has it. */
export type DocumentedOperation = {
  operationId: string
  summary: string
  tags: string[]
  security?: unknown
  parameters?: Parameter[]
  requestBody?: { required: boolean; content: { [type: string]: { schema: JsonSchema } } }
  responses: { [status: string]: DocumentedAnswer }
}
type DocumentedAnswer = {
  $ref?: string
  description?: string
  headers?: { [name: string]: unknown }
  content?: { [type: string]: { schema: JsonSchema } }
}
export type Place = { path: string; method: string; operation: DocumentedOperation }

/** What one operation takes and gives, with a call to try. */
export function operationArticle(place: Place, schemas: Schemas): Html {
  const { path, method, operation } = place
  return html`<article id="${operation.operationId}">
<h3>${methodMark(method)} <a href="#${operation.operationId}"><code>${path}</code></a></h3>
<p>${prose(operation.summary)}${operation.security !== undefined && html` <span class="soft">Answers without a token.</span>`}</p>
${parametersTable(operation.parameters ?? [])}
${operation.requestBody && bodyText(operation.requestBody)}
<h4>Try it</h4>
<pre><code>${curlOf(place, schemas)}</code></pre>
<h4>Answers</h4>
${answersTable(operation.responses)}
${answerExample(operation.responses, schemas)}
</article>`
}

export function methodMark(method: string): Html {
  return html`<span class="method ${method.toUpperCase()}">${method.toUpperCase()}</span>`
}

function parametersTable(parameters: Parameter[]): Html | false {
  if (parameters.length === 0) return false
  const table = html`<div class="table"><table><thead><tr><th>Name<th>Kind<th>Meaning</thead><tbody>${parameters.map(parameterRow)}</tbody></table></div>`
  return parameters.length > PARAMETERS_SHOWN
    ? html`<h4>Parameters</h4><details><summary>${parameters.length} parameters: ${parameters.map(({ name }) => name).join(', ')}</summary>${table}</details>`
    : html`<h4>Parameters</h4>${table}`
}

function parameterRow({ name, in: where, required, description, schema }: Parameter): Html {
  return html`<tr><td><code>${name}</code>${required && html` <span class="must">required</span>`}<br><span class="soft">${where}</span><td class="wrap type">${typeText(schema)}<td>${description && prose(description)} <span class="soft">${limitsText(schema)}</span>`
}

function bodyText({ required, content }: NonNullable<DocumentedOperation['requestBody']>): Html {
  const types = Object.keys(content)
  return html`<h4>Body</h4><p>${required ? 'Required: ' : 'If any: '}${typeText(content[types[0]].schema)} <span class="soft">as ${types.join(' or ')}</span></p>`
}

function answersTable(responses: DocumentedOperation['responses']): Html {
  const entries = Object.entries(responses)
  const good = entries.filter(([, { $ref }]) => $ref === undefined)
  const problems = entries.flatMap(([status, { $ref }]) => ($ref === undefined ? [] : [status]))
  return html`<div class="table"><table><tbody>${good.map(answerRow)}</tbody></table></div>
<p class="soft">Problems: ${problems.map((status, index) => html`${index ? ', ' : ''}<a href="/docs/problems#status-${status}">${status}</a>`)}</p>`
}

function answerRow([status, { description = '', headers = {}, content = {} }]: [
  string,
  DocumentedAnswer,
]): Html {
  const [first] = Object.entries(content)
  return html`<tr><td><code>${status}</code><td>${prose(description)}${first && html` <span class="type">${typeText(first[1].schema)}</span>`}<td class="soft">${Object.keys(headers).join(', ')}`
}

/** What the first good answer may look like, folded: records are long. */
function answerExample(responses: DocumentedOperation['responses'], schemas: Schemas): Html | false {
  const [, answer] = Object.entries(responses).find(([status]) => status === '201' || status === '200') ?? []
  const schema = answer?.content?.[JSON_TYPE]?.schema
  if (!schema) return false
  return html`<details><summary>Example of an answer</summary><pre><code>${JSON.stringify(exampleOf(schema, schemas), null, 2)}</code></pre></details>`
}

/** A call with curl that says all that is required. `$SERAI` and `$TOKEN` are the reader's own. */
export function curlOf({ path, method, operation }: Place, schemas: Schemas): string {
  const { parameters = [], requestBody, security } = operation
  const url = path.replaceAll(/\{(\w+)\}/g, (_, name: string) => `$${name.toUpperCase()}`)
  const query = parameters
    .filter((each) => each.in === 'query' && each.required)
    .map(({ name, schema }) => `${name}=${encodeURIComponent(String(exampleOf(schema, schemas, name)))}`)
  const lines = [`curl "$SERAI${url}${query.length ? `?${query.join('&')}` : ''}"`]
  if (method !== 'get') lines[0] = lines[0].replace('curl', `curl -X ${method.toUpperCase()}`)
  if (security === undefined) lines.push('-H "Authorization: Bearer $TOKEN"')
  if (requestBody?.required) lines.push(...bodyLines(requestBody.content, schemas))
  return lines.join(' \\\n  ')
}

function bodyLines(content: { [type: string]: { schema: JsonSchema } }, schemas: Schemas): string[] {
  const [[type, { schema }]] = Object.entries(content)
  if (type === 'multipart/form-data') return ["-F 'resource=product'", "-F 'file=@products.xlsx'"]
  const body = JSON.stringify(exampleOf(schema, schemas), null, 2)
  return [`-H 'Content-Type: ${type}'`, `-d '${body.replaceAll("'", "'\\''")}'`]
}
