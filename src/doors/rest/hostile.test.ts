import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { createImports } from '../../work/imports.ts'
import { eventCount, openDoor } from '../http/testing.ts'
import { toy, toyTable } from '../http/toy.testing.ts'

const RUNS = 500

const noise = fc.oneof(
  fc.constantFrom(
    '',
    'ball',
    '0',
    '-1',
    'NaN',
    '1e999',
    'true',
    'null',
    '../..',
    "'; drop table toy; --",
    '%',
    '*',
    '\u0000',
    '\ud800',
    'ﬀ',
    '🎡',
    '9'.repeat(40),
    '"1"',
    '9999-99-99',
    'code == "x"',
    'weight > 1e308',
    'code in ["a", null]',
    'colour == 1',
    '!(((',
    'created_at < "yesterday"',
    'x'.repeat(3_000),
  ),
  fc.string({ unit: 'binary', maxLength: 30 }),
  fc.string({ maxLength: 60 }),
)
const NAMES = [
  'q',
  'filter',
  'sort',
  'limit',
  'cursor',
  'fields',
  'expand',
  'facets',
  'count',
  'archived',
  'dry_run',
  'reason',
  'code',
  'colour',
  'weight',
  'friend',
  'created_at',
  'id',
  'version',
  'before',
  'format',
  'least',
  'unit',
  'resource',
]
const VERBS = ['', '/history', '/lend', '/paint', '/weigh', '/sum', '/export', '/undo', '/rows', '/apply']
const path = fc.tuple(
  fc.constantFrom('/api/toys', '/api/changes', '/api/events', '/api/imports', '/api/tokens', '/api'),
  fc.option(noise, { nil: undefined }),
  fc.constantFrom(...VERBS),
)
const parameters = fc.array(fc.tuple(fc.constantFrom(...NAMES), noise), { maxLength: 4 })
const member = fc.constantFrom(
  'code',
  'colour',
  'weight',
  'friend',
  'ids',
  'secret_place',
  'state',
  'id',
  '__proto__',
  'x',
)
const value = fc.oneof(noise, fc.double(), fc.jsonValue({ maxDepth: 3 }))
const body = fc.oneof(
  fc
    .array(fc.tuple(member, value), { maxLength: 5 })
    .map((members) => JSON.stringify(Object.fromEntries(members))),
  fc.json(),
  noise,
)
const header = fc.string({ unit: fc.constantFrom(...'"*W/,abc019 =;-'), maxLength: 20 })

const request = fc.record({
  method: fc.constantFrom('GET', 'POST', 'PATCH', 'DELETE', 'PUT'),
  path,
  parameters,
  body: fc.option(body, { nil: undefined }),
  type: fc.constantFrom('application/json', 'application/merge-patch+json', 'text/csv'),
  header: fc.tuple(
    fc.constantFrom(
      'if-match',
      'if-none-match',
      'idempotency-key',
      'serai-reason',
      'x-request-id',
      'traceparent',
    ),
    header,
  ),
})

function escaped(text: string): string {
  return encodeURIComponent(text.toWellFormed())
}

test('whatever is asked, the answer is never a 500, and refusals write nothing', {
  timeout: 120_000,
}, async (t) => {
  const { send, pool } = await openDoor(t, {
    resources: [toy],
    tables: toyTable,
    imports: (context) => createImports(context),
  })
  await send('POST', '/api/toys', { body: { code: 'ball', weight: 1 } })
  let answered = 0
  const seen = new Map<number, number>()
  await fc.assert(
    fc.asyncProperty(request, async ({ method, path: [root, id, verb], parameters, body, type, header }) => {
      const query = parameters.map(([name, given]) => `${name}=${escaped(given)}`).join('&')
      const url = `${root}${id === undefined ? '' : `/${escaped(id)}`}${verb}?${query}`
      const before = await eventCount(pool)
      const answer = await send(method, url, {
        headers: { [header[0]]: header[1], ...(body === undefined ? {} : { 'content-type': type }) },
        ...(body === undefined ? {} : { body: Buffer.from(body) }),
      })
      seen.set(answer.status, (seen.get(answer.status) ?? 0) + 1)
      answered++
      assert.ok(answer.status < 500, `${answer.status} ${answer.text}`)
      if (answer.status >= 400) assert.equal(await eventCount(pool), before)
    }),
    { numRuns: RUNS },
  )
  assert.ok(answered >= RUNS)
  assert.equal((await send('GET', '/api/toys/ball')).status, 200, 'an honest request is still answered')
  assert.ok(
    [400, 404, 405, 415].every((status) => seen.has(status)),
    JSON.stringify([...seen]),
  )
})
