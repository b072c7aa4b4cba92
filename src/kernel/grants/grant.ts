import type { Rule } from '../rule.ts'

/** Who holds a grant: everybody with a role, one person, or one program. */
export const HOLDERS = ['role', 'user', 'client'] as const
export type Holder = { readonly kind: (typeof HOLDERS)[number]; readonly id: string }

/** What everybody has who was let in, whoever it is; the role that nobody needs to be given. */
export const EVERYONE = 'everyone'
/** Serai's own work. What the declarations give it is no row, so that nobody can take it away. */
export const SYSTEM = 'system'

/** A sentence of the table of grants, understood: who may (or may not) do what, to which records, from when until when. */
export type Grant = {
  readonly id: string
  readonly holder: Holder
  readonly effect: 'allow' | 'deny'
  /** resource and verb, with `*` for every one. */
  readonly permission: string
  /** the records it is about; null for all. */
  readonly rule: Rule | null
  /** the fields it is about; null for all. */
  readonly fields: readonly string[] | null
  /** milliseconds since 1970 from which it holds; -Infinity for always. */
  readonly from: number
  /** milliseconds since 1970 from which it holds no more; Infinity for never. */
  readonly until: number
  /** its holder may give it on. */
  readonly delegable: boolean
  /** for people: who gave it, and why. */
  readonly by: string
  readonly reason: string
}

/** What somebody wants to give: a grant without a holder. */
export type Gift = Pick<Grant, 'permission' | 'rule' | 'fields' | 'from' | 'until'>

/**
 * How far a grant of a verb goes, by what the declaration opens. A wildcard goes as far as the owner does, so that what is
 * private or the house's own stays so until somebody names it; `named` is what naming it reaches: every record.
 */
export type Reach = (
  resource: string,
  verb: string,
) => { named: Rule; of(permission: string): Rule } | undefined

/** The holder as the key of a map. */
export function holderKey({ kind, id }: Holder): string {
  return `${kind}:${id}`
}

export function isLive({ from, until }: Pick<Grant, 'from' | 'until'>, now: number): boolean {
  return from <= now && now < until
}
