import type { Actor } from './actor.ts'
import type { Fields, Row } from './field.ts'
import type { Model } from './validation.ts'

/** What an action is told besides its rows: who, when, and what was asked. */
export type Call = { actor: Actor; now: string; input: Row; reason: string | null }

/** What the code of an action wants written. The engine checks it, writes it and logs it. */
export type Effects = {
  /** new records, all fields but the engine's own. */
  create?: Row[]
  /** changed fields of records that were loaded, by id. */
  patch?: Map<string, Row>
  /** the same patch for records that the action found itself; there may be very many. */
  patchAll?: { ids: readonly string[]; patch: Row }
  /** what the caller is told besides the records, never stored: a token shown once. */
  answer?: Row
  jobs?: NewJob[]
  /** what else this call means: further calls by the same actor, in the same transaction and change, after its own writes. */
  calls?: readonly FurtherCall[]
}

/** A call of another action. It is parsed, allowed or refused, and checked like any other. */
export type FurtherCall = { resource: string; action: string; targets?: readonly string[]; input?: Row }

/** Work for later, enqueued in the transaction of the action. */
export type NewJob = { name: string; payload: Row; runAt?: string; key?: string }

/** SQL inside the action's transaction; there are no ports here, so nothing outside can be called by mistake. */
export type Tx = {
  query<Result extends Row = Row>(text: string, values?: unknown[]): Promise<Result[]>
  /** every live record of a resource that the actor may read, in chunks, in the order of the ids. */
  rows(resource: string): AsyncIterable<Row[]>
}

/**
 * A verb on a resource. It takes a list of records (`on: 'records'`), or none (`on: 'collection'`).
 * Exactly one of `set` (a pure function from a row to its changed fields) and `run` (code with a transaction) says what it
 * does; the built-in create, update, archive and restore are actions like any other.
 */
export type Action = {
  /** one sentence for the docs and `--help`. */
  description: string
  effect: 'write' | 'read'
  on: 'records' | 'collection'
  input: Fields
  /** the input is a merge patch: only the members that are there. */
  partial?: boolean
  /** the states a record must be in. */
  from?: readonly string[]
  /** dangerous: a person must have proved who they are within the last 10 minutes. */
  stepUp?: true
  /** takes archived records; every other action finds live ones only. */
  archived?: boolean
  set?(row: Row, call: Call): Row
  make?(call: Call): Row
  run?(rows: readonly Row[], call: Call, tx: Tx, model: Model): Promise<Effects>
}
