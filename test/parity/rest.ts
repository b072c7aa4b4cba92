import { type Client, createClient, ProblemError, type Product, type Written } from '../../client/index.ts'
import type { Row } from '../../src/kernel/field.ts'
import { type Asked, facetTexts, type How, type Outcome, rowText, undoOutcome, type Way } from './way.ts'

/** REST, by way of the typed client. */
export function restWay(url: string): Way {
  const on = (how: How) => createClient({ url, token: how.as ?? 'manager-token' })
  const options = ({ as: _, ...how }: How) => how
  return {
    create: (input, how) =>
      Array.isArray(input)
        ? told(async () => many(await on(how).products.createMany(input as never, options(how))))
        : told(async () => one(await on(how).products.create(input as never, options(how)))),
    update: (id, patch, how) =>
      told(async () => one(await on(how).products.update(id, patch as never, options(how)))),
    act: (name, ids, input, how) => told(() => act(on(how), name, ids, input, options(how))),
    ask: (name, how) => told(async () => ({ answer: await verb(on(how), name)() })),
    list: (asked, how) => told(() => list(on(how), asked)),
    get: (id, how) => told(async () => ({ rows: [rowText(await on(how).products.get(id))] })),
    history: (id, how) => told(async () => events((await on(how).products.history(id)).items)),
    undo: (change, how) =>
      told(async () => undoOutcome((await on(how).changes.undo(change, options(how))).data)),
    redo: (change, how) =>
      told(async () => undoOutcome((await on(how).changes.redo(change, options(how))).data)),
  }
}

// biome-ignore lint/suspicious/noExplicitAny: verbs by name, as tables have them
function verb(client: Client, name: string): (...given: unknown[]) => Promise<any> {
  return (client.products as never)[name]
}

async function act(client: Client, name: string, ids: string[], input: Row, how: object): Promise<Outcome> {
  if (ids.length === 0) {
    const { data, change } = await verb(client, name)(input, how)
    return { answer: data, change }
  }
  const written = await verb(client, name)(ids.length === 1 ? ids[0] : ids, input, how)
  return ids.length === 1 ? one(written) : many(written)
}

async function list(client: Client, asked: Asked): Promise<Outcome> {
  const { items, next, facets, count } = await client.products.list(asked)
  return {
    rows: items.map(rowText),
    next,
    ...(facets ? { facets: facetTexts(facets) } : {}),
    ...(count ? { count: count.value } : {}),
  }
}

function one({ data, change }: Written<Product>): Outcome {
  return { rows: [rowText(data)], change }
}

function many({ data, change }: Written<{ items: Product[] }>): Outcome {
  return { rows: data.items.map(rowText), change }
}

function events(items: { action: string; version: number }[]): Outcome {
  return { history: items.map(({ action, version }) => `${action} ${version}`) }
}

async function told(work: () => Promise<Outcome>): Promise<Outcome> {
  try {
    return await work()
  } catch (error) {
    if (!(error instanceof ProblemError)) throw error
    const { code, problem } = error
    return { problem: code, faults: problem.errors.map((each) => `${each.pointer} ${each.code}`) }
  }
}
