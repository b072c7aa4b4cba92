import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Secret, TOTP } from 'otpauth'
import { totpStep } from '../../src/areas/platform/people/codes.ts'
import { assertProblem, type Sent } from '../../src/doors/http/testing.ts'
import { forgiveAll, openPeople, PASSWORD, type PeopleHouse } from './house.ts'

const STEP_MS = 30_000

/** An authenticator app. */
function codeAt(secret: string, ms: number): string {
  return new TOTP({ secret: Secret.fromBase32(secret) }).generate({ timestamp: ms })
}

/** Enrols an authenticator app; the answer to its confirmation has the new token and the backup codes. */
async function enrolTotp({ send, clock }: PeopleHouse, token: string, proof: object = {}) {
  const begun = await send('POST', '/api/me/factors', { token, body: { kind: 'totp', ...proof } })
  assert.equal(begun.status, 201, begun.text)
  const { id, secret, uri } = begun.body
  const body = { code: codeAt(secret, clock.now()) }
  const confirmed = await send('POST', `/api/me/factors/${id}/confirm`, { token, body })
  assert.equal(confirmed.status, 200, confirmed.text)
  return {
    id,
    secret,
    uri,
    token: confirmed.body.token as string,
    codes: confirmed.body.backup_codes as string[],
  }
}

async function ticketOf({ signIn }: PeopleHouse, name: string): Promise<string> {
  const answer = await signIn(name)
  assert.equal(answer.body.next, 'factor', answer.text)
  return answer.body.ticket
}

const prove = ({ send }: PeopleHouse, ticket: string, method: string, code: string): Promise<Sent> =>
  send('POST', '/api/session/factor', { body: { ticket, method, code, bearer: true } })

test('codes are those of RFC 6238', () => {
  const secret = Secret.fromLatin1('12345678901234567890').base32
  const vectors: [number, string][] = [
    [59, '287082'],
    [1111111109, '081804'],
    [1111111111, '050471'],
    [1234567890, '005924'],
    [2000000000, '279037'],
    [20000000000, '353130'],
  ]
  for (const [seconds, code] of vectors) {
    const step = Math.floor(seconds / 30)
    assert.equal(totpStep(secret, code, seconds * 1_000), step, code)
    assert.equal(totpStep(secret, code, seconds * 1_000 + STEP_MS), step, `${code} a step later`)
    assert.equal(totpStep(secret, code, seconds * 1_000 - STEP_MS), step, `${code} a step before`)
    assert.equal(totpStep(secret, code, seconds * 1_000 + 2 * STEP_MS), null, `${code} two steps later`)
  }
  for (const wrong of ['', '28708', '2870820', 'abcdef', '２８７０８２'])
    assert.equal(totpStep(secret, wrong, 59_000), null, wrong)
})

test('an authenticator app: enrolled, asked for, its codes good once, taken away for the password only', async (t) => {
  const house = await openPeople(t)
  const { send, settle, clock, pool, delivered, outbox, keyring } = house
  const { token: first } = await settle('ana', 'staff')
  const { uri, secret, token, codes } = await enrolTotp(house, first)
  assertProblem(await send('GET', '/api/me', { token: first }), 401, 'the token from before the factor')
  const url = new URL(uri)
  assert.equal(uri.split('?')[0], 'otpauth://totp/Dune%20Tours:ana%40example.com')
  assert.deepEqual(
    ['issuer', 'algorithm', 'digits', 'period', 'secret'].map((name) => url.searchParams.get(name)),
    ['Dune Tours', 'SHA1', '6', '30', secret],
  )
  assert.equal(secret.length, 32)
  assert.equal(codes.length, 10)
  for (const code of codes) assert.match(code, /^[0-9A-HJKMNP-TV-Z]{5}-[0-9A-HJKMNP-TV-Z]{5}$/)
  const ticket = await ticketOf(house, 'ana')
  assertProblem(await send('GET', '/api/me', { token: ticket }), 401, 'a ticket is no session')
  assertProblem(await prove(house, ticket, 'totp', codeAt(secret, clock.now())), 401, 'the code of enrolling')
  clock.offset += STEP_MS
  const code = codeAt(secret, clock.now())
  assert.equal((await prove(house, ticket, 'totp', code)).status, 200)
  assertProblem(await prove(house, ticket, 'totp', code), 401, 'the ticket again')
  assertProblem(await prove(house, await ticketOf(house, 'ana'), 'totp', code), 401, 'the code again')
  clock.offset += STEP_MS
  const next = codeAt(secret, clock.now())
  await forgiveAll(house)
  const tickets = await Promise.all([1, 2, 3, 4].map(() => ticketOf(house, 'ana')))
  const many = await Promise.all(tickets.map((each) => prove(house, each, 'totp', next)))
  assert.deepEqual(many.map(({ status }) => status).sort(), [200, 401, 401, 401], 'one code at four doors')
  const { rows } = await pool.query(
    "select id, secret from factor where kind = 'totp' and disabled_at is null",
  )
  assert.ok(!rows[0].secret.includes(secret))
  const sealed = rows[0].secret as string
  const flipped = `${sealed.slice(0, -3)}${sealed.at(-3) === 'A' ? 'B' : 'A'}${sealed.slice(-2)}`
  for (const [what, value, context] of [
    ['a bit', flipped, 'x'],
    ['another person', sealed, 'factor|totp|x|y'],
  ])
    assert.throws(() => keyring.open(value, context), /altered, or belongs elsewhere/, what)
  await forgiveAll(house)
  const off = (body: object) => send('POST', `/api/me/factors/${rows[0].id}/disable`, { token, body })
  assertProblem(await off({ method: 'password', password: 'wrong' }), 401, 'without the password')
  assertProblem(await off({}), 422, 'with nothing')
  const done = await off({ method: 'password', password: PASSWORD })
  assert.deepEqual([done.status, done.body.factors], [200, []], 'the backup codes go with the last one')
  const left = await pool.query('select count(*)::int as left from factor where secret is not null')
  assert.equal(left.rows[0].left, 0)
  assert.equal((await house.signIn('ana')).body.next, undefined)
  await delivered()
  assert.deepEqual(
    outbox
      .slice(1)
      .map((mail) => 'subject' in mail && mail.subject)
      .sort(),
    ['An authenticator app was added at Dune Tours', 'An authenticator app was removed at Dune Tours'],
  )
})

test('enrolling again replaces, and asks whoever has a factor for a proof', async (t) => {
  const house = await openPeople(t)
  const { send, settle, clock, pool } = house
  const { token: first } = await settle('ana')
  const unconfirmed = await send('POST', '/api/me/factors', { token: first, body: { kind: 'totp' } })
  const { secret, token, id } = await enrolTotp(house, first)
  const old = { code: codeAt(unconfirmed.body.secret, clock.now()) }
  assertProblem(
    await send('POST', `/api/me/factors/${unconfirmed.body.id}/confirm`, { token, body: old }),
    404,
    'the enrolment that was replaced',
  )
  assertProblem(await send('POST', '/api/me/factors', { token, body: { kind: 'totp' } }), 401, 'no proof')
  clock.offset += STEP_MS
  const proof = { method: 'totp', code: codeAt(secret, clock.now()) }
  const again = await enrolTotp(house, token, proof)
  assert.notEqual(again.secret, secret)
  assert.equal(again.codes, undefined, 'the backup codes stay')
  const { rows } = await pool.query(
    'select id, kind from factor where confirmed_at is not null and disabled_at is null order by kind',
  )
  assert.deepEqual(
    rows.map((row) => row.kind),
    ['backup', 'totp'],
  )
  assert.notEqual(rows[1].id, id)
  clock.offset += STEP_MS
  const ticket = await ticketOf(house, 'ana')
  assertProblem(await prove(house, ticket, 'totp', codeAt(secret, clock.now())), 401, 'the old secret')
  assert.equal((await prove(house, ticket, 'totp', codeAt(again.secret, clock.now()))).status, 200)
})

test('a backup code is good once, also when fifty show it at the same moment', async (t) => {
  const house = await openPeople(t)
  const { send, settle, pool } = house
  const { token: first } = await settle('ana')
  const { codes, token } = await enrolTotp(house, first)
  const tickets: string[] = []
  for (let i = 0; i < 50; i++) tickets.push(await ticketOf(house, 'ana'))
  await forgiveAll(house)
  const answers = await Promise.all(tickets.map((ticket) => prove(house, ticket, 'backup', codes[0])))
  assert.deepEqual(
    [200, 401, 429].map((status) => answers.filter((answer) => answer.status === status).length > 0),
    [true, true, true],
  )
  assert.equal(answers.filter(({ status }) => status === 200).length, 1)
  // Without the ladder, too: what makes it one is the code, not the wait.
  await pool.query(
    "create or replace function serai_failures(a sign_in_attempt) returns int language sql stable as 'select 1'",
  )
  await forgiveAll(house)
  const more = await Promise.all(
    tickets.slice(0, 25).map((ticket) => prove(house, ticket, 'backup', codes[1])),
  )
  assert.equal(more.filter(({ status }) => status === 200).length, 1, 'the second code')
  const used = await pool.query(`select count(*)::int as used from event where action = 'use'`)
  assert.equal(used.rows[0].used, 2)
  const me = await send('GET', '/api/me', { token: more.find(({ status }) => status === 200)!.body.token })
  assert.equal(me.body.factors.find(({ kind }: { kind: string }) => kind === 'backup').codes_left, 8)
  const typed = codes[2].toLowerCase().replace('-', ' ').replaceAll('0', 'o').replaceAll('1', 'l')
  assert.equal((await prove(house, await ticketOf(house, 'ana'), 'backup', typed)).status, 200, typed)
  const fresh = await send('POST', '/api/me/backup_codes', {
    token,
    body: { method: 'password', password: PASSWORD },
  })
  assert.equal(fresh.body.backup_codes.length, 10)
  assertProblem(await prove(house, await ticketOf(house, 'ana'), 'backup', codes[5]), 401, 'an old code')
  const [good] = fresh.body.backup_codes
  assert.equal((await prove(house, await ticketOf(house, 'ana'), 'backup', good)).status, 200)
})

test('text messages: one a minute, five minutes, three tries that count, and never in an answer', async (t) => {
  const house = await openPeople(t)
  const { send, settle, delivered, outbox, pool } = house
  const { token } = await settle('ana')
  const phone = '+971501234567'
  const lastCode = () => /^\d{6}/.exec(outbox.findLast(({ to }) => to === phone)!.text)![0]
  const begun = await send('POST', '/api/me/factors', { token, body: { kind: 'sms', phone } })
  assert.deepEqual([begun.body.sent_to, begun.body.expires_in], ['…67', 300])
  await delivered()
  assert.ok(!begun.text.includes(lastCode()))
  const jobs = await pool.query(`select e.after::text from event e where e.after::text like $1`, [
    `%${lastCode()}%`,
  ])
  assert.equal(jobs.rows.length, 0)
  const body = { code: lastCode() }
  const confirmed = await send('POST', `/api/me/factors/${begun.body.id}/confirm`, { token, body })
  assert.equal(confirmed.status, 200, confirmed.text)
  const ask = (ticket: string) => send('POST', '/api/session/challenge', { body: { ticket, method: 'sms' } })
  const ticket = await ticketOf(house, 'ana')
  const soon = await ask(ticket)
  assertProblem(soon, 429, 'a second within the minute')
  assert.ok(Number(soon.headers['retry-after']) <= 60)
  const aged = (interval: string) =>
    pool.query(`update sms_send set sends = array(select t - $1::interval from unnest(sends) t)`, [interval])
  await aged('61 s')
  assert.equal((await ask(ticket)).status, 200)
  await delivered()
  assertProblem(await prove(house, ticket, 'sms', body.code), 401, 'the code of enrolling')
  const wrong = lastCode() === '000000' ? '000001' : '000000'
  for (let i = 0; i < 2; i++) assertProblem(await prove(house, ticket, 'sms', wrong), 401, `wrong ${i}`)
  assertProblem(await prove(house, ticket, 'sms', lastCode()), 401, 'right, but after three tries')
  const sends: number[] = []
  for (let i = 0; i < 5; i++) {
    await aged('61 s')
    sends.push((await ask(await ticketOf(house, 'ana'))).status)
    await forgiveAll(house)
  }
  assert.deepEqual(sends, [200, 200, 200, 429, 429], 'five an hour with the two before')
  await delivered()
  const fresh = await ticketOf(house, 'ana')
  await pool.query("update factor_code set expires_at = expires_at - interval '5 min'")
  assertProblem(await prove(house, fresh, 'sms', lastCode()), 401, 'too old')
  await pool.query("update factor_code set expires_at = now() + interval '1 min'")
  const both = await Promise.all([1, 2].map(() => prove(house, fresh, 'sms', lastCode())))
  assert.deepEqual(both.map(({ status }) => status).sort(), [200, 401])
})

test('failed factors share the ladder of the account, and a ticket has five tries', async (t) => {
  const house = await openPeople(t)
  const { settle, signIn, pool } = house
  await enrolTotp(house, (await settle('ana')).token)
  const ticket = await ticketOf(house, 'ana')
  for (let i = 0; i < 5; i++) assertProblem(await prove(house, ticket, 'totp', '000000'), 401, `try ${i}`)
  assertProblem(await prove(house, ticket, 'totp', '000000'), 429, 'the ladder')
  assertProblem(await signIn('ana'), 429, 'the password waits, too')
  await forgiveAll(house)
  assertProblem(await prove(house, ticket, 'totp', '000000'), 401, 'the ticket is used up')
  const { rows } = await pool.query('select tries from sign_in_ticket')
  assert.deepEqual(
    rows.map((row) => row.tries),
    [5],
  )
  for (const method of ['password', 'passkey'])
    assertProblem(await prove(house, await ticketOf(house, 'ana'), method, PASSWORD), 401, method)
})

test('who lost every factor is let in a day later, unless a factor is used meanwhile', async (t) => {
  const house = await openPeople(t)
  const { send, settle, delivered, linkTo, outbox, pool, clock, signIn } = house
  const { id, token: first } = await settle('ana', 'staff')
  const { secret } = await enrolTotp(house, first)
  const due = async () => {
    const { rows } = await pool.query(
      "update graphile_worker._private_jobs set run_at = now() where key like 'send_link:recovery:%' returning id",
    )
    await delivered()
    return rows.length
  }
  const recover = (token: string) => send('POST', `/api/users/${id}/recover`, { token })
  assertProblem(await recover(first), 401, 'the session from before the factor')
  assertProblem(await recover((await settle('ben', 'staff')).token), 403, 'a colleague')
  assert.equal((await recover('owner-token')).status, 200)
  clock.offset += STEP_MS
  const used = await prove(house, await ticketOf(house, 'ana'), 'totp', codeAt(secret, clock.now()))
  assert.equal(used.status, 200)
  assert.equal(await due(), 1)
  assert.match(
    outbox.findLast(({ to }) => to === 'ana@example.com')!.text,
    /way around the second factors was asked for/,
  )
  assert.equal((await recover('owner-token')).status, 200)
  assert.equal(await due(), 1)
  const link = linkTo('ana@example.com')
  const chosen = 'a password after the loss'
  const opened = await send('POST', '/api/session/link', {
    body: { token: link, password: chosen, bearer: true },
  })
  assert.ok(opened.body.token, opened.text)
  assert.equal((await signIn('ana', chosen)).body.next, undefined)
  const { rows } = await pool.query('select count(*)::int as left from factor where disabled_at is null')
  assert.equal(rows[0].left, 0)
})
