import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import * as oidc from 'openid-client'
import { clientAuthenticator, isOfClient } from '../../src/areas/platform/clients/authenticate.ts'
import { oauthService } from '../../src/areas/platform/clients/oauth.ts'
import { oauthRoutes } from '../../src/doors/oauth.ts'
import { perform } from '../../src/engine/perform.ts'
import type { Tx } from '../../src/kernel/action.ts'
import { systemActor } from '../../src/kernel/actor.ts'
import { accessHouse } from './house.ts'

async function oauthHouse(t: TestContext) {
  const query: Tx['query'] = async (text, values) => (await house.pool.query(text, values)).rows
  const clients = clientAuthenticator(query)
  const house = await accessHouse(
    t,
    (secret, address) => (isOfClient(secret) ? clients.authenticate(secret, address) : Promise.resolve(null)),
    (app) =>
      oauthRoutes(
        app,
        oauthService(
          query,
          (action) => perform(house.engine, { ...action, actor: systemActor('oauth') }),
          clients,
        ),
      ),
  )
  house.engine.access.onChange(clients.forget)
  const admitted = await house.send('POST', '/api/clients/admit', {
    body: { name: 'partner', may: ['toy:read', 'toy:create'], reason: 'for the test' },
  })
  assert.equal(admitted.status, 200, admitted.text)
  await house.keeper.look()
  const url = await house.app.listen({ port: 0, host: '127.0.0.1' })
  const discover = (id: string, secret: string) =>
    oidc.discovery(new URL(url), id, undefined, oidc.ClientSecretBasic(secret), {
      algorithm: 'oauth2',
      execute: [oidc.allowInsecureRequests],
    })
  return { ...house, url, key: admitted.body.key as string, discover }
}

test('openid-client finds the routes, gets a token, uses it, asks for it and ends it', async (t) => {
  const { url, key, discover, pool } = await oauthHouse(t)
  const config = await discover('partner', key)
  assert.equal(config.serverMetadata().issuer, url)
  const tokens = await oidc.clientCredentialsGrant(config, { scope: 'toy:read product:*' })
  assert.equal(tokens.token_type.toLowerCase(), 'bearer')
  assert.deepEqual([tokens.expires_in, tokens.scope], [3600, 'toy:read product:*'])
  const get = async (path: string, method = 'GET', body?: object) =>
    (
      await fetch(`${url}${path}`, {
        method,
        headers: {
          authorization: `Bearer ${tokens.access_token}`,
          ...(body ? { 'content-type': 'application/json' } : {}),
        },
        ...(body ? { body: JSON.stringify(body) } : {}),
      })
    ).status
  assert.equal(await get('/api/toys'), 200)
  assert.equal(await get('/api/toys', 'POST', { code: 'x' }), 403, 'the scope narrows')
  assert.equal(await get('/api/products'), 403, 'a scope grants nothing')
  const said = await oidc.tokenIntrospection(config, tokens.access_token)
  assert.deepEqual([said.active, said.client_id, said.scope], [true, 'partner', 'toy:read product:*'])
  assert.ok(Math.abs(Number(said.exp) - Number(said.iat) - 3_600) <= 1)
  await oidc.tokenRevocation(config, tokens.access_token)
  assert.equal((await oidc.tokenIntrospection(config, tokens.access_token)).active, false)
  assert.equal(await get('/api/toys'), 401)
  const { rows } = await pool.query(
    `select actor, action from event where resource = 'client_token' order by position`,
  )
  assert.deepEqual(rows, [
    { actor: 'system:oauth', action: 'issue' },
    { actor: 'system:oauth', action: 'revoke' },
  ])
})

test('what is wrong is told as RFC 6749 has it', async (t) => {
  const { url, key } = await oauthHouse(t)
  const form = 'application/x-www-form-urlencoded'
  const basic = (id: string, secret: string) =>
    `Basic ${Buffer.from(`${encodeURIComponent(id)}:${encodeURIComponent(secret)}`).toString('base64')}`
  const good = basic('partner', key)
  const cases: [string, string | undefined, string, string, number, string][] = [
    ['no client', undefined, form, 'grant_type=client_credentials', 401, 'invalid_client'],
    [
      'a wrong key',
      basic('partner', `${key.slice(0, -1)}!`),
      form,
      'grant_type=client_credentials',
      401,
      'invalid_client',
    ],
    ['a key of another', basic('till', key), form, 'grant_type=client_credentials', 401, 'invalid_client'],
    ['no grant type', good, form, 'scope=toy:read', 400, 'invalid_request'],
    ['another grant type', good, form, 'grant_type=password', 400, 'unsupported_grant_type'],
    ['no scope of ours', good, form, 'grant_type=client_credentials&scope=openid', 400, 'invalid_scope'],
    [
      'twice',
      good,
      form,
      'grant_type=client_credentials&grant_type=client_credentials',
      400,
      'invalid_request',
    ],
    ['no form', good, 'application/json', '{}', 400, 'invalid_request'],
  ]
  for (const [what, authorization, type, body, status, error] of cases) {
    const response = await fetch(`${url}/oauth/token`, {
      method: 'POST',
      body,
      headers: { 'content-type': type, ...(authorization ? { authorization } : {}) },
    })
    const answer = (await response.json()) as { error: string; error_description: string }
    assert.deepEqual([response.status, answer.error], [status, error], `${what}: ${JSON.stringify(answer)}`)
    assert.ok(answer.error_description)
    assert.equal(response.headers.get('cache-control'), 'no-store')
    assert.equal(response.headers.has('www-authenticate'), status === 401, what)
  }
})

test('a token ends with its key and its client, and is no key to get another with', async (t) => {
  const { url, key, discover, send, keeper } = await oauthHouse(t)
  const config = await discover('partner', key)
  const status = async (token: string) =>
    (await fetch(`${url}/api/toys`, { headers: { authorization: `Bearer ${token}` } })).status
  const { access_token: first } = await oidc.clientCredentialsGrant(config)
  assert.equal(await status(first), 200)
  await assert.rejects(oidc.clientCredentialsGrant(await discover('partner', first)), /challenge|401/)
  await send('POST', '/api/clients/partner/deactivate', { body: {} })
  await keeper.look()
  assert.equal(await status(first), 401)
  await assert.rejects(oidc.clientCredentialsGrant(config))
  await send('POST', '/api/clients/partner/activate', { body: {} })
  await keeper.look()
  assert.equal(await status(first), 200)
  const { body } = await send('GET', '/api/client_keys')
  await send('POST', `/api/client_keys/${body.items[0].id}/revoke`, { body: {} })
  await keeper.look()
  assert.equal(await status(first), 401)
})
