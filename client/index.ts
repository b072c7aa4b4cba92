import { read, step, type WriteOptions, type Written, write } from './calls.ts'
import { type ClientOptions, type Send, sender } from './http.ts'
import { type Imports, importsOf } from './imports.ts'
import { type Collections, collectionOf, type LogQuery, type Page } from './records.ts'
import { type Change, type Description, type Event, type Undo, verbs } from './types.ts'

export type { WriteOptions, Written } from './calls.ts'
export { type ClientOptions, ProblemError } from './http.ts'
export type { Imports, Upload } from './imports.ts'
export type { Live, LiveEvent, LiveOptions, LiveRequest } from './live.ts'
export type { Collection, LogQuery, Page, Query } from './records.ts'
export type * from './types.ts'

/** What was changed, and the way back. */
export type Changes = {
  list(query?: LogQuery): Promise<Page<Change>>
  get(id: string): Promise<Change>
  undo(id: string, options?: WriteOptions): Promise<Written<Undo>>
  redo(id: string, options?: WriteOptions): Promise<Written<Undo>>
}
type EventsQuery = LogQuery & {
  resource?: string
  record?: string
  change?: string
  actor?: string
  action?: string
  trace?: string
}

/** The API: every resource under its plural, and what lies across them. */
export type Client = Collections & {
  imports: Imports
  changes: Changes
  events(query?: EventsQuery): Promise<Page<Event>>
  describe(): Promise<Description>
}

/**
 * A client of the API, for Node and browsers; needs nothing but `fetch`.
 * `for await (const product of createClient({ url, token }).products.all()) …`
 */
export function createClient(options: ClientOptions): Client {
  const send = sender(options)
  const collections = Object.fromEntries(
    Object.entries(verbs).map(([plural, each]) => [plural, collectionOf(send, plural, each)]),
  ) as Collections
  return {
    ...collections,
    imports: { ...collections.imports, ...importsOf(send, options.signal) },
    changes: changesOf(send),
    events: (query) => read(send, '/api/events', query),
    describe: () => read(send, '/api/describe'),
  }
}

function changesOf(send: Send): Changes {
  const at = (id: string, verb = '') => `/api/changes/${step(id)}${verb}`
  return {
    list: (query) => read(send, '/api/changes', query),
    get: (id) => read(send, at(id)),
    undo: (id, how) => write(send, at(id, '/undo'), {}, how),
    redo: (id, how) => write(send, at(id, '/redo'), {}, how),
  }
}
