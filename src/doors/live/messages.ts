import type { Wish } from './wish.ts'

/** What a client may say. */
export type Asked =
  | ({ type: 'subscribe'; id: string } & Wish)
  | { type: 'unsubscribe'; id: string }
  | { type: 'ping' }

const ID_CHARACTERS_MAX = 100
const MEMBERS = {
  subscribe: ['type', 'id', 'resource', 'filter', 'fields', 'after', 'snapshot'],
  unsubscribe: ['type', 'id'],
  ping: ['type'],
}

/** A message as it was meant, or what is wrong with it: a program that speaks another language is told and cut off. */
export function parseMessage(text: string): Asked | string {
  const message = parsed(text)
  if (!message) return 'a message is one JSON object'
  const type = message.type as keyof typeof MEMBERS
  if (!Object.hasOwn(MEMBERS, String(type))) return 'type must be subscribe, unsubscribe or ping'
  const strange = Object.keys(message).find((name) => !MEMBERS[type].includes(name))
  if (strange) return `${type} has no member "${strange.slice(0, 40)}"`
  if (type === 'ping') return { type }
  const { id } = message
  if (typeof id !== 'string' || id === '' || id.length > ID_CHARACTERS_MAX)
    return `id must be a text of 1 to ${ID_CHARACTERS_MAX} characters`
  return type === 'unsubscribe' ? { type, id } : wishOf(id, message)
}

function wishOf(id: string, message: Record<string, unknown>): Asked | string {
  const { resource, filter, after, snapshot = false } = message
  for (const [name, value] of Object.entries({ resource, filter, after }))
    if (value != null && typeof value !== 'string') return `${name} must be a text`
  if (typeof snapshot !== 'boolean') return 'snapshot must be true or false'
  const { fields } = message
  if (fields != null && !(Array.isArray(fields) && fields.every((each) => typeof each === 'string')))
    return 'fields must be a list of names'
  return {
    type: 'subscribe',
    id,
    resource: text(resource),
    filter: text(filter),
    after: text(after),
    fields: (fields as string[] | undefined)?.join(','),
    snapshot,
  }
}

function text(value: unknown): string | undefined {
  return typeof value === 'string' ? value : undefined
}

function parsed(source: string): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(source)
    return typeof value === 'object' && value !== null && !Array.isArray(value)
      ? (value as Record<string, unknown>)
      : undefined
  } catch {
    return undefined // said by the caller, with what is expected
  }
}
