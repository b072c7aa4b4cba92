import assert from 'node:assert/strict'
import { test } from 'node:test'
import { f } from '../kernel/fields/index.ts'
import { resource } from '../kernel/resource.ts'
import { everybody } from '../kernel/rule.ts'
import { openDoor, type Send } from './http/testing.ts'
import { toy, toyTable } from './http/toy.testing.ts'

const HOSTILE = `</style></code><script>alert(1)</script><img src=x onerror='alert(2)'> "&amp;`

/** A declaration whose every text is hostile: documentation must show it, not run it. */
const hostile = resource('hostile', {
  description: HOSTILE,
  fields: { code: f.text({ description: HOSTILE }), choice: f.choice([HOSTILE, "it's"], { optional: true }) },
  key: ['code'],
  access: { read: everybody },
  actions: {
    harm: {
      description: HOSTILE,
      effect: 'write',
      on: 'collection',
      input: { text: f.text({ description: HOSTILE, default: HOSTILE }) },
      run: async () => ({}),
    },
  },
})

async function pages(send: Send): Promise<Map<string, string>> {
  const found = new Map<string, string>()
  const todo = ['/api/docs']
  for (let href = todo.pop(); href; href = todo.pop()) {
    const { status, text, headers } = await send('GET', href, { token: null })
    assert.deepEqual([status, headers['content-type']], [200, 'text/html; charset=utf-8'], href)
    assert.match(
      String(headers['content-security-policy']),
      /^default-src 'none'; style-src 'sha256-[\w+/]{43}='; /,
    )
    found.set(href, text)
    for (const [, link] of text.matchAll(/href="([^"#]*)(?:#[^"]*)?"/g))
      if (link && link !== '/api/openapi.json' && !found.has(link) && !todo.includes(link)) todo.push(link)
  }
  return found
}

test('the pages have every operation, every link leads somewhere, and nothing comes from elsewhere', async (t) => {
  const { send } = await openDoor(t, { resources: [toy, hostile], tables: toyTable })
  const found = await pages(send)
  const { paths, tags } = (await send('GET', '/api/openapi.json')).body
  assert.equal(found.size, tags.length + 2)
  const whole = [...found.values()].join('')
  for (const methods of Object.values<Record<string, { operationId: string }>>(paths))
    for (const { operationId } of Object.values(methods))
      assert.equal(whole.split(`<article id="${operationId}">`).length, 2, operationId)
  for (const [href, text] of found) {
    const tags = [...text.replaceAll(/<style>[^<]*<\/style>/g, '').matchAll(/<[^>]*>/g)].join('')
    assert.doesNotMatch(tags, /<(script|img|link|iframe|form|base|object|svg)|\s(on\w+|style|src)=/, href)
    assert.doesNotMatch(text, /(?:src|href)="(?!\/|#)|url\(|@import/, href)
    for (const [, page, anchor] of text.matchAll(/href="([^"#]*)#([^"]*)"/g))
      assert.ok(found.get(page || href)?.includes(`id="${anchor}"`), `${href} → ${page}#${anchor}`)
  }
})

test('the one style is the one that the policy allows', async (t) => {
  const { send } = await openDoor(t)
  const { text, headers } = await send('GET', '/api/docs', { token: null })
  const style = /<style>([\s\S]*?)<\/style>/.exec(text)![1]
  const digest = Buffer.from(await crypto.subtle.digest('SHA-256', Buffer.from(style))).toString('base64')
  assert.ok(String(headers['content-security-policy']).includes(`'sha256-${digest}'`))
})

test('what a declaration says is shown as it is', async (t) => {
  const { send } = await openDoor(t, { resources: [hostile] })
  const { text } = await send('GET', '/api/docs/hostiles')
  assert.ok(text.includes('&#60;script&#62;alert(1)&#60;/script&#62;'))
  assert.doesNotMatch(text, /<script|onerror='/)
  assert.ok(text.includes('it&#39;s'))
})

test('pages are held, unknown ones are a problem, and every problem leads to its place', async (t) => {
  const { send } = await openDoor(t, { resources: [toy], tables: toyTable })
  const first = await send('GET', '/docs/problems', { token: null })
  const held = await send('GET', '/docs/problems', {
    token: null,
    headers: { 'if-none-match': String(first.headers.etag) },
  })
  assert.deepEqual([held.status, held.text], [304, ''])
  const missing = await send('GET', '/api/docs/nothing', { token: null })
  assert.equal(missing.status, 404)
  for (const url of [
    '/api/docs/nothing',
    '/api/toys/x',
    '/api/toys?limit=x',
    '/api/nothing',
    '/api/toys?cursor=x',
  ]) {
    const { type } = (await send('GET', url)).body
    const [page, anchor] = type.split('#')
    assert.equal(page, '/docs/problems')
    assert.ok(first.text.includes(`<section id="${anchor}">`), type)
  }
  assert.equal((await send('GET', '/api/docs?x=1')).status, 400)
})
