import { type Html, html, prose } from './html.ts'
import { methodMark } from './operation.ts'
import type { Chapter } from './pages.ts'

/** The first page: how to begin, what holds for every call, and where each one is described. */
export function overview(description: string, chapters: readonly Chapter[]): Html {
  return html`<h1>The API of Serai</h1>
<p>${prose(description)}</p>
<h2 id="begin">Begin</h2>
<p>An owner makes a token; every call carries it.</p>
<pre><code>export SERAI=http://127.0.0.1:7700
export TOKEN=$(serai token create --role manager --name till | head -1)
curl "$SERAI/api/products?limit=2" -H "Authorization: Bearer $TOKEN"</code></pre>
<p>Programs read the same as <a href="/api/openapi.json">OpenAPI 3.1</a>, and what their token may see and do at
<code>/api/describe</code>. A typed client for TypeScript lies in <code>client/</code>.</p>
<h2 id="everywhere">What holds everywhere</h2>
<dl>
${CONVENTIONS.map(([term, text]) => html`<dt>${term}<dd>${prose(text)}`)}
</dl>
<h2 id="operations">All operations</h2>
${chapters.map(chapterIndex)}`
}

function chapterIndex({ name, href, operations }: Chapter): Html {
  return html`<h3><a href="${href}">${name}</a></h3><div class="table"><table><tbody>${operations.map(
    ({ method, path, operation }) =>
      html`<tr><td>${methodMark(method)}<td class="wrap"><a href="${href}#${operation.operationId}"><code>${path}</code></a><td>${prose(operation.summary)}`,
  )}</tbody></table></div>`
}

const CONVENTIONS: readonly [string, string][] = [
  [
    'Lists',
    '`?q=` searches, `?filter=` takes a condition in CEL (`category == "Family" && duration_hours <= 4`), `?field=value` asks for equality, `?sort=-price_from,product_name` orders, `?limit=` is 50 and at most 500. `next` is the cursor of the next page, and `Link` its URL.',
  ],
  [
    'Writes',
    'Every one takes `?dry_run=true` (the real constraints, nothing written), `?reason=` (kept with the event) and `Idempotency-Key` (the same request with the same key is done once). `Serai-Change` names the change, which `POST /api/changes/{id}/undo` takes back.',
  ],
  [
    'Versions',
    'A read carries an `ETag`. Sent back as `If-None-Match` it is answered with 304 while nothing changed; as `If-Match` with a change it is answered with 412 when somebody was faster. The ETag of a record begins with its version; for `If-Match` only the version counts.',
  ],
  [
    'Money, times, periods',
    '`{"amount": 14900, "currency": "AED"}` in minor units; RFC 3339 in UTC; `YYYY-MM-DD`; periods without their last day.',
  ],
  [
    'Problems',
    'A refusal is `application/problem+json` (RFC 9457). Its `type` leads to a page that says what it means and what to do; `errors` says where, with a JSON Pointer for each.',
  ],
  [
    'Retries',
    '429, 503, and 409 where another writer is at it, carry `Retry-After`. Nothing was changed; send the same again, writes with their `Idempotency-Key`.',
  ],
]
