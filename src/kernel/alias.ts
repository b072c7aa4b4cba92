import type { Row } from './field.ts'

/** What was asked at an old address. */
export type Asked = {
  params: { readonly [name: string]: string }
  query: { readonly [name: string]: string | undefined }
  body: Row
  /** id of the actor. */
  actor: string
}

/** What the old address means in our words. */
export type AliasCall =
  | { kind: 'perform'; resource: string; action: string; targets?: string[]; input?: Row; reason?: string }
  | { kind: 'list'; resource: string; parameters: { [name: string]: string }; limit?: number }
  | { kind: 'one'; resource: string; target: string }
  | { kind: 'events'; parameters: { [name: string]: string }; limit?: number }
  | { kind: 'summary'; days: number }

/** What came of it: records, the answer of an action, and how many there are in all. */
export type Found = { records: Row[]; answer: Row | null; total: number }

/** An address of a program that Serai took the place of: it means calls of ours, needs the same grants, and answers as it did. */
export type Alias = {
  method: 'GET' | 'POST' | 'DELETE'
  /** `/security/policy/blocks/{id}/deactivate` */
  path: string
  /** our own address for it, for the docs. */
  means: string
  /** query parameters that it takes. */
  query?: readonly string[]
  /** one of our own, which goes on. */
  stays?: boolean
  calls(asked: Asked): readonly AliasCall[]
  answer(found: Found): unknown
}
