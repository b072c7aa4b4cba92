import type { Alias, Asked, Found } from '../../../kernel/alias.ts'
import type { Row } from '../../../kernel/field.ts'

const LEVELS: { [level: string]: readonly string[] } = { read: ['read'], read_write: ['read', 'update'] }
const GRANTED = 'given at an address of the predecessor'

/** The predecessors' addresses for grants and for programs, as they were asked and as they answered. */
export const accessAliases: readonly Alias[] = [
  {
    method: 'POST',
    path: '/api/access/permissions/grant',
    means: 'POST /api/grants',
    calls: ({ body }) => [
      grant(body, { permission: permissionOf(body.permission), ...ruleOf(body.permission) }),
    ],
    answer: first,
  },
  {
    method: 'POST',
    path: '/api/access/permissions/revoke',
    means: 'POST /api/grants/take',
    calls: ({ body }) => [take(body, { permission: permissionOf(body.permission) })],
    answer: ({ answer }) => answer,
  },
  {
    method: 'GET',
    path: '/api/access/permissions/user/{id}',
    means: 'GET /api/grants',
    calls: ({ params }) => [held(params.id)],
    answer: ({ records, total }) => ({
      total,
      permissions: records.map(({ permission }) => permission),
      items: records,
    }),
  },
  {
    method: 'POST',
    path: '/api/access/resources/access/grant',
    means: 'POST /api/grants',
    calls: ({ body }) =>
      verbsOf(body).map((verb) =>
        grant(body, {
          permission: `${singular(body.resource_type)}:${verb}`,
          record: body.resource_id ?? null,
        }),
      ),
    answer: ({ records }) => ({ total: records.length, items: records }),
  },
  {
    method: 'POST',
    path: '/api/access/resources/access/revoke',
    means: 'POST /api/grants/take',
    calls: ({ body }) =>
      LEVELS.read_write.map((verb) =>
        take(body, {
          permission: `${singular(body.resource_type)}:${verb}`,
          record: body.resource_id ?? null,
        }),
      ),
    answer: ({ answer }) => answer,
  },
  {
    method: 'GET',
    path: '/api/access/resources/user-access',
    means: 'GET /api/grants',
    query: ['user_id', 'resource_type'],
    calls: ({ query }) => [
      held(
        query.user_id ?? '',
        `record != null${query.resource_type ? ` && permission.startsWith(${JSON.stringify(`${singular(query.resource_type)}:`)})` : ''}`,
      ),
    ],
    answer: page,
  },
  {
    method: 'GET',
    path: '/api/access/roles',
    means: 'GET /api/roles',
    calls: () => [{ kind: 'list', resource: 'role', parameters: { sort: '-level,name', limit: '200' } }],
    answer: page,
  },
  {
    method: 'GET',
    path: '/system/clients',
    means: 'GET /api/clients',
    calls: () => [{ kind: 'list', resource: 'client', parameters: { sort: 'name', limit: '200' } }],
    answer: ({ records, total }) => ({ total, items: records.map(clientOf) }),
  },
  {
    method: 'POST',
    path: '/system/clients',
    means: 'POST /api/clients/admit',
    // A key that the caller brings is an unknown member there, and refused.
    calls: ({ body: { client_type, ...body } }) => [
      {
        kind: 'perform',
        resource: 'client',
        action: 'admit',
        input: { reason: GRANTED, ...body, ...(client_type === undefined ? {} : { kind: client_type }) },
      },
    ],
    answer: ({ records, answer }) => ({ ...clientOf(records[0] ?? {}), api_key: answer?.key }),
  },
  ...(['activate', 'deactivate'] as const).map(
    (action): Alias => ({
      method: 'POST',
      path: `/system/clients/{id}/${action}`,
      means: `POST /api/clients/{id}/${action}`,
      calls: ({ params }) => [{ kind: 'perform', resource: 'client', action, targets: [params.id] }],
      answer: ({ records }) => clientOf(records[0] ?? {}),
    }),
  ),
]

function grant(body: Asked['body'], words: Row) {
  const { user_id, expires_at, reason } = body
  const input = { user: user_id, until: expires_at ?? null, reason: reason ?? GRANTED, ...words }
  return { kind: 'perform', resource: 'grant', action: 'create', input } as const
}

function take(body: Asked['body'], words: Row) {
  const input = { user: body.user_id, ...words }
  return { kind: 'perform', resource: 'grant', action: 'take', input } as const
}

function held(user: string, more?: string) {
  const filter = [`user == ${JSON.stringify(user)}`, 'revoked_at == null', ...(more ? [more] : [])].join(
    ' && ',
  )
  return { kind: 'list', resource: 'grant', parameters: { filter, limit: '200' } } as const
}

/** `orders:delete` → `order:archive`; what is not a text is left for the action to refuse. */
export function permissionOf(text: unknown): unknown {
  if (typeof text !== 'string') return text
  if (text === '*') return '*:*'
  const [resource, verb = ''] = text.split(':')
  const plain = verb.replace(/_own$/, '')
  return `${singular(resource)}:${plain === 'delete' ? 'archive' : plain}`
}

/** `orders:read_own`: what is the holder's own. */
function ruleOf(text: unknown): Row {
  return typeof text === 'string' && text.endsWith('_own') ? { rule: 'user == me' } : {}
}

function singular(name: unknown): string {
  const text = String(name ?? '')
  return text.endsWith('ies') ? `${text.slice(0, -3)}y` : text.replace(/s$/, '')
}

function verbsOf({ access_level }: Asked['body']): readonly string[] {
  return LEVELS[String(access_level ?? 'read')] ?? [String(access_level)]
}

function clientOf({ kind, ...client }: Row): Row {
  return { ...client, client_type: kind, is_active: client.active }
}

function first({ records }: Found): unknown {
  return records[0]
}

function page({ records, total }: Found): unknown {
  return { total, items: records }
}
