import { type Claimant, claimFields, claimRecord, keptFields, REVIVAL, withoutKept } from './claim.ts'
import { readDocument } from './document.ts'
import { type Fault, fault } from './fault.ts'
import type { Row } from './field.ts'
import type { Mode, Proposal, Verdict } from './proposal.ts'
import { difference } from './record.ts'
import { keyLabel, managedDefaults, type Resource } from './resource.ts'
import type { Inspect } from './validation.ts'

/** What was understood of a proposal before it meets the record that is there. */
export type Understood = {
  proposal: Proposal
  row: Row | undefined
  key: string | null
  label: string
  faults: Fault[]
  warnings: Fault[]
}

/** A judged proposal: what applying it would do. */
export type Judgement = {
  verdict: Verdict
  /** the values that are written: the whole of a new record, what changes of another. */
  row: Row | null
  /** what the log keeps of them: fields as they are and as they would become; `before` is null for a new record. */
  before: Row | null
  after: Row | null
  revived: boolean
  faults: readonly Fault[]
  warnings: readonly Fault[]
  /** fields that were left alone, and why. */
  kept: readonly Fault[]
  /** rules in shadow that would have refused it. */
  shadows: readonly string[]
}

/** `claimant` is the source that proposes; none when a person does. */
export type JudgeOptions = {
  mode: Mode
  strict: boolean
  inspect: Inspect
  claimant?: Claimant | undefined
}

// What could not be read as an object has no fields to be wrong.
const UNREADABLE = /^(json\.(syntax|depth)|row\.type)$/

/** Reads the proposal's document; its natural key is known even when other fields are wrong. */
export function understand(resource: Resource, proposal: Proposal, options: JudgeOptions): Understood {
  if (proposal.faults.some(({ code }) => UNREADABLE.test(code)))
    return {
      proposal,
      row: undefined,
      key: null,
      label: `index_${proposal.position}`,
      faults: proposal.faults,
      warnings: proposal.warnings,
    }
  const { row, faults, warnings } = readDocument(resource, proposal.document, {
    lenient: proposal.lenient,
    strict: options.strict,
    partial: options.mode === 'merge',
  })
  const all = [...proposal.faults, ...faults]
  const given = row ?? keyMembers(resource, proposal.document)
  const key = resource.key.every((name) => given[name] != null && given[name] !== '')
    ? JSON.stringify(resource.key.map((name) => given[name]))
    : null
  if (key === null && row) all.push(...missingKey(resource, row))
  const label = key ? keyLabel(resource, given) : `index_${proposal.position}`
  return {
    proposal,
    row: all.length ? undefined : row,
    key,
    label,
    faults: all,
    warnings: [...proposal.warnings, ...warnings],
  }
}

/** Compares what was understood with the record that holds the key, archived or not. Pure: the same plan every time. */
export function judge(
  resource: Resource,
  understood: Understood,
  current: Row | undefined,
  options: JudgeOptions,
): Judgement {
  if (understood.row === undefined) return rejected(understood.faults)
  if (current === undefined) return judgeNew(resource, understood, options)
  if (options.mode === 'create')
    return rejected([
      fault(
        resource.key[0],
        `${resource.key[0]}.unique`,
        `${understood.label} exists already; --mode create only takes new ones`,
      ),
    ])
  return judgeKnown(resource, understood.row, current, options)
}

function judgeNew(resource: Resource, { proposal, row }: Understood, options: JudgeOptions): Judgement {
  // A merge that meets nothing must be a whole record after all.
  const whole =
    options.mode === 'merge'
      ? readDocument(resource, proposal.document, {
          lenient: proposal.lenient,
          strict: options.strict,
          partial: false,
        })
      : { row, faults: [] }
  if (whole.row === undefined) return rejected(whole.faults)
  const complete = {
    ...managedDefaults(resource.fields),
    ...whole.row,
    ...claimRecord(resource, options.claimant),
  }
  const said = options.inspect(complete, null)
  if (said.faults.length) return rejected(said.faults)
  return {
    verdict: 'new',
    row: complete,
    before: null,
    after: factsOf(resource, complete),
    revived: false,
    kept: [],
    ...said,
  }
}

function judgeKnown(
  resource: Resource,
  proposed: Row,
  current: Row,
  { inspect, claimant }: JudgeOptions,
): Judgement {
  const archived = current.archived_at != null
  const wanted = difference(resource.fields, current, archived ? { ...proposed, ...REVIVAL } : proposed)
  const kept = keptFields(resource, current, wanted, claimant)
  const written = withoutKept(wanted, kept)
  const names = Object.keys(written)
  if (names.length === 0) return { ...NOTHING, verdict: 'same', kept }
  const revived = archived && 'archived_at' in written
  const claims = revived ? claimRecord(resource, claimant) : claimFields(resource, current, names, claimant)
  const row = { ...written, ...difference(resource.fields, current, claims) }
  const said = inspect({ ...current, ...row }, current)
  if (said.faults.length) return rejected(said.faults)
  const logged = Object.keys(row).filter((name) => !resource.fields[name].secret)
  const before = Object.fromEntries(logged.map((name) => [name, current[name] ?? null]))
  const after = Object.fromEntries(logged.map((name) => [name, row[name]]))
  return { verdict: 'changed', row, before, after, revived, kept, ...said }
}

const NOTHING = {
  row: null,
  before: null,
  after: null,
  revived: false,
  faults: [],
  warnings: [],
  kept: [],
  shadows: [],
} as const

function rejected(faults: readonly Fault[]): Judgement {
  return { ...NOTHING, verdict: 'rejected', faults }
}

function factsOf(resource: Resource, row: Row): Row {
  return Object.fromEntries(
    Object.entries(resource.fields)
      .filter(([, field]) => !field.secret && !field.derived)
      .map(([name]) => [name, row[name] ?? null]),
  )
}

function keyMembers(resource: Resource, document: unknown): Row {
  if (typeof document !== 'object' || document === null) return {}
  return Object.fromEntries(
    resource.key.map((name) => {
      const value = (document as Row)[name]
      return [name, typeof value === 'string' || typeof value === 'number' ? String(value).trim() : null]
    }),
  )
}

function missingKey(resource: Resource, row: Row): Fault[] {
  return resource.key
    .filter((name) => row[name] == null || row[name] === '')
    .map((name) => fault(name, `${name}.required`, 'is required'))
}
