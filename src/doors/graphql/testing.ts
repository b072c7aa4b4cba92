import type { TestContext } from 'node:test'
import { type Door, openDoor, type Sent } from '../http/testing.ts'
import { toy, toyTable } from '../http/toy.testing.ts'

// biome-ignore lint/suspicious/noExplicitAny: an answer may be anything; tests say what they expect of it
type Any = any

export type Told = {
  message: string
  path?: (string | number)[]
  extensions: {
    code: string
    status: number
    title: string
    request_id: string
    errors: { pointer: string; code: string; detail: string }[]
  }
}
export type Answered = Sent & { data: Any; errors: Told[] }
export type Ask = (
  query: string,
  variables?: object,
  options?: { token?: string | null; headers?: { [name: string]: string } },
) => Promise<Answered>
export type GraphqlDoor = Door & { ask: Ask }

/** The HTTP door with a resource that no area has, asked in GraphQL. */
export async function openGraphql(
  t: TestContext,
  options: Parameters<typeof openDoor>[1] = {},
): Promise<GraphqlDoor> {
  const door = await openDoor(t, { resources: [toy], tables: toyTable, ...options })
  return { ...door, ask: asker(door) }
}

function asker({ send }: Door): Ask {
  return async (query, variables, options = {}) => {
    const sent = await send('POST', '/api/graphql', {
      body: { query, ...(variables ? { variables } : {}) },
      ...options,
    })
    return { ...sent, data: sent.body?.data, errors: sent.body?.errors ?? [] }
  }
}

/** Counts the statements that are sent to the database while `work` runs. */
export async function statements({ pool }: Door, work: () => Promise<unknown>): Promise<string[]> {
  const sent: string[] = []
  const query = pool.query
  pool.query = ((statement: string | { text: string }, ...rest: unknown[]) => {
    sent.push(typeof statement === 'string' ? statement : statement.text)
    return (query as (...all: unknown[]) => unknown).call(pool, statement, ...rest)
  }) as typeof pool.query
  try {
    await work()
  } finally {
    pool.query = query
  }
  return sent
}
