import assert from 'node:assert/strict'
import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { test } from 'node:test'
import { WebSocket } from 'ws'
import { forgetGuesses } from '../../src/store/upkeep.ts'
import { openPeople } from './house.ts'

const CLOSED_MS = 5_000

test('a browser opens a socket with its cookie, from our pages only, and a role that is taken closes it', async (t) => {
  const { app, send, settle, pool } = await openPeople(t, { live: { heartbeatMs: 200 } })
  const { id, token } = await settle('ana', 'staff')
  await app.listen({ port: 0, host: '127.0.0.1' })
  const { port } = app.server.address() as AddressInfo
  const open = (headers: { [name: string]: string }) =>
    new WebSocket(`ws://127.0.0.1:${port}/api/live`, { headers })
  const cookie = `__Host-serai=${token}`
  for (const [headers, status] of [
    [{ cookie, origin: 'https://evil.example' }, 403],
    [{ cookie: `${cookie}x`, origin: `http://127.0.0.1:${port}` }, 401],
    [{ origin: `http://127.0.0.1:${port}` }, 401],
  ] as const) {
    const [error] = (await once(open(headers), 'error')) as [Error]
    assert.match(error.message, new RegExp(String(status)))
  }
  const socket = open({ cookie, origin: `http://127.0.0.1:${port}` })
  await once(socket, 'open')
  const closed = once(socket, 'close', { signal: AbortSignal.timeout(CLOSED_MS) })
  const { rows } = await pool.query(`select id from membership where "user" = $1`, [id])
  await send('POST', `/api/memberships/${rows[0].id}/revoke`, { token: 'owner-token' })
  const [code] = await closed
  assert.equal(code, 4401)
})

test('what signing in leaves behind is forgotten in time', async (t) => {
  const { send, settle, signIn, pool } = await openPeople(t)
  await settle('ana')
  await signIn('nobody', 'x')
  await send('POST', '/api/session/challenge', { body: { method: 'passkey' } })
  const left = async () =>
    (
      await pool.query(
        'select (select count(*)::int from sign_in_attempt) as guesses, (select count(*)::int from passkey_challenge) as challenges',
      )
    ).rows[0]
  const before = await left()
  await forgetGuesses(pool)
  assert.deepEqual(await left(), before)
  await pool.query("update sign_in_attempt set updated_at = now() - interval '31 days'")
  await pool.query("update passkey_challenge set expires_at = now() - interval '1 s'")
  await forgetGuesses(pool)
  assert.deepEqual(await left(), { guesses: 0, challenges: 0 })
})
