import { STATUS_CODES } from 'node:http'
import { type Html, html, prose } from './html.ts'
import { doorProblems } from './problems/doors.ts'
import { fileProblems } from './problems/files.ts'
import { houseProblems } from './problems/house.ts'
import { recordProblems } from './problems/records.ts'
import { requestProblems } from './problems/requests.ts'
import type { ProblemEntry, ProblemTable } from './problems/table.ts'

const FAMILIES: readonly [string, ProblemTable][] = [
  ['The request', requestProblems],
  ['Records and changes', recordProblems],
  ['Files, imports and exports', fileProblems],
  ['Other doors, other times', doorProblems],
  ['The house', houseProblems],
]

/** Every code that the `type` of a problem may name. */
export const problems: ProblemTable = Object.assign({}, ...FAMILIES.map(([, table]) => table))

/** The page to which the `type` of every problem leads. */
export function problemsContent(): Html {
  return html`<h1>Problems</h1>
<p>A refusal is <code>application/problem+json</code> (RFC 9457). Its <code>type</code> is a place on this page, its <code>detail</code>
says what happened and what to do, its <code>errors</code> say where: a JSON Pointer, a code such as <code>price.precision</code>, and what is
allowed. The <code>request_id</code> stands in the log. A refused request changed nothing.</p>
${statusIndex()}
${FAMILIES.map(([title, table]) => html`<h2>${title}</h2>${Object.entries(table).map(([code, entry]) => problemSection(code, entry))}`)}`
}

function statusIndex(): Html {
  const statuses = [...new Set(Object.values(problems).flatMap((entry) => entry.statuses))].toSorted()
  return html`<div class="table"><table><tbody>${statuses.map(
    (status) =>
      html`<tr id="status-${status}"><td><code>${status}</code><td class="wrap">${STATUS_CODES[status]}<td>${codesOf(status).map((code) => html`<a href="#${code}">${code}</a> `)}`,
  )}</tbody></table></div>`
}

function codesOf(status: number): string[] {
  return Object.keys(problems).filter((code) => problems[code].statuses.includes(status))
}

function problemSection(code: string, { statuses, title, meaning, remedy }: ProblemEntry): Html {
  return html`<section id="${code}"><h3><a href="#${code}"><code>${code}</code></a></h3>
<p class="soft">${statuses.join(' or ')} ${title}</p>
<p>${prose(meaning)} <b>What to do:</b> ${prose(remedy)}</p></section>`
}
