import type { TestContext } from 'node:test'
import type { FastifyInstance } from 'fastify'
import { currentActor } from '../../src/areas/platform/access/current.ts'
import { type Door, openDoor, type Send, type Sent } from '../../src/doors/http/testing.ts'
import { toy, toyTable } from '../../src/doors/http/toy.testing.ts'
import type { Actor } from '../../src/kernel/actor.ts'
import type { Row } from '../../src/kernel/field.ts'

export const REASON = 'for the test'

export type AccessHouse = Door & {
  actors: { [token: string]: Actor }
  /** Makes a person with a role; the name is the token. */
  person(name: string, ...roles: string[]): Promise<string>
  /** Gives a right, as Olga who owns the house unless it is somebody else's token. */
  give(body: Row, token?: string): Promise<Sent>
  as(token: string): Send
}

/** A house whose grants are rows of its table: people of every kind, toys, and what happens to them. */
export async function accessHouse(
  t: TestContext,
  others: (secret: string, address?: string) => Promise<Actor | null> = async () => null,
  routes?: (app: FastifyInstance) => void,
): Promise<AccessHouse> {
  const actors: { [token: string]: Actor } = { olga: { id: 'test:olga', name: 'Olga', roles: ['owner'] } }
  const door: Door = await openDoor(t, {
    resources: [toy],
    tables: toyTable,
    grants: true,
    ...(routes ? { routes } : {}),
    authenticate: async (token, address) => actors[token] ?? others(token, address),
    current: (actor) =>
      currentActor(async (text, values) => (await door.pool.query(text, values)).rows, actor),
  })
  const as =
    (token: string): Send =>
    (method, url, options) =>
      door.send(method, url, { token, ...options })
  const send = as('olga')

  async function person(name: string, ...roles: string[]): Promise<string> {
    const { rows } = await door.pool.query<{ id: string }>(
      `insert into "user" (id, login, email, name, status) values (gen_random_uuid(), $1, $1, $2, 'active') returning id`,
      [`${name}@example.com`, name],
    )
    const [{ id }] = rows
    for (const role of roles)
      await door.pool.query(
        `insert into membership (id, "user", role, "from", by, reason) select gen_random_uuid(), $1, id, now(), 'test', 'test' from role where name = $2`,
        [id, role],
      )
    actors[name] = { id: `user:${id}`, user: id, name, roles }
    await door.keeper.look()
    return id
  }

  async function give(body: Row, token = 'olga'): Promise<Sent> {
    const sent = await as(token)('POST', '/api/grants', { body: { reason: REASON, ...body } })
    await door.keeper.look()
    return sent
  }

  return { ...door, send, actors, person, give, as }
}
