import type { Row } from '../../src/kernel/field.ts'

/** What a call is told besides its input; `as` is the token of who calls. */
export type How = { as?: string; dryRun?: boolean; reason?: string; ifVersion?: number }
export type Asked = {
  filter?: string
  q?: string
  sort?: string[]
  limit?: number
  cursor?: string
  archived?: 'only' | 'with'
  as_of?: string
  facets?: string[]
  count?: boolean
}

/** What came out, in the words of no door. Members that a call does not have are absent. */
export type Outcome = {
  /** records as `key category`, with `(off)` and `(archived)` where it applies. */
  rows?: string[]
  /** code of the problem. */
  problem?: string
  /** its faults, `pointer code`. */
  faults?: string[]
  /** there is a next page, behind this cursor. */
  next?: string | null
  count?: number
  facets?: { [field: string]: string[] }
  restored?: number
  kept?: string[]
  answer?: Row
  /** events of a record, newest first: `action version`. */
  history?: string[]
  /** the change that was made; null when none was. */
  change?: string | null
}

/** A door as a set of verbs. A door that lacks one, or cannot do it as it is asked, gives undefined. */
export type Way = {
  create(input: Row | Row[], how: How): Promise<Outcome> | undefined
  update(id: string, patch: Row, how: How): Promise<Outcome> | undefined
  act(name: string, ids: string[], input: Row, how: How): Promise<Outcome> | undefined
  ask(name: string, how: How): Promise<Outcome> | undefined
  list(asked: Asked, how: How): Promise<Outcome> | undefined
  get(id: string, how: How): Promise<Outcome> | undefined
  history(id: string, how: How): Promise<Outcome> | undefined
  undo(change: string, how: How): Promise<Outcome> | undefined
  redo(change: string, how: How): Promise<Outcome> | undefined
}

/** A record, however a door spells it. */
export function rowText({ product_id, category, active, archived_at }: Row): string {
  return `${product_id} ${category}${active === false ? ' (off)' : ''}${archived_at ? ' (archived)' : ''}`
}

export function facetTexts(facets: { [field: string]: { value: unknown; count: number }[] | null }): {
  [field: string]: string[]
} {
  return Object.fromEntries(
    Object.entries(facets).map(([field, values]) => [
      field,
      (values ?? []).map(({ value, count }) => `${value} ${count}`),
    ]),
  )
}

/** The fields of an undo that do not change from run to run. */
export function undoOutcome(undone: {
  restored: number
  kept: { key: string; field: string | null }[]
  change: string | null
}): Outcome {
  const { restored, kept, change } = undone
  return { restored, kept: kept.map(({ key, field }) => `${key} ${field}`), change }
}
