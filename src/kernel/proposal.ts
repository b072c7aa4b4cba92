import type { Fault } from './fault.ts'

/** Where in a file a record stands: a 1-based physical line, or the 1-based row of a sheet. */
export type Address = { line: number } | { sheet: string; row: number }

/** One record as a batch proposes it, in the shape of the resource's documents, before any rule has looked at it. */
export type Proposal = {
  /** 0-based position in the batch. */
  position: number
  address: Address
  document: unknown
  /** true for column files: `yes`, `1`, `149,00` are understood; false for JSON: types are strict. */
  lenient: boolean
  /** column files: document path → the cell it came from. */
  origin?: Record<string, { row: number; column: string }>
  /** what the rejects writer needs to write the record again: the document itself, or the source rows. */
  source: unknown
  faults: Fault[]
  warnings: Fault[]
}

/** What the plan says of a proposal. `superseded`: a later one in the same batch has the same key. */
export const VERDICTS = ['new', 'changed', 'same', 'held', 'rejected', 'superseded', 'removed'] as const
export type Verdict = (typeof VERDICTS)[number]

/**
 * How a batch meets what is there. replace: a document is the whole record · merge: absent members keep their value, null
 * clears · snapshot: replace, and records that the batch does not name are archived · create: a known key is a fault.
 */
export const MODES = ['replace', 'merge', 'snapshot', 'create'] as const
export type Mode = (typeof MODES)[number]

/** Rows of a batch by what became of them; `read` is the sum of the others but `removed`, `revived` and `kept`. */
export type Counts = {
  read: number
  created: number
  updated: number
  unchanged: number
  superseded: number
  held: number
  rejected: number
  /** of the updated ones, those that were archived before. */
  revived: number
  /** records that a snapshot archived because the batch did not name them. */
  removed: number
  /** of the updated and unchanged ones, those with a field that was left alone: locked, or of a higher source. */
  kept: number
}
