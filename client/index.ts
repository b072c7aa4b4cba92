import { type Call, type ClientOptions, type Send, sender, sleep } from './http.ts'
import { type Change, type Description, type Import, type Resources, type Undo, verbs } from './types.ts'

export { type ClientOptions, ProblemError } from './http.ts'
export type * from './types.ts'

/** What a list is asked for; other members are `field=value`. */
export type Query = {
  q?: string
  filter?: string
  sort?: string | readonly string[]
  limit?: number
  cursor?: string
  fields?: readonly string[]
  expand?: readonly string[]
  facets?: readonly string[]
  count?: boolean
  archived?: 'only' | 'with' | 'without'
  [field: string]: string | number | boolean | readonly string[] | undefined
}
export type Page<Item> = {
  items: Item[]
  next: string | null
  facets?: { [field: string]: { value: unknown; count: number }[] }
  count?: { value: number; capped: boolean }
}

/** How a write is done. Without a key it gets one of its own, so that it can be sent again and is done once. */
export type WriteOptions = { dryRun?: boolean; reason?: string; key?: string; ifVersion?: number }
/** What a write answered: the records or what it says, and the change that it made (null when there was nothing to change). */
export type Written<Data> = { data: Data; change: string | null; replayed: boolean }
type Write<Data> = Promise<Written<Data>>

type Shape = Resources[keyof Resources]
type Verb<Record, Declared> = Declared extends { on: 'records'; input: infer Input }
  ? {
      (id: string, input?: Input, options?: WriteOptions): Write<Record>
      (ids: readonly string[], input?: Input, options?: WriteOptions): Write<{ items: Record[] }>
    }
  : Declared extends { input: infer Input }
    ? (input?: Input, options?: WriteOptions) => Write<{ [name: string]: unknown }>
    : never
export type Collection<Each extends Shape> = {
  list(query?: Query): Promise<Page<Each['record']>>
  /** Every record, page by page, each fetched when it is needed. */
  all(query?: Query): AsyncGenerator<Each['record'], void, undefined>
  get(id: string, query?: Pick<Query, 'fields' | 'expand'>): Promise<Each['record']>
  create(input: Each['create'], options?: WriteOptions): Write<Each['record']>
  createMany(inputs: readonly Each['create'][], options?: WriteOptions): Write<{ items: Each['record'][] }>
  update(id: string, patch: Each['update'], options?: WriteOptions): Write<Each['record']>
  /** The file, as a stream; it was not finished when the stream fails. */
  export(format: 'csv' | 'xlsx' | 'json' | 'jsonl', query?: Query): Promise<ReadableStream<Uint8Array>>
} & { [Name in keyof Each['verbs']]: Verb<Each['record'], Each['verbs'][Name]> }

/** A file of records, and how it is to be read. */
export type Upload = { resource: string; name: string; [option: string]: string | boolean | number }
export type Imports = {
  /** Sends a file and waits for its plan; nothing is changed until it is applied. */
  upload(
    file: string | Uint8Array | Blob,
    about: Upload,
    options?: Pick<WriteOptions, 'key'>,
  ): Promise<Import>
  apply(id: string, options?: WriteOptions): Write<Import>
  undo(id: string, options?: WriteOptions): Write<Undo>
  cancel(id: string, options?: WriteOptions): Write<Import>
}
export type Client = { [Plural in keyof Resources]: Collection<Resources[Plural]> } & {
  imports: Imports
  changes: { get(id: string): Promise<Change>; undo(id: string, options?: WriteOptions): Write<Undo> }
  describe(): Promise<Description>
}

const PLAN_WAIT_MS = 500
const PLAN_LOOKS_MAX = 1_200

/** A client of the API: `for await (const product of createClient({ url, token }).products.all()) …` */
export function createClient(options: ClientOptions): Client {
  const send = sender(options)
  const collections = Object.entries(verbs).map(([plural, each]) => [
    plural,
    collectionOf(send, plural, each),
  ])
  const { imports, ...others } = Object.fromEntries(collections)
  return {
    ...others,
    imports: { ...imports, ...importsOf(send, options.signal) },
    changes: {
      get: (id) => read(send, `/api/changes/${encodeURIComponent(id)}`),
      undo: (id, how) => write(send, `/api/changes/${encodeURIComponent(id)}/undo`, {}, how),
    },
    describe: () => read(send, '/api/describe'),
  }
}

type VerbTable = { readonly [name: string]: { readonly on: string; readonly effect: string } }

function collectionOf(send: Send, plural: string, table: VerbTable): object {
  const root = `/api/${plural}`
  const at = (id: string) => `${root}/${encodeURIComponent(id)}`
  const list = (query: Query = {}) => read<Page<unknown>>(send, root, query)
  return {
    list,
    async *all(query: Query = {}) {
      for (let page = await list(query); ; page = await list({ ...query, cursor: page.next! })) {
        yield* page.items
        if (page.next === null) return
      }
    },
    get: (id: string, query: Query = {}) => read(send, at(id), query),
    create: (body: object, how?: WriteOptions) => write(send, root, { body }, how),
    createMany: (body: object[], how?: WriteOptions) => write(send, root, { body }, how),
    update: (id: string, body: object, how?: WriteOptions) =>
      write(send, at(id), { method: 'PATCH', body }, how),
    export: async (format: string, query: Query = {}) =>
      (await send(`${root}/export`, { query: { ...query, format } })).body,
    ...Object.fromEntries(
      Object.entries(table).map(([name, verb]) => [name, verbOf(send, root, name, verb.on)]),
    ),
  }
}

function verbOf(send: Send, root: string, name: string, on: string) {
  if (on === 'collection')
    return (body: object = {}, how?: WriteOptions) => write(send, `${root}/${name}`, { body }, how)
  return (target: string | readonly string[], input: object = {}, how?: WriteOptions) =>
    typeof target === 'string'
      ? write(send, `${root}/${encodeURIComponent(target)}/${name}`, { body: input }, how)
      : write(send, `${root}/${name}`, { body: { ...input, ids: target } }, how)
}

function importsOf(send: Send, signal: AbortSignal | undefined): Imports {
  const at = (id: string) => `/api/imports/${encodeURIComponent(id)}`
  return {
    async upload(body, query, { key = crypto.randomUUID() } = {}) {
      const headers = { 'content-type': 'application/octet-stream', 'idempotency-key': key }
      const answer = await send('/api/imports', { method: 'POST', query, body, headers })
      let record = (await answer.json()) as Import
      for (let looks = 0; ['uploaded', 'parsed'].includes(record.state); looks++) {
        if (looks >= PLAN_LOOKS_MAX)
          throw new Error(`Import ${record.id} is still ${record.state}; look again later.`)
        await sleep(PLAN_WAIT_MS, signal)
        record = await read<Import>(send, at(record.id))
      }
      return record
    },
    apply: (id, how) => write(send, `${at(id)}/apply`, {}, how),
    undo: (id, how) => write(send, `${at(id)}/undo`, {}, how),
    cancel: (id, how) => write(send, `${at(id)}/cancel`, {}, how),
  }
}

async function read<Data>(send: Send, path: string, query: Query = {}): Promise<Data> {
  return (await send(path, { query })).json() as Promise<Data>
}

async function write<Data>(send: Send, path: string, call: Call, how: WriteOptions = {}): Write<Data> {
  const { dryRun, reason, key = crypto.randomUUID(), ifVersion } = how
  const answer = await send(path, {
    method: 'POST',
    ...call,
    query: { dry_run: dryRun, reason },
    headers: {
      'idempotency-key': key,
      'if-match': ifVersion === undefined ? undefined : `"${ifVersion}"`,
    },
  })
  const { headers } = answer
  return {
    data: (await answer.json()) as Data,
    change: headers.get('serai-change'),
    replayed: headers.get('idempotent-replayed') === 'true',
  }
}
