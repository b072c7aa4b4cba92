import { read, step, type WriteOptions, type Written, write } from './calls.ts'
import type { Parameters, Send } from './http.ts'
import { type Live, type LiveOptions, type LiveRequest, live } from './live.ts'
import type { Difference, Event, Resources } from './types.ts'

/** What a list is asked for; other members are `field=value`. */
export type Query = {
  q?: string
  /** a condition in CEL */
  filter?: string
  sort?: string | readonly string[]
  /** size of a page: 50 when absent, at most 500 */
  limit?: number
  cursor?: string
  fields?: readonly string[]
  expand?: readonly string[]
  facets?: readonly string[]
  count?: boolean
  archived?: 'only' | 'with' | 'without'
  /** RFC 3339: as it stood then */
  as_of?: string
  /** name of a saved view */
  view?: string
  [field: string]: string | number | boolean | readonly string[] | undefined
}
export type Page<Item> = {
  items: Item[]
  /** the cursor of the next page; null on the last */
  next: string | null
  facets?: { [field: string]: { value: unknown; count: number }[] }
  count?: { value: number; capped: boolean }
}
export type LogQuery = { limit?: number; before?: string }

/** A resource of `Resources`, as types say it. */
export type Shape = {
  record: object
  create: unknown
  update: unknown
  verbs: { [name: string]: { on: string; effect: string; input: object } }
}
type Write<Data> = Promise<Written<Data>>
type Answer = { [name: string]: unknown }

/** What every resource has. */
type Readable<Item> = {
  list(query?: Query): Promise<Page<Item>>
  /** Every record, page by page, each fetched when it is needed. */
  all(query?: Query): AsyncGenerator<Item, void, undefined>
  get(id: string, query?: Pick<Query, 'fields' | 'expand' | 'as_of'>): Promise<Item>
  history(id: string, query?: LogQuery): Promise<Page<Event>>
  /** The records that are not as they stood. */
  diff(query: { as_of: string; until?: string; limit?: number; cursor?: string }): Promise<Page<Difference>>
  /** The file, as a stream; it was not finished when the stream fails. */
  export(format: 'csv' | 'xlsx' | 'json' | 'jsonl', query?: Query): Promise<ReadableStream<Uint8Array>>
  /** What happens to the records, as it happens: survives restarts and broken lines, each event once and in order. */
  live(request?: LiveRequest, options?: LiveOptions): AsyncGenerator<Live<Item>, void, undefined>
}
type Creatable<Input, Item> = {
  create(input: Input, options?: WriteOptions): Write<Item>
  /** All of them, or none. */
  createMany(inputs: readonly Input[], options?: WriteOptions): Write<{ items: Item[] }>
}
type Updatable<Patch, Item> = {
  update(id: string, patch: Patch, options?: WriteOptions): Write<Item>
  updateMany(ids: readonly string[], patch: Patch, options?: WriteOptions): Write<{ items: Item[] }>
}
type Verb<Item, Declared> = Declared extends { on: infer On; effect: infer Effect; input: infer Input }
  ? Effect extends 'read'
    ? On extends 'records'
      ? (id: string, input?: Input) => Promise<Answer>
      : (input?: Input & { as_of?: string }) => Promise<Answer>
    : On extends 'records'
      ? {
          (id: string, input?: Input, options?: WriteOptions): Write<Item>
          (ids: readonly string[], input?: Input, options?: WriteOptions): Write<{ items: Item[] }>
        }
      : (input?: Input, options?: WriteOptions) => Write<Answer>
  : never

/** The records of one resource, and its verbs. */
export type Collection<Each extends Shape> = Readable<Each['record']> &
  ([Each['create']] extends [never] ? unknown : Creatable<Each['create'], Each['record']>) &
  ([Each['update']] extends [never] ? unknown : Updatable<Each['update'], Each['record']>) & {
    [Name in keyof Each['verbs']]: Verb<Each['record'], Each['verbs'][Name]>
  }
export type Collections = { [Plural in keyof Resources]: Collection<Resources[Plural]> }

export type VerbTable = { readonly [name: string]: { readonly on: string; readonly effect: string } }

/** The calls of one resource. The types above say which of them it has; the server refuses the others. */
export function collectionOf(send: Send, plural: string, verbs: VerbTable): object {
  const root = `/api/${plural}`
  const at = (id: string) => `${root}/${step(id)}`
  const list = (query: Query = {}) => read<Page<unknown>>(send, root, query)
  return {
    list,
    async *all(query: Query = {}) {
      for (let page = await list(query); ; page = await list({ ...query, cursor: page.next! })) {
        yield* page.items
        if (page.next === null) return
      }
    },
    get: (id: string, query?: Parameters) => read(send, at(id), query),
    history: (id: string, query?: LogQuery) => read(send, `${at(id)}/history`, query),
    diff: (query: Parameters) => read(send, `${root}/diff`, query),
    export: async (format: string, query?: Query) =>
      (await send(`${root}/export`, { query: { ...query, format } })).body,
    live: (request?: LiveRequest, options?: LiveOptions) => live(send, plural, request, options),
    create: (body: object, how?: WriteOptions) => write(send, root, { body }, how),
    createMany: (body: object[], how?: WriteOptions) => write(send, root, { body }, how),
    update: (id: string, body: object, how?: WriteOptions) =>
      write(send, at(id), { method: 'PATCH', body }, how),
    updateMany: (ids: string[], body: object, how?: WriteOptions) =>
      write(send, `${root}/update`, { body: { ...body, ids } }, how),
    ...Object.fromEntries(
      Object.entries(verbs).map(([name, verb]) => [name, verbOf(send, root, name, verb)]),
    ),
  }
}

function verbOf(send: Send, root: string, name: string, { on, effect }: VerbTable[string]) {
  const one = (id: string) => `${root}/${step(id)}/${name}`
  if (effect === 'read')
    return on === 'collection'
      ? (input?: Parameters) => read(send, `${root}/${name}`, input)
      : (id: string, input?: Parameters) => read(send, one(id), input)
  if (on === 'collection')
    return (body: object = {}, how?: WriteOptions) => write(send, `${root}/${name}`, { body }, how)
  return (target: string | readonly string[], input: object = {}, how?: WriteOptions) =>
    typeof target === 'string'
      ? write(send, one(target), { body: input }, how)
      : write(send, `${root}/${name}`, { body: { ...input, ids: target } }, how)
}
