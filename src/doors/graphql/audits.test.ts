import assert from 'node:assert/strict'
import { test } from 'node:test'
import { serverAudits } from 'graphql-http'
import { openGraphql } from './testing.ts'

/** How many there are in graphql-http 1.23: fewer would mean that some were not run. */
const AUDITS = 61

test('every audit of GraphQL over HTTP passes through a listening server', async (t) => {
  const { app } = await openGraphql(t)
  const url = await app.listen({ host: '127.0.0.1', port: 0 })
  const fetchFn = (input: string, init: RequestInit = {}) =>
    fetch(input, { ...init, headers: { ...init.headers, authorization: 'Bearer owner-token' } })
  const audits = serverAudits({ url: `${url}/api/graphql`, fetchFn })
  assert.equal(audits.length, AUDITS)
  const refused: string[] = []
  for (const audit of audits) {
    const result = await audit.fn()
    if (result.status !== 'ok') refused.push(`${audit.id} ${audit.name}: ${result.status}, ${result.reason}`)
  }
  assert.deepEqual(refused, [])
})

test('without a token nothing is answered, not even what there is to ask', async (t) => {
  const { send, ask } = await openGraphql(t)
  const query = '{ __schema { queryType { name } } }'
  for (const token of [null, 'wrong']) {
    const { status, headers, body } = await ask(query, {}, { token })
    assert.deepEqual(
      [status, headers['content-type'], body.data],
      [401, 'application/problem+json', undefined],
    )
    const url = `/api/graphql?query=${encodeURIComponent(query)}`
    assert.equal((await send('GET', url, { token })).status, 401)
  }
  assert.equal((await ask(query, {}, { token: 'viewer-token' })).data.__schema.queryType.name, 'Query')
})
