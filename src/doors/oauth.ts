import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'

/** What stands behind the OAuth 2 routes: clients, their keys, and tokens for them. */
export type Oauth = {
  /** The client that this id and secret name, from this address; null when there is none. */
  client(id: string, secret: string, address: string): Promise<OauthClient | null>
  /** A new token, narrowed to these scopes when there are any. */
  issue(client: OauthClient, scopes: readonly string[] | null): Promise<{ token: string; seconds: number }>
  /** What a token of this client is; null when it is no good, or another's. */
  find(client: OauthClient, token: string): Promise<OauthToken | null>
  revoke(client: OauthClient, token: string): Promise<void>
  /** Whether a text can be a scope. */
  isScope(text: string): boolean
}
export type OauthClient = { id: string; name: string; key: string }
/** Times in seconds since 1970. */
export type OauthToken = { scopes: readonly string[] | null; issued: number; expires: number }

const FORM = 'application/x-www-form-urlencoded'
const FORM_BYTES_MAX = 8_192
const BASIC = /^basic +([A-Za-z0-9+/]+=*)$/i
const PATHS = { token: '/oauth/token', introspect: '/oauth/introspect', revoke: '/oauth/revoke' }

/** An error as RFC 6749 §5.2 has it. */
class OauthError extends Error {
  readonly status: 400 | 401
  readonly error: string
  constructor(error: string, description: string, status: 400 | 401 = 400) {
    super(description)
    this.status = status
    this.error = error
  }
}

/**
 * OAuth 2 for programs that want tokens: client credentials (RFC 6749 §4.4, with client_secret_basic), introspection (RFC 7662),
 * revocation (RFC 7009) and the metadata that says where all of it is (RFC 8414). The secret of a client is one of its keys.
 */
export function oauthRoutes(app: FastifyInstance, oauth: Oauth): void {
  app.get('/.well-known/oauth-authorization-server', { config: { open: true } }, async (request, reply) =>
    reply.send(metadataOf(request)),
  )
  app.register(async (scope) => {
    scope.addContentTypeParser(
      FORM,
      { parseAs: 'string', bodyLimit: FORM_BYTES_MAX },
      async (_request: FastifyRequest, body: string) => new URLSearchParams(body),
    )
    const route = (path: string, handle: (asked: Asked) => Promise<object | null>) =>
      scope.post(path, { config: { open: true } }, (request, reply) => answer(oauth, request, reply, handle))
    route(PATHS.token, (asked) => token(oauth, asked))
    route(PATHS.introspect, (asked) => introspect(oauth, asked))
    route(PATHS.revoke, async ({ client, form }) => {
      await oauth.revoke(client, required(form, 'token'))
      return null
    })
  })
}

type Asked = { client: OauthClient; form: URLSearchParams }

async function answer(
  oauth: Oauth,
  request: FastifyRequest,
  reply: FastifyReply,
  handle: (asked: Asked) => Promise<object | null>,
): Promise<FastifyReply> {
  try {
    const form = formOf(request)
    const body = await handle({ client: await clientOf(oauth, request), form })
    return body === null ? reply.code(200).send() : reply.send(body)
  } catch (error) {
    if (!(error instanceof OauthError)) throw error
    if (error.status === 401) reply.header('www-authenticate', 'Basic realm="serai"')
    return reply.code(error.status).send({ error: error.error, error_description: error.message })
  }
}

async function token(oauth: Oauth, { client, form }: Asked): Promise<object> {
  const grant = required(form, 'grant_type')
  if (grant !== 'client_credentials')
    throw new OauthError('unsupported_grant_type', 'Only client_credentials is taken here.')
  const scopes = form.get('scope')?.split(' ').filter(Boolean) ?? []
  const strange = scopes.find((each) => !oauth.isScope(each))
  if (strange !== undefined)
    throw new OauthError('invalid_scope', 'A scope is a permission, such as product:read or order:*.')
  const { token: text, seconds } = await oauth.issue(client, scopes.length ? scopes : null)
  return {
    access_token: text,
    token_type: 'Bearer',
    expires_in: seconds,
    ...(scopes.length ? { scope: scopes.join(' ') } : {}),
  }
}

async function introspect(oauth: Oauth, { client, form }: Asked): Promise<object> {
  const found = await oauth.find(client, required(form, 'token'))
  if (!found) return { active: false }
  const { scopes, issued, expires } = found
  return {
    active: true,
    client_id: client.name,
    sub: `client:${client.id}`,
    token_type: 'Bearer',
    iat: issued,
    exp: expires,
    ...(scopes ? { scope: scopes.join(' ') } : {}),
  }
}

/** The client that shows itself in the header (client_secret_basic): id and secret are form-encoded there, RFC 6749 §2.3.1. */
async function clientOf(oauth: Oauth, { headers, ip }: FastifyRequest): Promise<OauthClient> {
  const encoded = BASIC.exec(headers.authorization ?? '')?.[1]
  const text = encoded === undefined ? '' : Buffer.from(encoded, 'base64').toString()
  const colon = text.indexOf(':')
  const client =
    colon > 0 ? await oauth.client(decoded(text.slice(0, colon)), decoded(text.slice(colon + 1)), ip) : null
  if (client) return client
  throw new OauthError(
    'invalid_client',
    'Show the name of the client and one of its keys as HTTP Basic. Unknown, expired or revoked ones are refused.',
    401,
  )
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text.replaceAll('+', ' '))
  } catch {
    return ''
  }
}

function formOf({ body }: FastifyRequest): URLSearchParams {
  if (!(body instanceof URLSearchParams))
    throw new OauthError('invalid_request', `The body must be a form (${FORM}).`)
  const names = [...body.keys()]
  const twice = names.find((name, index) => names.indexOf(name) !== index)
  if (twice === undefined) return body
  throw new OauthError('invalid_request', 'A parameter is given more than once.')
}

function required(form: URLSearchParams, name: string): string {
  const value = form.get(name)
  if (value) return value
  throw new OauthError('invalid_request', `The parameter ${name} is missing.`)
}

/** RFC 8414; the issuer is where it was asked. */
function metadataOf({ protocol, host }: FastifyRequest): object {
  const issuer = `${protocol}://${host}`
  const methods = ['client_secret_basic']
  return {
    issuer,
    token_endpoint: `${issuer}${PATHS.token}`,
    token_endpoint_auth_methods_supported: methods,
    introspection_endpoint: `${issuer}${PATHS.introspect}`,
    introspection_endpoint_auth_methods_supported: methods,
    revocation_endpoint: `${issuer}${PATHS.revoke}`,
    revocation_endpoint_auth_methods_supported: methods,
    grant_types_supported: ['client_credentials'],
    response_types_supported: [],
    service_documentation: `${issuer}/docs`,
  }
}
