import assert from 'node:assert/strict'
import { test } from 'node:test'
import { assertProblem } from '../../src/doors/http/testing.ts'
import { cookieOf, forgiveAll, ORIGIN, openPeople, PASSWORD } from './house.ts'

test('an invitation becomes a person who signs in, sees their sessions, and signs out', async (t) => {
  const { send, settle, signIn, outbox, pool } = await openPeople(t)
  const { id, token } = await settle('ana', 'staff')
  const me = await send('GET', '/api/me', { token })
  assert.deepEqual([me.body.id, me.body.roles, me.body.level, me.body.factors], [id, ['staff'], 2, []])
  assert.equal((await signIn('ana', 'wrong password, and long')).status, 401)
  const again = await signIn('ANA@example.com ')
  assert.equal(again.status, 200, again.text)
  const list = await send('GET', '/api/sessions?filter=ended_at == null', { token })
  assert.equal(list.body.items.length, 2)
  assert.ok(!list.text.includes(token) && !('hash' in list.body.items[0]))
  assert.equal((await send('DELETE', '/api/session', { token })).status, 204)
  assertProblem(await send('GET', '/api/me', { token }), 401, 'signed out')
  assert.equal((await send('GET', '/api/me', { token: again.body.token })).status, 200)
  assert.deepEqual(
    outbox.map(({ to }) => to),
    ['ana@example.com'],
  )
  const { rows } = await pool.query(
    `select resource, action, actor, count(*)::int as count from event where resource in ('session', 'user', 'link') group by 1, 2, 3 order by 1, 2, 3`,
  )
  assert.deepEqual(
    rows.map(
      (row) => `${row.resource}.${row.action} ${row.actor === `user:${id}` ? 'ana' : row.actor} ${row.count}`,
    ),
    [
      'link.issue system:send_link 1',
      'link.redeem ana 1',
      'session.create ana 2',
      'session.revoke ana 1',
      'user.invite test:owner 1',
      'user.refuse system:sign-in 1',
      'user.set_password ana 1',
    ],
  )
  const { rows: secrets } = await pool.query(
    `select count(*)::int as found from event e where e::text like any($1)`,
    [[`%${token}%`, `%${PASSWORD}%`, '%$argon2id%', '%srl_%']],
  )
  assert.equal(secrets[0].found, 0)
})

test('a link is good once, also when two open it together, and not after its time', async (t) => {
  const { send, invite, delivered, linkTo, pool } = await openPeople(t)
  await invite('ben')
  await delivered()
  const body = { token: linkTo('ben@example.com'), password: PASSWORD, bearer: true }
  assertProblem(
    await send('POST', '/api/session/link', { body: { ...body, password: 'short' } }),
    422,
    'policy',
  )
  const answers = await Promise.all(
    Array.from({ length: 4 }, () => send('POST', '/api/session/link', { body })),
  )
  assert.deepEqual(answers.map(({ status }) => status).sort(), [200, 409, 409, 409])
  await invite('cleo')
  await delivered()
  await pool.query("update link set expires_at = now() - interval '1 s' where used_at is null")
  const late = { ...body, token: linkTo('cleo@example.com') }
  assertProblem(await send('POST', '/api/session/link', { body: late }), 409, 'too late')
  assertProblem(
    await send('POST', '/api/session/link', { body: { ...body, token: 'srl_x' } }),
    409,
    'unknown',
  )
})

test('a forged, cut or foreign token opens nothing; nor does that of who was suspended, archived or demoted', async (t) => {
  const { send, settle, people } = await openPeople(t)
  const { id, token } = await settle('ana', 'staff')
  const forged = [
    token.slice(0, -1),
    `${token}A`,
    token.replace('srs_', 'srt_'),
    'srs_',
    `srs_${'A'.repeat(43)}`,
  ]
  for (const each of forged) {
    assertProblem(await send('GET', '/api/me', { token: each }), 401, each)
    const headers = { cookie: `__Host-serai=${each}` }
    assertProblem(await send('GET', '/api/me', { headers }), 401, `cookie ${each}`)
  }
  const good = await send('GET', '/api/me', { headers: { cookie: `x=1; __Host-serai=${token}` } })
  assert.equal(good.status, 200)
  const plain = await send('GET', '/api/me', { headers: { cookie: `serai=${token}` } })
  assertProblem(plain, 401, 'the cookie of a house without TLS')
  const admin = { token: 'owner-token' }
  assert.equal((await send('POST', `/api/users/${id}/suspend`, admin)).status, 200)
  people.forget()
  assertProblem(await send('GET', '/api/me', { token }), 401, 'suspended')
  assert.equal((await send('POST', `/api/users/${id}/resume`, admin)).status, 200)
  people.forget()
  assertProblem(await send('GET', '/api/me', { token }), 401, 'a session does not come back')
  const fresh = (
    await send('POST', '/api/session', {
      body: { login: 'ana@example.com', password: PASSWORD, bearer: true },
    })
  ).body.token
  assert.equal((await send('DELETE', `/api/users/${id}`, admin)).status, 204)
  people.forget()
  assertProblem(await send('GET', '/api/me', { token: fresh }), 401, 'archived')
})

test('a change of roles or password ends every session that was begun before', async (t) => {
  const { send, settle, signIn, people, pool, delivered, outbox } = await openPeople(t)
  const { id, token } = await settle('ana', 'staff')
  const { rows } = await pool.query(`select id from membership where "user" = $1`, [id])
  await send('POST', `/api/memberships/${rows[0].id}/revoke`, { token: 'owner-token' })
  await delivered()
  people.forget()
  assertProblem(await send('GET', '/api/me', { token }), 401, 'role taken')
  const first = (await signIn('ana')).body.token
  const other = (await signIn('ana')).body.token
  const body = { current: PASSWORD, password: 'another fine long password' }
  assertProblem(
    await send('POST', '/api/me/password', { token: first, body: { ...body, current: 'x' } }),
    401,
    'the old password is asked for',
  )
  const changed = await send('POST', '/api/me/password', { token: first, body })
  assert.equal(changed.status, 200, changed.text)
  for (const old of [first, other]) assertProblem(await send('GET', '/api/me', { token: old }), 401, 'old')
  assert.equal((await send('GET', '/api/me', { token: changed.body.token })).status, 200)
  assertProblem(await signIn('ana'), 401, 'the old password')
  await delivered()
  assert.match(outbox.at(-1)!.text, /password was changed at Dune Tours/)
  const ended = await pool.query('select end_reason, count(*)::int from session group by 1 order by 1')
  assert.deepEqual(
    ended.rows.map((row) => `${row.end_reason} ${row.count}`),
    ['password changed 2', 'roles changed 1', 'null 1'],
  )
})

test('a browser gets a cookie that scripts cannot read, always a new one, and pages of others cannot use it', async (t) => {
  const { send, settle, pool } = await openPeople(t)
  const { token } = await settle('ana', 'staff')
  const body = { login: 'ana@example.com', password: PASSWORD }
  const own = { 'sec-fetch-site': 'same-origin' }
  const planted = { ...own, cookie: `__Host-serai=${token}` }
  const signed = await send('POST', '/api/session', { body, headers: planted })
  assert.match(
    String(signed.headers['set-cookie']),
    /^__Host-serai=srs_[\w-]{43}; Path=\/; Max-Age=86\d{3}; HttpOnly; SameSite=Lax; Secure$/,
  )
  assert.ok(
    !('token' in signed.body) && !cookieOf(signed).includes(token),
    'never the token that was planted',
  )
  const cookie = cookieOf(signed)
  const patch = { name: 'Ana' }
  const { rows } = await pool.query(`select id from "user" where login = 'ana@example.com'`)
  const path = `/api/users/${rows[0].id}`
  const refusedFrom: { [name: string]: string }[] = [
    { 'sec-fetch-site': 'cross-site', origin: 'https://evil.example' },
    { 'sec-fetch-site': 'same-site', origin: 'https://shop.serai.test' },
    { 'sec-fetch-site': 'cross-site', origin: ORIGIN },
    { origin: 'https://evil.example' },
    { origin: 'null' },
    {},
  ]
  for (const headers of refusedFrom) {
    const what = JSON.stringify(headers)
    const answer = await send('PATCH', path, { body: patch, headers: { cookie, ...headers } })
    assertProblem(answer, 403, what)
    assert.match(answer.body.type, /cross_origin/)
    if (Object.keys(headers).length)
      assertProblem(await send('POST', '/api/session', { body, headers }), 403, `signing in ${what}`)
  }
  const allowed: { [name: string]: string }[] = [own, { 'sec-fetch-site': 'none' }, { origin: ORIGIN }]
  for (const headers of allowed)
    assert.equal((await send('PATCH', path, { body: patch, headers: { cookie, ...headers } })).status, 200)
  assert.equal(
    (await send('GET', '/api/me', { headers: { cookie, 'sec-fetch-site': 'cross-site' } })).status,
    200,
  )
  const out = await send('DELETE', '/api/session', { headers: { cookie, ...own } })
  assert.match(String(out.headers['set-cookie']), /^__Host-serai=; Path=\/; Max-Age=0;/)
  assertProblem(await send('GET', '/api/me', { headers: { cookie } }), 401, 'signed out')
})

test('guesses wait: per account wherever they come from, per address whomever they are for', async (t) => {
  const house = await openPeople(t)
  const { send, settle, signIn, pool } = house
  await settle('ana')
  const guess = (login: string, address: string) => signIn(login, 'not the password at all', { address })
  for (const login of ['ana', 'nobody']) {
    await forgiveAll(house)
    for (let i = 0; i < 5; i++) assertProblem(await guess(login, `203.0.113.${i}`), 401, `${login} ${i}`)
    const waiting = await guess(login, '203.0.113.99')
    assertProblem(waiting, 429, login)
    assert.ok(Number(waiting.headers['retry-after']) > 25 && Number(waiting.headers['retry-after']) <= 30)
  }
  assertProblem(await signIn('nobody', PASSWORD, { address: '203.0.113.98' }), 429, 'whatever is shown')
  await forgiveAll(house)
  for (let i = 0; i < 5; i++) assertProblem(await guess(`person${i}`, '2001:db8:1:2::1'), 401, `spread ${i}`)
  assertProblem(await guess('person9', '2001:db8:1:2:ffff::9'), 429, 'the same /64')
  assertProblem(await guess('person9', '2001:db8:1:3::1'), 401, 'another')
  const forwarded = await send('POST', '/api/session', {
    body: { login: 'person8@example.com', password: 'x' },
    address: '2001:db8:1:2::1',
    headers: { 'x-forwarded-for': '198.51.100.7' },
  })
  assertProblem(forwarded, 429, 'an address that was forged')
  await forgiveAll(house)
  const burst = await Promise.all(Array.from({ length: 50 }, (_, i) => guess('ana', `198.51.100.${i}`)))
  assert.equal(burst.filter(({ status }) => status === 401).length, 5, 'side by side, five are looked at')
  assert.equal(burst.filter(({ status }) => status === 429).length, 45)
  const waits: number[] = []
  for (let i = 0; i < 9; i++) {
    await pool.query('update sign_in_attempt set wait_until = now()')
    await guess('ana', '192.0.2.1')
    const { rows } = await pool.query(
      "select round(extract(epoch from wait_until - now()))::int as seconds from sign_in_attempt where failures > 5 and subject like 'account:%'",
    )
    waits.push(rows[0].seconds)
  }
  assert.deepEqual(waits, [60, 120, 240, 480, 960, 1920, 3600, 3600, 3600])
  await pool.query('update sign_in_attempt set wait_until = null, failures = 100')
  assertProblem(
    await signIn('ana', PASSWORD, { address: '192.0.2.200' }),
    429,
    'after 100 only a new password helps',
  )
})

test('neither text nor time tells whether an account exists', async (t) => {
  const house = await openPeople(t)
  const { send, settle, signIn } = house
  await settle('ana')
  const wrong = 'not the password at all'
  const texts = new Set<string>()
  const times: { [login: string]: number[] } = { ana: [], nobody: [] }
  for (let i = 0; i < 60; i++)
    for (const login of i % 2 ? ['ana', 'nobody'] : ['nobody', 'ana']) {
      await forgiveAll(house)
      await house.people.settled()
      const started = performance.now()
      const { status, body } = await signIn(login, wrong)
      times[login].push(performance.now() - started)
      texts.add(JSON.stringify({ status, ...body, request_id: '' }))
    }
  assert.equal(texts.size, 1, [...texts].join('\n'))
  const [known, unknown] = [trimmedMean(times.ana), trimmedMean(times.nobody)]
  t.diagnostic(`known ${known.toFixed(2)} ms, unknown ${unknown.toFixed(2)} ms`)
  assert.ok(Math.abs(known - unknown) < 0.25 * Math.max(known, unknown), `${known} ms against ${unknown} ms`)
  const resets = await Promise.all(
    ['ana@example.com', 'nobody@example.com', '+971501112233'].map((login) =>
      send('POST', '/api/session/reset', { body: { login } }),
    ),
  )
  assert.equal(new Set(resets.map(({ status, text }) => `${status} ${text}`)).size, 1)
  await house.delivered()
  assert.deepEqual(
    house.outbox.slice(1).map(({ to }) => to),
    ['ana@example.com'],
  )
})

/** Without the tenth at either end, where the machine's other work is. */
function trimmedMean(values: number[]): number {
  const cut = Math.floor(values.length / 10)
  const kept = values.toSorted((a, b) => a - b).slice(cut, -cut)
  return kept.reduce((sum, each) => sum + each, 0) / kept.length
}
