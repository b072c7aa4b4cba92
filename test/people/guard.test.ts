import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { Writable } from 'node:stream'
import { test } from 'node:test'
import { Secret, TOTP } from 'otpauth'
import { pino } from 'pino'
import { resealAll } from '../../src/areas/platform/people/reseal.ts'
import { assertProblem } from '../../src/doors/http/testing.ts'
import { perform } from '../../src/engine/perform.ts'
import type { Row } from '../../src/kernel/field.ts'
import { cookieOf, forgiveAll, openPeople, PASSWORD } from './house.ts'

const codeAt = (secret: string, ms: number) =>
  new TOTP({ secret: Secret.fromBase32(secret) }).generate({ timestamp: ms })

test('what is dangerous asks for a proof not older than ten minutes, and a new token comes with it', async (t) => {
  const { send, settle, pool, people, invite } = await openPeople(t)
  const { id: boss, token } = await settle('olga', 'owner')
  const ana = await invite('ana')
  const role = (await pool.query("select id from role where name = 'staff'")).rows[0].id
  const give = (bearer: string) =>
    send('POST', '/api/memberships', { body: { user: ana, role, reason: 'joins' }, token: bearer })
  await pool.query(`update session set factor_at = now() - interval '11 min' where "user" = $1`, [boss])
  people.forget()
  const refused = await give(token)
  assertProblem(refused, 401, 'an old proof')
  assert.equal(
    refused.headers['www-authenticate'],
    'Bearer realm="serai", error="insufficient_user_authentication", max_age="600"',
  )
  for (const [resource, body] of [
    ['tokens/create', { name: 'x', role: 'owner' }],
    [`users/${ana}/reset_password`, {}],
    ['products/nuke', {}],
    ['me/factors', { kind: 'totp' }],
  ] as const)
    assertProblem(
      await send('POST', `/api/${resource.replace('/create', '')}`, { body, token }),
      401,
      resource,
    )
  assert.equal((await send('PATCH', `/api/users/${ana}`, { body: { name: 'A' }, token })).status, 200)
  const prove = (password: string) =>
    send('POST', '/api/session/factor', { body: { method: 'password', password }, token })
  assertProblem(await prove('wrong'), 401, 'a wrong proof')
  const proved = await prove(PASSWORD)
  assert.equal(proved.status, 200, proved.text)
  assertProblem(await send('GET', '/api/me', { token }), 401, 'the token from before')
  assert.equal((await give(proved.body.token)).status, 201)
})

test('a password is no second factor for whoever has one', async (t) => {
  const { send, settle, pool, people, clock } = await openPeople(t)
  const { token: first } = await settle('olga', 'owner')
  const begun = await send('POST', '/api/me/factors', { token: first, body: { kind: 'totp' } })
  const body = { code: codeAt(begun.body.secret, clock.now()) }
  const { token } = (await send('POST', `/api/me/factors/${begun.body.id}/confirm`, { token: first, body }))
    .body
  await pool.query("update session set factor_at = now() - interval '11 min'")
  people.forget()
  const prove = (shown: object) => send('POST', '/api/session/factor', { body: shown, token })
  assertProblem(await prove({ method: 'password', password: PASSWORD }), 401, 'the password')
  clock.offset += 30_000
  const proved = await prove({ method: 'totp', code: codeAt(begun.body.secret, clock.now()) })
  assert.equal(proved.status, 200, proved.text)
})

test('whose role asks for a second factor may after a week do nothing but add one', async (t) => {
  const { send, settle, pool, people, clock } = await openPeople(t)
  const { id, token } = await settle('olga', 'owner')
  assert.equal((await send('GET', '/api/products', { token })).status, 200)
  await pool.query(
    `update "user" set factor_required_since = now() - interval '7 days 1 minute' where id = $1`,
    [id],
  )
  people.forget()
  for (const [method, path] of [
    ['GET', '/api/products'],
    ['GET', '/api/sessions'],
    ['POST', '/api/users/invite'],
    ['POST', '/api/graphql'],
  ])
    assertProblem(await send(method, path, { token, ...(method === 'POST' ? { body: {} } : {}) }), 403, path)
  assert.equal((await send('GET', '/api/me', { token })).status, 200)
  const begun = await send('POST', '/api/me/factors', { token, body: { kind: 'totp' } })
  const body = { code: codeAt(begun.body.secret, clock.now()) }
  const confirmed = await send('POST', `/api/me/factors/${begun.body.id}/confirm`, { token, body })
  assert.equal((await send('GET', '/api/products', { token: confirmed.body.token })).status, 200)
})

test('an owner asks a role for a second factor; nobody reads or ends what is of others', async (t) => {
  const { send, settle, pool } = await openPeople(t)
  const ana = await settle('ana', 'staff')
  const ben = await settle('ben', 'staff')
  assert.equal(
    (await send('PATCH', '/api/roles/staff', { body: { require_factor: true }, token: 'owner-token' }))
      .status,
    200,
  )
  const { rows } = await pool.query(
    'select count(*)::int as asked from "user" where factor_required_since is not null',
  )
  assert.equal(rows[0].asked, 2)
  const sessions = await send('GET', '/api/sessions', { token: ana.token })
  assert.deepEqual([...new Set(sessions.body.items.map((each: Row) => each.user))], [ana.id])
  const others = await send('GET', '/api/sessions', { token: ben.token })
  assertProblem(
    await send('POST', `/api/sessions/${others.body.items[0].id}/revoke`, { token: ana.token }),
    404,
    "somebody else's session",
  )
  assert.equal((await send('GET', '/api/factors', { token: ana.token })).body.items.length, 0)
  assertProblem(await send('GET', '/api/links', { token: ana.token }), 403, 'links')
  for (const path of ['sessions/create', 'sessions/end_all', 'links/issue', 'factors/enrol', 'users/enter'])
    assert.ok(
      [403, 404, 405].includes(
        (await send('POST', `/api/${path}`, { body: {}, token: 'owner-token' })).status,
      ),
      path,
    )
  for (const action of ['set_password', 'rehash', 'change_email', 'refuse', 'contact'])
    assertProblem(
      await send('POST', `/api/users/${ana.id}/${action}`, {
        body: { password: 'x', was: 'x', email: 'x@example.com' },
        token: 'owner-token',
      }),
      403,
      action,
    )
})

test('names and agents forge no line of the log', async (t) => {
  const lines: string[] = []
  const stream = new Writable({
    write(chunk, _encoding, done) {
      lines.push(String(chunk))
      done()
    },
  })
  const house = await openPeople(t, { logger: pino({ level: 'info' }, stream) })
  const { send, pool } = house
  const forged = 'ana\n{"level":30,"msg":"auth success ip=1.2.3.4"}\r\u2028x'
  for (const login of [forged, `${'a'.repeat(300)}`])
    assertProblem(
      await send('POST', '/api/session', { body: { login, password: 'x' } }),
      422,
      'a login of several lines',
    )
  const odd = 'ana" reason=none\u202e@example.com'
  const agent = `curl\u0085x${'y'.repeat(500)}`
  assertProblem(
    await send('POST', '/api/session', {
      body: { login: odd, password: 'x' },
      headers: { 'user-agent': agent },
    }),
    401,
    'odd',
  )
  const written = lines.filter((line) => line.includes('auth failure'))
  assert.equal(written.length, 1)
  assert.equal(written[0].trim().split('\n').length, 1)
  assert.match(
    JSON.parse(written[0]).msg,
    /^auth failure ip=127\.0\.0\.1 login="ana\\" reason=none\\u202e@example\.com" reason=sign_in\.refused$/,
  )
  assertProblem(
    await send('POST', '/api/users/invite', {
      body: { name: forged, email: 'x@example.com' },
      token: 'owner-token',
    }),
    422,
    'a name of several lines',
  )
  for (const email of [
    'a@b',
    'a b@example.com',
    'x@example.com\nBcc: all@example.com',
    '"x"@example.com',
    'x@@example.com',
  ])
    assertProblem(
      await send('POST', '/api/users/invite', { body: { name: 'X', email }, token: 'owner-token' }),
      422,
      email,
    )
  const { rows } = await pool.query('select count(*)::int as people from "user"')
  assert.equal(rows[0].people, 0)
})

test('passwords: long enough, not common, not a name; any letters, none cut', async (t) => {
  const house = await openPeople(t)
  const { send, invite, delivered, linkTo, signIn } = house
  await invite('ana')
  await delivered()
  const choose = (password: string) =>
    send('POST', '/api/session/link', { body: { token: linkTo('ana@example.com'), password, bearer: true } })
  const refused: [string, string][] = [
    ['', 'length'],
    ['fourteen chars', 'length'],
    ['é'.repeat(14), 'length'],
    ['a'.repeat(257), 'length'],
    ['😀'.repeat(257), 'length'],
    ['1QAZ2wsx3edc4rfv', 'common'],
    ['ana@example.com', 'name'],
    ['Ana@Example.com 2026!', 'name'],
  ]
  for (const [password, rule] of refused) {
    await forgiveAll(house)
    const answer = await choose(password)
    assertProblem(answer, 422, password)
    assert.equal(answer.body.errors[0].code, `password.${rule}`, password)
    assert.ok(!answer.text.includes(password) || password === '')
  }
  // U+212B is Å; NFKC makes them one. 256 code points, of which the last counts.
  const long = `${'\u212b \ud83d\ude00'.repeat(63)}\u00c5\u00c5\u00c5x`
  assert.equal((await choose(long)).status, 200)
  assert.equal((await signIn('ana', long.replaceAll('\u212b', '\u00c5'))).status, 200)
  assertProblem(await signIn('ana', `${long.slice(0, -1)}y`), 401, 'the last letter counts')
})

test('hashes follow the parameters, keys are replaced, and what was sealed stays readable', async (t) => {
  const { send, settle, signIn, keys, pool, people, engine, keyring, clock } = await openPeople(t)
  const { token } = await settle('ana')
  const begun = await send('POST', '/api/me/factors', { token, body: { kind: 'totp' } })
  const first = await pool.query(`select password from "user"`)
  assert.match(first.rows[0].password, /^\$argon2id\$v=19\$m=19456,t=2,p=1,keyid=k1\$[\w+/]{22}\$[\w+/]{43}$/)
  keys.unshift({ id: 'k2', bytes: randomBytes(32) })
  assert.throws(() => keyring.open('k9.x', ''), /k9 is not among/)
  assert.equal(keyring.current, 'k2', 'a key that another process added is found')
  const context = {
    query: async <Result extends Row>(text: string, values?: unknown[]) =>
      (await pool.query(text, values)).rows as Result[],
    perform: (request: Parameters<typeof perform>[1]) => perform(engine, request),
    keys: keyring,
  }
  assert.equal(await resealAll(context), 1)
  assert.equal(await resealAll(context), 0, 'again there is nothing to do')
  const { rows } = await pool.query('select secret from factor')
  assert.match(rows[0].secret, /^k2\./)
  assert.equal((await signIn('ana')).status, 200, 'under the old key')
  await people.settled()
  const second = await pool.query(`select password from "user"`)
  assert.match(second.rows[0].password, /,keyid=k2\$/)
  assert.equal((await signIn('ana')).status, 200)
  const body = { code: codeAt(begun.body.secret, clock.now()) }
  const { body: me } = await send('GET', '/api/me', { token })
  assert.equal(me.login, 'ana@example.com', 'making the hash anew ends no session')
  assert.equal((await send('POST', `/api/me/factors/${begun.body.id}/confirm`, { token, body })).status, 200)
})

test('an address is changed by a link to the new one, and the old one is told', async (t) => {
  const { send, settle, delivered, linkTo, outbox, signIn } = await openPeople(t)
  const { token } = await settle('ana')
  const ask = (email: string, password: string) =>
    send('POST', '/api/me/email', { token, body: { email, password } })
  assertProblem(await ask('new@example.com', 'wrong'), 401, 'without the password')
  assert.equal((await ask('new@example.com', PASSWORD)).status, 202)
  await delivered()
  const opened = await send('POST', '/api/session/link', { body: { token: linkTo('new@example.com') } })
  assert.equal(opened.status, 204, opened.text)
  await delivered()
  assert.deepEqual(
    outbox
      .filter(({ text }) => text.includes('was changed to'))
      .map(({ to }) => to)
      .sort(),
    ['ana@example.com', 'new@example.com'],
  )
  assertProblem(await signIn('ana'), 401, 'the old address')
  assert.equal((await signIn('new@example.com')).status, 200)
})

test('a person has fifty sessions; the oldest ends for a new one, and all others at once', async (t) => {
  const { send, settle, pool } = await openPeople(t)
  const { id, token } = await settle('ana')
  await pool.query(
    `insert into session (id, handle, "user", hash, factors, absolute_until)
select gen_random_uuid(), n::text, $1, n::text, '[]', now() + interval '1 day' from generate_series(1, 60) n`,
    [id],
  )
  const body = { login: 'ana@example.com', password: PASSWORD }
  const signed = await send('POST', '/api/session', { body, headers: { 'sec-fetch-site': 'same-origin' } })
  const live = async () =>
    (await pool.query('select count(*)::int as live from session where ended_at is null')).rows[0].live
  assert.equal(await live(), 50)
  assert.equal((await send('GET', '/api/me', { token })).status, 401, 'the oldest')
  const headers = { cookie: cookieOf(signed), 'sec-fetch-site': 'same-origin' }
  const ended = await send('POST', '/api/sessions/revoke_others', { body: {}, headers })
  assert.deepEqual([ended.status, ended.body.ended], [200, 49])
  assert.equal(await live(), 1)
  await pool.query(
    "update session set idle_until = now() - interval '1 s', absolute_until = now() + interval '1 h' where ended_at is null",
  )
})
