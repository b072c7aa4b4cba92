import assert from 'node:assert/strict'
import { readdir, readFile, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { cliHome } from '../support/cli.ts'

const WAIT_MS = 30_000
const PASSWORD = 'correct horse battery staple'

test('serve prints a link for the first owner; people are invited, sign in, are listed, and lose their way in', async (t) => {
  const { home, start, serai, json } = await cliHome(t)
  const server = start(['serve', '--port', '0'])
  let output = ''
  server.child.stdout!.on('data', (chunk) => {
    output += chunk
  })
  const found = async (pattern: RegExp): Promise<string> => {
    for (const until = Date.now() + WAIT_MS; ; await sleep(50)) {
      const match = pattern.exec(output)
      if (match) return match[1]
      assert.ok(Date.now() < until, `${pattern} in ${output}`)
    }
  }
  const url = await found(/ready at (http:\S+)/)
  const token = await found(/"token": "(srl_[\w-]+)"/)
  const post = (path: string, body: object) =>
    fetch(`${url}${path}`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(body),
    })
  const owner = { token, name: 'Olga', email: 'olga@example.com', password: PASSWORD, bearer: true }
  const first = await post('/api/session/link', owner)
  assert.equal(first.status, 200, await first.clone().text())
  const bearer = ((await first.json()) as { token: string }).token
  const me = await fetch(`${url}/api/me`, { headers: { authorization: `Bearer ${bearer}` } })
  assert.deepEqual(((await me.json()) as { roles: string[] }).roles, ['owner'])
  assert.equal((await post('/api/session/link', owner)).status, 409, 'once')

  const invited = await serai(
    'user',
    'invite',
    '--name',
    'Ana',
    '--email',
    'ana@example.com',
    '--role',
    'staff',
  )
  assert.equal(invited.code, 0, invited.stderr)
  const outbox = join(home, 'outbox')
  let letter = ''
  for (const until = Date.now() + WAIT_MS; !letter; await sleep(50)) {
    assert.ok(Date.now() < until, 'the letter is in the outbox')
    const files = await readdir(outbox).catch(() => [])
    for (const file of files.filter((each) => each.endsWith('mail.json'))) {
      const mail = JSON.parse(await readFile(join(outbox, file), 'utf8'))
      if (mail.to === 'ana@example.com') letter = mail.text
    }
  }
  const { url: link } = await json<{ url: string }>('user', 'link', 'ana@example.com')
  const sent = /#\/link\/(\S+)/.exec(letter)![1]
  const body = { password: PASSWORD, bearer: true }
  assert.equal(
    (await post('/api/session/link', { ...body, token: sent })).status,
    409,
    'void by the later link',
  )
  const opened = await post('/api/session/link', { ...body, token: link.split('/').at(-1)! })
  assert.equal(opened.status, 200)
  const people = await json<{ login: string; status: string; level: number }[]>('user', 'list')
  assert.deepEqual(
    people.map(({ login, status, level }) => `${login} ${status} ${level}`),
    ['ana@example.com active 2', 'olga@example.com active 5'],
  )
  const sessions = await json<{ handle: string }[]>('sessions')
  assert.equal(sessions.length, 2)
  assert.equal((await serai('user', 'suspend', 'ana@example.com', '--reason', 'left')).code, 0)
  assert.equal((await post('/api/session', { login: 'ana@example.com', password: PASSWORD })).status, 401)
  const last = await serai('user', 'suspend', 'olga@example.com')
  assert.deepEqual([last.code, last.stderr.includes('Nobody else is an owner')], [1, true])
  const before = await readFile(join(home, 'keys'), 'utf8')
  assert.equal((await stat(join(home, 'keys'))).mode & 0o777, 0o600)
  assert.equal((await serai('keys', 'rotate')).code, 0)
  const after = await readFile(join(home, 'keys'), 'utf8')
  assert.ok(after.endsWith(before) && after.length > before.length)
  assert.equal((await post('/api/session', { login: 'olga@example.com', password: PASSWORD })).status, 200)
  server.child.kill('SIGINT')
  assert.equal((await server.done).code, 0)
})
