import assert from 'node:assert/strict'
import { test } from 'node:test'
import { assertProblem } from '../../src/doors/http/testing.ts'
import { softAuthenticator } from './authenticator.ts'
import { forgiveAll, ORIGIN, openPeople, PASSWORD, type PeopleHouse } from './house.ts'

const HOST = new URL(ORIGIN).hostname

async function register({ send }: PeopleHouse, token: string, proof: object = {}) {
  const authenticator = softAuthenticator(HOST)
  const begun = await send('POST', '/api/me/factors', {
    token,
    body: { kind: 'passkey', label: 'laptop', ...proof },
  })
  assert.equal(begun.status, 201, begun.text)
  const { id, options } = begun.body
  const confirm = (credential: object, origin = token) =>
    send('POST', `/api/me/factors/${id}/confirm`, { token: origin, body: { credential } })
  return { authenticator, id, options, confirm }
}

const optionsFor = async ({ send }: PeopleHouse, body: object) =>
  (await send('POST', '/api/session/challenge', { body: { method: 'passkey', ...body } })).body
const show = ({ send }: PeopleHouse, body: object) =>
  send('POST', '/api/session/factor', { body: { method: 'passkey', bearer: true, ...body } })

test('a passkey is registered for our origin and challenge only, and signs in alone', async (t) => {
  const house = await openPeople(t)
  const { send, settle } = house
  const { token, id } = await settle('ana', 'staff')
  const { authenticator, options, confirm } = await register(house, token)
  assert.deepEqual([options.rp.id, options.attestation], [HOST, 'none'])
  const evil = authenticator.register(options, 'https://serai.test.evil.example')
  assertProblem(await confirm(evil), 401, 'another origin')
  assertProblem(await confirm(authenticator.register(options, ORIGIN)), 401, 'a challenge is good once')
  await forgiveAll(house)
  const again = await register(house, token)
  const foreign = { ...again.options, challenge: Buffer.alloc(32).toString('base64url') }
  assertProblem(await again.confirm(again.authenticator.register(foreign, ORIGIN)), 401, 'another challenge')
  const third = await register(house, token)
  const confirmed = await third.confirm(third.authenticator.register(third.options, ORIGIN))
  assert.equal(confirmed.status, 200, confirmed.text)
  assert.equal(confirmed.body.backup_codes.length, 10)

  const asked = await optionsFor(house, {})
  assert.deepEqual([asked.userVerification, asked.allowCredentials], ['required', []])
  const credential = third.authenticator.answer(asked, ORIGIN)
  const signed = await show(house, { credential })
  assert.equal(signed.status, 200, signed.text)
  assert.equal((await send('GET', '/api/me', { token: signed.body.token })).body.id, id)
  assertProblem(await show(house, { credential }), 401, 'the same answer again')
  const cases: [string, Promise<object>][] = [
    [
      'another origin',
      optionsFor(house, {}).then((each) => third.authenticator.answer(each, 'https://evil.example')),
    ],
    [
      'not verified',
      optionsFor(house, {}).then((each) => third.authenticator.answer(each, ORIGIN, { verified: false })),
    ],
    ['unknown', optionsFor(house, {}).then((each) => softAuthenticator(HOST).answer(each, ORIGIN))],
    ['nonsense', Promise.resolve({ id: third.authenticator.id })],
  ]
  for (const [what, made] of cases) {
    assertProblem(await show(house, { credential: await made }), 401, what)
    await forgiveAll(house)
  }
  const borrowed = { ...third.authenticator.answer(await optionsFor(house, {}), ORIGIN), id: 'x' }
  assertProblem(await show(house, { credential: borrowed }), 401, 'another id')
})

test('a passkey as second factor; one that counts backwards is a copy', async (t) => {
  const house = await openPeople(t)
  const { send, settle, signIn } = house
  const { token } = await settle('ana')
  const { authenticator, options, confirm } = await register(house, token)
  const { token: kept } = (await confirm(authenticator.register(options, ORIGIN))).body
  const step = await signIn('ana')
  assert.deepEqual([step.body.next, step.body.methods], ['factor', ['backup', 'passkey']])
  const { ticket } = step.body
  const asked = await optionsFor(house, { ticket })
  assert.deepEqual(
    asked.allowCredentials.map(({ id }: { id: string }) => id),
    [authenticator.id],
  )
  const unverified = authenticator.answer(asked, ORIGIN, { verified: false })
  const signed = await show(house, { ticket, credential: unverified })
  assert.equal(signed.status, 200, 'the password was shown before')
  authenticator.setCounter(0)
  const second = (await signIn('ana')).body.ticket
  const backwards = authenticator.answer(await optionsFor(house, { ticket: second }), ORIGIN)
  assertProblem(await show(house, { ticket: second, credential: backwards }), 401, 'counts 1 after 1')
  const other = await settle('ben')
  const stolen = authenticator.answer(await optionsFor(house, { ticket: second }), ORIGIN)
  const body = { method: 'passkey', credential: stolen }
  assertProblem(
    await send('POST', '/api/session/factor', { token: other.token, body }),
    401,
    "somebody else's",
  )
  const proof = { method: 'password', password: PASSWORD }
  const more = await register(house, kept, proof)
  assert.deepEqual(
    more.options.excludeCredentials.map(({ id }: { id: string }) => id),
    [authenticator.id],
  )
})
