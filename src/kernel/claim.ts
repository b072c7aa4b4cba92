import { type Fault, fault, shorten } from './fault.ts'
import type { Row } from './field.ts'
import type { Resource } from './resource.ts'

/** The source that brings a batch, and the sources whose fields it must leave alone. */
export type Claimant = { source: string; outrankedBy: readonly string[] }

/** What reviving an archived record changes. */
export const REVIVAL: Row = {
  archived_at: null,
  archived_by: null,
  archive_reason: null,
  key_released: false,
}

const NONE: Fault[] = []

/**
 * Of the fields that a batch would change, those that it must leave alone: a person locked them, or a source of a higher
 * precedence wrote them. A value that is not there is nobody's, so a lower source may fill it in.
 */
export function keptFields(
  resource: Resource,
  current: Row,
  wanted: Row,
  claimant: Claimant | undefined,
): Fault[] {
  const locked = (current.locked_fields ?? NONE) as readonly string[]
  if (locked.length === 0 && !claimant?.outrankedBy.length) return NONE
  return Object.keys(wanted).flatMap((name) => {
    const what = `the record keeps ${shorten(current[name] ?? null)}, the file says ${shorten(wanted[name])}`
    if (locked.includes(name)) return [fault(name, 'field.locked', `is locked: ${what}`, wanted[name])]
    const writer = outranking(resource, current, name, claimant)
    if (writer === undefined) return []
    return [fault(name, 'field.outranked', `comes from ${writer}, a higher source: ${what}`, wanted[name])]
  })
}

/** The changes of a batch without the fields that it leaves alone. A locked archive date keeps the record archived. */
export function withoutKept(wanted: Row, kept: readonly Fault[]): Row {
  if (kept.length === 0) return wanted
  const left = new Set(kept.map((each) => each.path))
  if (left.has('archived_at')) for (const name of Object.keys(REVIVAL)) left.add(name)
  return Object.fromEntries(Object.entries(wanted).filter(([name]) => !left.has(name)))
}

/** What a record that a batch makes, or takes out of the archive, remembers of where it came from. */
export function claimRecord(resource: Resource, claimant: Claimant | undefined): Row {
  return isSourced(resource) ? { brought_by: claimant?.source ?? null, field_sources: null } : {}
}

/** What a known record remembers of who wrote these fields; only fields that another source than its own wrote are named. */
export function claimFields(
  resource: Resource,
  current: Row,
  names: readonly string[],
  claimant: Claimant | undefined,
): Row {
  if (!claimant || !isSourced(resource)) return {}
  const others = names.map((name) => [name, claimant.source])
  const known = { ...(current.field_sources as Row | null), ...Object.fromEntries(others) }
  const foreign = Object.entries(known).filter(([, source]) => source !== current.brought_by)
  return { field_sources: foreign.length ? Object.fromEntries(foreign) : null }
}

/** True for resources that remember which source brought what. */
export function isSourced(resource: Resource): boolean {
  return resource.traits.includes('sourced')
}

function outranking(
  resource: Resource,
  current: Row,
  name: string,
  claimant: Claimant | undefined,
): string | undefined {
  if (!claimant || current[name] == null || resource.fields[name].managed) return undefined
  const writer = (current.field_sources as Row | null)?.[name] ?? current.brought_by
  return claimant.outrankedBy.find((source) => source === writer)
}
