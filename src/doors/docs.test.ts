import assert from 'node:assert/strict'
import { glob, readFile } from 'node:fs/promises'
import { test } from 'node:test'
import { PROBLEMS } from './docs/problems.ts'
import { openDoor } from './http/testing.ts'
import { toy, toyTable } from './http/toy.testing.ts'

const THROWN = /(?:new Problem\(\s*(\d+)|(badRequest)\(|(conflict)\(),?\s*'([\w.]+)'/g

/** Every problem that the source makes by a written code, with its status. */
async function thrown(): Promise<Map<string, Set<number>>> {
  const found = new Map<string, Set<number>>()
  for await (const path of glob('src/**/*.ts', { exclude: (name) => /test(ing)?\.ts$/.test(name) })) {
    for (const [, status, bad, , code] of (await readFile(path, 'utf8')).matchAll(THROWN)) {
      const statuses = found.get(code) ?? new Set()
      found.set(code, statuses.add(Number(status ?? (bad ? 400 : 409))))
    }
  }
  return found
}

test('every problem has its place on the page of problems, with a status that it comes with', async () => {
  const codes = await thrown()
  assert.ok(codes.size > 60, 'the codes were found')
  for (const [code, statuses] of codes) {
    assert.ok(code in PROBLEMS, `${code}: add it to src/doors/docs/problems.ts`)
    assert.ok(statuses.has(PROBLEMS[code][0]), `${code} comes with ${[...statuses]}`)
  }
})

test('the pages: everything of the API, from this machine without a token, without a word from elsewhere', async (t) => {
  const { app, send } = await openDoor(t, { resources: [toy], tables: toyTable })
  const docs = await send('GET', '/api/docs', { token: null })
  assert.deepEqual([docs.status, docs.headers['content-type']], [200, 'text/html; charset=utf-8'])
  for (const word of ['/api/toys/{id}/paint', 'Idempotency-Key', 'as_of'])
    assert.ok(docs.text.includes(word), word)
  const problems = await send('GET', '/docs/problems', { token: null })
  for (const [code] of await thrown()) assert.ok(problems.text.includes(`id="${code}"`), code)
  for (const { text, headers } of [docs, problems]) {
    assert.doesNotMatch(text, /<script|src=|@import|https?:\/\/(?!127\.0\.0\.1)/)
    assert.match(String(headers['content-security-policy']), /^default-src 'none'; style-src 'sha256-/)
  }
  const elsewhere = await app.inject({ url: '/api/docs', headers: { 'x-forwarded-for': '203.0.113.9' } })
  assert.equal(elsewhere.statusCode, 401)
  const anchors = [...docs.text.matchAll(/href="#([^"]+)"/g)].map(([, anchor]) => anchor)
  for (const anchor of anchors) assert.ok(docs.text.includes(`id="${anchor}"`), `#${anchor} leads somewhere`)
})
